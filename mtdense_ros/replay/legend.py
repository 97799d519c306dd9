"""The legend under a contact sheet: classes, foreground, the scale of depth, the axes of normals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelSpace
from mtdense_ros.imaging.visualization import FOREGROUND_COLOR, colour_depth, colour_normals
from mtdense_ros.replay.drawing import Color, draw_text, text_width

Image = NDArray[np.uint8]

INK: Color = (206, 212, 222)
TEXT, SWATCH, SPACE = 18, 26, 13
BAR_WIDTH = 320


def draw_legend(strip: Image, left: int, space: LabelSpace | None, range_m: tuple[float, float], metric: bool) -> None:
    """Draws two lines on the strip (H, W, 3) in place, from `left` on; range_m: depths at the ends of the colour bar."""
    upper, lower = strip[: strip.shape[0] // 2], strip[strip.shape[0] // 2 :]
    pen = left
    for label in space.classes if space is not None else ():
        pen = _swatch(upper, pen, label.color, label.name)
    _swatch(upper, pen, FOREGROUND_COLOR, "foreground")
    pen = _depth_bar(lower, left, range_m, metric) + 3 * SPACE
    for name, normal in (("normal to the right", (1, 0, 0)), ("up", (0, -1, 0)), ("to the camera", (0, 0, -1))):
        r, g, b = colour_normals(np.array([[normal]], np.float32))[0, 0].tolist()
        pen = _swatch(lower, pen, (r, g, b), name)


def _swatch(strip: Image, left: int, color: Color, name: str) -> int:
    """A coloured square and its name; returns where the next one may start."""
    top = (strip.shape[0] - SWATCH) // 2
    strip[top : top + SWATCH, left : left + SWATCH] = color
    return _text(strip, left + SWATCH + SPACE, name) + 2 * SPACE


def _depth_bar(strip: Image, left: int, range_m: tuple[float, float], metric: bool) -> int:
    """Equal steps of inverse depth, as the colours are, from near to far."""
    near, far = range_m
    pen = _text(strip, left, f"depth {near:.1f} m" if metric else "near") + SPACE
    depth = np.reciprocal(np.linspace(1 / near, 1 / far, BAR_WIDTH)).astype(np.float32)[None]
    top = (strip.shape[0] - SWATCH) // 2
    strip[top : top + SWATCH, pen : pen + BAR_WIDTH] = colour_depth(depth, near, far)
    return _text(strip, pen + BAR_WIDTH + SPACE, f"{far:.1f} m" if metric else "far")


def _text(strip: Image, left: int, text: str) -> int:
    draw_text(strip, text, left, (strip.shape[0] + TEXT) // 2, TEXT, INK)
    return left + text_width(text, TEXT)
