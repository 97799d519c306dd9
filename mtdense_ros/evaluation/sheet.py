"""A picture sheet of one set: a column per frame; below it what went in, and per output prediction, truth and error."""

from __future__ import annotations

import cv2
import numpy as np

from mtdense_ros.datatypes import LabelSpace, Prediction
from mtdense_ros.evaluation.frames import EvaluationFrame, Rgb
from mtdense_ros.evaluation.pictures import error, shown
from mtdense_ros.evaluation.scoring import OUTPUTS

TILE = (240, 180)
COLUMNS = 8
_LETTERS = 0.45


class Sheet:
    """Evenly spaced frames of a set, at most COLUMNS of them. Give `add` every frame in order; then `picture`.

    depth_kind: of the network's depth; the frames say that of the truth.
    """

    def __init__(self, depth_kind: str = "metric") -> None:
        self._depth_kind = depth_kind
        self._columns: list[dict[str, Rgb]] = []
        self._stride = 1
        self._seen = 0

    def add(self, frame: EvaluationFrame, prediction: Prediction, space: LabelSpace | None) -> None:
        """A frame and what the network says of it, labels of both in `space`."""
        if self._seen % self._stride == 0:
            self._columns.append(_column(frame, prediction, space, self._depth_kind))
            if len(self._columns) > COLUMNS:
                self._columns = self._columns[::2]
                self._stride *= 2
        self._seen += 1

    @property
    def empty(self) -> bool:
        """Whether there was no frame."""
        return not self._columns

    def picture(self) -> Rgb:
        """(H, W, 3) RGB: the rows that any column has, their titles on the first; black where a column lacks one."""
        order = ["input", "background", *(f"{output}, {part}" for output in OUTPUTS for part in ("prediction", "truth", "error"))]
        rows = [title for title in order if any(title in column for column in self._columns)]
        nothing = np.zeros((TILE[1], TILE[0], 3), np.uint8)
        return np.vstack([_titled(np.hstack([column.get(title, nothing) for column in self._columns]), title) for title in rows])


def _column(frame: EvaluationFrame, prediction: Prediction, space: LabelSpace | None, depth_kind: str) -> dict[str, Rgb]:
    """Title -> tile, of whatever there is."""
    tiles = {"input": _tile(frame.rgb)}
    if frame.background is not None:
        tiles["background"] = _tile(frame.background)
    for output in OUTPUTS:
        found, truth = getattr(prediction, output), getattr(frame, output)
        if found is not None:
            tiles[f"{output}, prediction"] = _tile(shown(output, found, space, depth_kind))
        if found is not None and truth is not None:
            tiles[f"{output}, truth"] = _tile(shown(output, truth, space, frame.depth_kind))
            tiles[f"{output}, error"] = _tile(error(output, found, truth, frame))
    return tiles


def _tile(picture: Rgb) -> Rgb:
    return np.asarray(cv2.resize(picture, TILE, interpolation=cv2.INTER_AREA), np.uint8)


def _titled(row: Rgb, title: str) -> Rgb:
    at, font = (6, 16), cv2.FONT_HERSHEY_SIMPLEX
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(row, title, at, font, _LETTERS, colour, width, cv2.LINE_AA)
    return row
