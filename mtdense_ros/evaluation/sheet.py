"""A picture sheet of an evaluation: for each set some frames, what the network says of them, and the true mask."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.colour import colour_depth, colour_labels, colour_normals, overlay_foreground
from mtdense_ros.evaluation.scoring import predict_frame
from mtdense_ros.evaluation.sets import EvaluationFrame
from mtdense_ros.predictor import Predictor

Rgb = NDArray[np.uint8]
TILE = (240, 180)
FAR_M = 5.0


def sheet(predictor: Predictor, frames: Iterable[EvaluationFrame]) -> Rgb:
    """A row per frame: camera, labels, depth, normals, foreground; black where there is nothing."""
    return np.vstack([np.hstack([_tile(picture) for picture in _pictures(predictor, frame)]) for frame in frames])


def _pictures(predictor: Predictor, frame: EvaluationFrame) -> list[Rgb]:
    p = predict_frame(predictor, frame)
    nothing = np.zeros_like(frame.rgb)
    return [
        frame.rgb,
        nothing if p.labels is None or predictor.label_space is None else colour_labels(p.labels, predictor.label_space),
        nothing if p.depth is None else colour_depth(p.depth, 0.3, FAR_M),
        nothing if p.normals is None else colour_normals(p.normals),
        nothing if p.foreground is None else overlay_foreground(frame.rgb, p.foreground),
    ]


def _tile(picture: Rgb) -> Rgb:
    return np.asarray(cv2.resize(picture, TILE, interpolation=cv2.INTER_AREA), np.uint8)
