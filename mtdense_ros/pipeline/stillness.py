"""How long nothing has moved before a camera, whatever it shows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.registration.reduction import levels_at

LEVELS = 8
"""Grey levels from which two small pictures differ in a pixel: some four times what is left of a camera's noise in them."""

_NOISE, _MAX_LEVELS = 9.0, 20
"""Median differences that make a difference, for cameras that are noisier than that; and grey levels that always do."""
_SHARE = 0.002
"""Of the pixels: less than somebody across a room."""


def differing(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The pixels (h, w) in which two pictures (h, w, 3) differ visibly."""
    difference = np.asarray(cv2.absdiff(first, second), np.uint8).max(axis=-1)
    return np.asarray(difference > np.clip(_NOISE * levels_at(difference, 0.5)[0], LEVELS, _MAX_LEVELS), np.bool_)


class Stillness:
    """Since when small pictures (h, w, 3) look like the first of them. Times in s."""

    def __init__(self) -> None:
        self._anchor: NDArray[np.uint8] | None = None
        self._since = 0.0

    def observe(self, small: NDArray[np.uint8], now: float) -> float:
        """Takes the next picture; for how long it has been still, s."""
        anchor = self._anchor
        if anchor is None or anchor.shape != small.shape or now < self._since or differing(anchor, small).mean() > _SHARE:
            self._anchor, self._since = small, now
        return now - self._since
