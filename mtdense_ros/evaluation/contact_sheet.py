"""The contact sheet of an evaluation: predictions, truths and errors of some frames of a set."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import UNLABELLED, LabelSpace, Prediction
from mtdense_ros.evaluation.frames import EvaluationFrame, Rgb
from mtdense_ros.evaluation.scoring import OUTPUTS
from mtdense_ros.imaging.visualization import colour_depth, colour_labels, colour_normals
from mtdense_ros.utils.even_sample import EvenSample
from mtdense_ros.utils.image_grid import image_grid

NEAR_M, FAR_M = 0.3, 5.0
WORST_DEG = 60.0
"""Where the colours of metric depth, and those of the errors of normals, end."""

_RIGHT, _WRONG, _MISSED = (200, 200, 200), (230, 40, 40), (40, 80, 230)
_NOTHING = (255, 0, 255)

TILE = (240, 180)
COLUMNS = 8
_LETTERS = 0.45


class Sheet:
    """Shows evenly spaced frames of a set, at most COLUMNS of them: give every frame to `add` in order, then ask for the `picture`.

    depth_kind: metric or relative, of the network's depth; a frame knows that of its truth.
    """

    def __init__(self, depth_kind: str = "metric") -> None:
        self._depth_kind = depth_kind
        self._columns = EvenSample[dict[str, Rgb]](COLUMNS)

    def add(self, frame: EvaluationFrame, prediction: Prediction, space: LabelSpace | None) -> None:
        """Takes a frame and the network's prediction, labels of both in `space`."""
        self._columns.add(_column(frame, prediction, space, self._depth_kind) if self._columns.keeps_next else None)

    @property
    def empty(self) -> bool:
        """Whether there was no frame."""
        return not self._columns.items

    def picture(self) -> Rgb:
        """(H, W, 3) RGB: the rows that any column has, with their titles; black where a column lacks one."""
        columns = self._columns.items
        order = ["input", "background", *(f"{output}, {part}" for output in OUTPUTS for part in ("prediction", "truth", "error"))]
        rows = [title for title in order if any(title in column for column in columns)]
        sheet = image_grid([[column.get(title) for column in columns] for title in rows])
        for index, title in enumerate(rows):
            _write_title(sheet[index * TILE[1] :], title)
        return sheet


def _column(frame: EvaluationFrame, prediction: Prediction, space: LabelSpace | None, depth_kind: str) -> dict[str, Rgb]:
    """Title -> tile, of whatever there is."""
    tiles = {"input": _tile(frame.rgb)}
    if frame.background is not None:
        tiles["background"] = _tile(frame.background)
    for output in OUTPUTS:
        found, truth = getattr(prediction, output), getattr(frame, output)
        if found is not None:
            tiles[f"{output}, prediction"] = _tile(colour_output(output, found, space, depth_kind))
        if found is not None and truth is not None:
            tiles[f"{output}, truth"] = _tile(colour_output(output, truth, space, frame.depth_kind))
            tiles[f"{output}, error"] = _tile(colour_error(output, found, truth, frame))
    return tiles


def _tile(picture: Rgb) -> Rgb:
    return np.asarray(cv2.resize(picture, TILE, interpolation=cv2.INTER_AREA), np.uint8)


def _write_title(picture: Rgb, title: str) -> None:
    """Writes white letters with a black outline into the upper left corner, in place."""
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(picture, title, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, colour, width, cv2.LINE_AA)


def colour_output(output: str, found: NDArray[Any], space: LabelSpace | None, depth_kind: str = "metric") -> Rgb:
    """A map of a prediction or of a truth (H, W) or (H, W, 3) as (H, W, 3) RGB; unknown is black.

    depth_kind: metric depth is shown from NEAR_M to FAR_M, relative depth from 0 to 1.
    """
    if output == "labels":
        assert space is not None
        return colour_labels(found, space)
    if output == "depth" and depth_kind == "relative":
        return colour_depth(found + np.float32(NEAR_M), NEAR_M, 1 + NEAR_M)
    if output == "depth":
        return colour_depth(found, NEAR_M, FAR_M)
    if output == "normals":
        return colour_normals(np.ascontiguousarray(found, np.float32))
    return cv2.merge([found.astype(np.uint8) * 255] * 3)  # type: ignore[return-value]


def colour_error(output: str, found: NDArray[Any], truth: NDArray[Any], frame: EvaluationFrame) -> Rgb:
    """Where and how a prediction is wrong (H, W, 3) RGB; black where there is no truth.

    labels: red wrong. depth: after the frame's median scale, blue too near, red too far, full colour from a factor of two,
    magenta missing. normals: blue 0 to red WORST_DEG degrees. foreground: white found, red false, blue missed.
    """
    if output == "labels":
        return _classes(truth != UNLABELLED, [(found == truth, _RIGHT), (found != truth, _WRONG)])
    if output == "depth":
        return _depth_error(found, truth)
    if output == "normals":
        return _normals_error(found, truth)
    valid = np.ones_like(truth) if frame.foreground_valid is None else frame.foreground_valid
    parts = [(found & truth, (255, 255, 255)), (found & ~truth, _WRONG), (~found & truth, _MISSED), (~found & ~truth, (60, 60, 60))]
    return _classes(valid, parts)


def _classes(known: NDArray[np.bool_], parts: list[tuple[NDArray[np.bool_], tuple[int, int, int]]]) -> Rgb:
    out = np.zeros((*known.shape, 3), np.uint8)
    for where, colour in parts:
        out[known & where] = colour
    return out


def _depth_error(found: NDArray[np.float32], truth: NDArray[np.float32]) -> Rgb:
    known = np.isfinite(truth) & (truth > 0)
    valid = known & np.isfinite(found) & (found > 0)
    out = np.zeros((*known.shape, 3), np.uint8)
    out[known] = _NOTHING
    if valid.any():
        scale = np.median(truth[valid]) / np.median(found[valid])
        octaves = np.clip(np.log2(found[valid] * scale / truth[valid]), -1, 1)[:, None]
        right, far, near = np.array((_RIGHT, _WRONG, _MISSED), np.float32)
        out[valid] = (right + (np.where(octaves > 0, far, near) - right) * np.abs(octaves)).astype(np.uint8)
    return out


def _normals_error(found: NDArray[np.float32], truth: NDArray[np.float32]) -> Rgb:
    cosine = np.clip((found * truth).sum(-1), -1, 1)
    level = np.clip(np.nan_to_num(np.degrees(np.arccos(cosine)) / WORST_DEG * 255), 0, 255).astype(np.uint8)
    out = np.asarray(cv2.cvtColor(cv2.applyColorMap(level, cv2.COLORMAP_JET), cv2.COLOR_BGR2RGB), np.uint8)
    out[~np.isfinite(cosine)] = 0
    return out
