"""Predictions, truths and errors as pictures of one size: what an evaluation's sheet is made of."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.colour import colour_depth, colour_labels, colour_normals
from mtdense_ros.datatypes import UNLABELLED, LabelSpace
from mtdense_ros.evaluation.frames import EvaluationFrame, Rgb

NEAR_M, FAR_M = 0.3, 5.0
WORST_DEG = 60.0

_RIGHT, _WRONG, _MISSED = (200, 200, 200), (230, 40, 40), (40, 80, 230)
_NOTHING = (255, 0, 255)


def shown(output: str, found: NDArray[Any], space: LabelSpace | None, depth_kind: str = "metric") -> Rgb:
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


def error(output: str, found: NDArray[Any], truth: NDArray[Any], frame: EvaluationFrame) -> Rgb:
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
