"""One picture of what a network makes of a frame, and of the truth below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelClass, LabelSpace
from mtdense_ros.geometry.depth import normalise_normals
from mtdense_ros.imaging.label_spaces import load_label_spaces
from mtdense_ros.imaging.visualization import colour_depth, colour_labels, colour_normals
from mtdense_ros.training.config import TrainConfig

Rgb = NDArray[np.uint8]
_NEAR_M = 0.3


def panel_of(image: Rgb, raw: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]], config: TrainConfig) -> Rgb:
    """The picture and, beside it, a column per output: prediction above, truth below; all (H, W, 3) cells of the picture's size."""
    columns = [np.vstack([image, np.zeros_like(image)])]
    for key in raw:
        cells = [_coloured(key, raw[key], config), _coloured(key, _as_raw(key, truth[key]), config)]
        size = image.shape[1::-1]
        columns.append(np.vstack([cv2.resize(cell, size, interpolation=cv2.INTER_NEAREST) for cell in cells]))
    return np.hstack(columns)


def _coloured(key: str, values: NDArray[Any], config: TrainConfig) -> Rgb:
    if key == "labels":
        ids = values[0] if values.dtype == np.uint8 else values.argmax(0).astype(np.uint8)
        return colour_labels(ids, joint_space(config.label_space))
    if key == "depth":
        depth = np.abs(values[0].astype(np.float32))
        if config.depth_kind == "relative":  # 0 to 1, and the colours need a positive range
            return colour_depth(depth + _NEAR_M, _NEAR_M, 1 + _NEAR_M)
        return colour_depth(depth, _NEAR_M, config.relative_max_m)
    if key == "normals":
        return colour_normals(normalise_normals(values.astype(np.float32)))
    return cv2.merge([np.where(values[0] > 0, 255, 0).astype(np.uint8)] * 3)  # type: ignore[return-value]


def _as_raw(key: str, truth: NDArray[Any]) -> NDArray[Any]:
    """A truth in the form of the raw output: with a channel axis, and positive where it is foreground."""
    if key == "normals":
        return truth
    return (truth - 0.5 if key == "foreground" else truth)[None]


def joint_space(text: str) -> LabelSpace:
    """The label spaces of a text as one."""
    classes = [(f"{space.name} {c.name}", c.color) for space in load_label_spaces(text) for c in space.classes]
    return LabelSpace(text, tuple(LabelClass(i, name, color) for i, (name, color) in enumerate(classes)))
