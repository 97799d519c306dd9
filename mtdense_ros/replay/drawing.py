"""Text, badges and the legend of a contact sheet, drawn on RGB pictures (H, W, 3)."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelSpace
from mtdense_ros.imaging.visualization import FOREGROUND_COLOR, colour_depth, colour_normals

Image = NDArray[np.uint8]
Color = tuple[int, int, int]

_FONT = cv2.FONT_HERSHEY_DUPLEX
_OVERSAMPLING = 4  # OpenCV's stroke fonts are ragged at reading size; drawn larger and averaged they are not
_FONT_HEIGHT = 21.0  # pixels of a capital letter at scale 1

_LEGEND_INK: Color = (206, 212, 222)
_LEGEND_TEXT, _SWATCH, _SPACE, _BAR_WIDTH = 18, 26, 13, 320
"""Pixels: height of capital letters, side of a coloured square, space after it, width of the bar of depths."""


def text_width(text: str, height: float) -> int:
    """Width in pixels of a text whose capitals are `height` pixels high."""
    (width, _), _ = cv2.getTextSize(text, _FONT, _OVERSAMPLING * height / _FONT_HEIGHT, _stroke(height))
    return -(-width // _OVERSAMPLING)


def draw_text(canvas: Image, text: str, left: int, baseline: int, height: float, color: Color) -> None:
    """Writes on the canvas (H, W, 3) in place; what reaches beyond its border is cut off."""
    pad = round(height)
    width, total = text_width(text, height) + 2 * pad, round(height) + 2 * pad
    large = np.zeros((total * _OVERSAMPLING, width * _OVERSAMPLING), np.uint8)
    origin = (pad * _OVERSAMPLING, (total - pad) * _OVERSAMPLING)
    cv2.putText(large, text, origin, _FONT, _OVERSAMPLING * height / _FONT_HEIGHT, 255, _stroke(height), cv2.LINE_AA)
    ink = np.asarray(cv2.resize(large, (width, total), interpolation=cv2.INTER_AREA), np.float32)[..., None] / 255
    top, start = max(0, baseline - total + pad), max(0, left - pad)
    ink = ink[top - (baseline - total + pad) :, start - (left - pad) :]
    place = canvas[top : top + ink.shape[0], start : start + ink.shape[1]]
    ink = ink[: place.shape[0], : place.shape[1]]
    place[:] = np.rint(place + (np.array(color, np.float32) - place) * ink)


def draw_badge(canvas: Image, text: str, height: float) -> None:
    """A small dark label in the lower left corner of the picture (H, W, 3), in place."""
    pad = round(0.6 * height)
    width, total = text_width(text, height) + 2 * pad, round(height) + 2 * pad
    corner = canvas[-total:, :width]
    corner[:] = corner // 4
    draw_text(canvas, text, pad, canvas.shape[0] - pad, height, (255, 255, 255))


def fit(picture: Image, width: int, height: int, background: Color) -> Image:
    """The whole picture (H, W, 3) as large as it fits into (height, width), centred on the background colour."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    shown = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST), np.uint8)
    out = np.empty((height, width, 3), np.uint8)
    out[:] = background
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    out[top : top + size[1], left : left + size[0]] = shown
    return out


def depth_range(depths: Iterable[NDArray[np.float32]]) -> tuple[float, float]:
    """Nearest and farthest depth worth a colour over maps (H, W): the 1st and 99th percentile of what is finite."""
    values = np.concatenate([np.zeros(0, np.float32), *(depth.ravel() for depth in depths)])
    values = values[np.isfinite(values) & (values > 0)]
    if values.size == 0:
        return 0.5, 5.0
    near, far = np.percentile(values, (1, 99))
    return float(near), float(max(far, 1.1 * near))


def _stroke(height: float) -> int:
    return max(1, round(_OVERSAMPLING * height / 11))


def draw_legend(strip: Image, left: int, space: LabelSpace | None, range_m: tuple[float, float], metric: bool) -> None:
    """Draws the legend, two lines, on the strip (H, W, 3) in place, from `left` on. range_m: depths at the ends of the colour bar."""
    upper, lower = strip[: strip.shape[0] // 2], strip[strip.shape[0] // 2 :]
    pen = left
    for label in space.classes if space is not None else ():
        pen = _swatch(upper, pen, label.color, label.name)
    _swatch(upper, pen, FOREGROUND_COLOR, "foreground")
    pen = _depth_bar(lower, left, range_m, metric) + 3 * _SPACE
    for name, normal in (("normal to the right", (1, 0, 0)), ("up", (0, -1, 0)), ("to the camera", (0, 0, -1))):
        r, g, b = colour_normals(np.array([[normal]], np.float32))[0, 0].tolist()
        pen = _swatch(lower, pen, (r, g, b), name)


def _swatch(strip: Image, left: int, color: Color, name: str) -> int:
    """Draws a coloured square and its name; returns where the next one may start."""
    top = (strip.shape[0] - _SWATCH) // 2
    strip[top : top + _SWATCH, left : left + _SWATCH] = color
    return _text(strip, left + _SWATCH + _SPACE, name) + 2 * _SPACE


def _depth_bar(strip: Image, left: int, range_m: tuple[float, float], metric: bool) -> int:
    """Draws the colours from near to far, in equal steps of inverse depth, as they are chosen."""
    near, far = range_m
    pen = _text(strip, left, f"depth {near:.1f} m" if metric else "near") + _SPACE
    depth = np.reciprocal(np.linspace(1 / near, 1 / far, _BAR_WIDTH)).astype(np.float32)[None]
    top = (strip.shape[0] - _SWATCH) // 2
    strip[top : top + _SWATCH, pen : pen + _BAR_WIDTH] = colour_depth(depth, near, far)
    return _text(strip, pen + _BAR_WIDTH + _SPACE, f"{far:.1f} m" if metric else "far")


def _text(strip: Image, left: int, text: str) -> int:
    draw_text(strip, text, left, (strip.shape[0] + _LEGEND_TEXT) // 2, _LEGEND_TEXT, _LEGEND_INK)
    return left + text_width(text, _LEGEND_TEXT)
