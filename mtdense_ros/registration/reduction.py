"""The small picture on which registration works."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH = 160
"""Pixels per row; a camera of 640x480 is averaged over 4x4 pixels, which leaves a quarter of its noise."""


def reduced(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image (H, W, 3) averaged to the width 160 at its own aspect ratio; a narrower one as it is."""
    height, width = rgb.shape[:2]
    if width <= WIDTH:
        return rgb
    size = (WIDTH, max(1, round(height * WIDTH / width)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def levels_at(values: NDArray[np.uint8], *shares: float) -> list[int]:
    """The grey levels that these shares of the pixels do not exceed."""
    counts = cv2.calcHist([values], [0], None, [256], [0, 256]).ravel().cumsum()
    return [int(np.searchsorted(counts, share * values.size)) for share in shares]


def grey(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The luma (h, w) of an image (h, w, 3)."""
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
