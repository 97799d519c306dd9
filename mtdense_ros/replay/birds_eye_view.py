"""A bird's-eye view of a cloud: the camera is at the lower edge and looks up."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.replay.drawing import Color, draw_text, text_width

Image = NDArray[np.uint8]

BACKGROUND: Color = (24, 27, 33)
_RINGS: Color = (62, 68, 80)
_TEXT: Color = (140, 148, 162)
_CAMERA: Color = (235, 238, 242)
_MARGIN = 0.06
_MAX_ABOVE_M = 1.0


def draw_birds_eye_view(points: NDArray[np.float32], colors: Image, range_m: float, width: int, height: int) -> Image:
    """The finite points (H, W, 3) m, camera optical frame, in their colours (H, W, 3), as a picture (height, width, 3).

    range_m: distance at the upper edge. Of points above each other the highest is seen; what lies more than 1 m above the
    camera is left out, for a ceiling would hide everything. Rings mark whole metres.
    """
    out = np.empty((height, width, 3), np.uint8)
    out[:] = BACKGROUND
    pixels_per_m = height * (1 - 2 * _MARGIN) / range_m
    eye = (width // 2, round(height * (1 - _MARGIN)))
    _draw_rings(out, eye, range_m, pixels_per_m)
    keep = np.isfinite(points).all(axis=-1) & (points[..., 1] > -_MAX_ABOVE_M)
    places, inks = points[keep], colors[keep]
    order = np.argsort(-places[:, 1], kind="stable")  # y points down: the highest come last and stay
    column = np.rint(eye[0] + places[order, 0] * pixels_per_m).astype(np.int64)
    row = np.rint(eye[1] - places[order, 2] * pixels_per_m).astype(np.int64)
    _splat(out, row, column, inks[order])
    cv2.drawMarker(out, eye, _CAMERA, cv2.MARKER_TRIANGLE_UP, max(6, height // 24), 2, cv2.LINE_AA)
    return out


def _splat(canvas: Image, row: NDArray[np.int64], column: NDArray[np.int64], inks: Image) -> None:
    """Each point as two by two pixels: walls get a width, far floors no gaps. Later points cover earlier ones."""
    seen = (column >= 0) & (column < canvas.shape[1] - 1) & (row >= 1) & (row < canvas.shape[0])
    row, column, inks = row[seen], column[seen], inks[seen]
    for up, right in ((1, 1), (1, 0), (0, 1), (0, 0)):
        canvas[row - up, column + right] = inks


def _draw_rings(canvas: Image, eye: tuple[int, int], range_m: float, pixels_per_m: float) -> None:
    spacing = 1 if range_m <= 6 else 2 if range_m <= 12 else 5
    size = canvas.shape[0] / 16
    for distance in range(spacing, int(range_m) + 1, spacing):
        radius = round(distance * pixels_per_m)
        cv2.circle(canvas, eye, radius, _RINGS, 1, cv2.LINE_AA)
        text = f"{distance} m"
        left = min(eye[0] + round(0.72 * radius) + 3, canvas.shape[1] - text_width(text, size) - 3)
        draw_text(canvas, text, left, eye[1] - round(0.72 * radius), size, _TEXT)
