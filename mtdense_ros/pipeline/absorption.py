"""What stays put becomes background: a chair that was moved, a box that was left."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.pipeline.stillness import LEVELS

Rgb = NDArray[np.uint8]

_LEAST = 0.0005
"""Share of the picture below which there is nothing to absorb."""
_RARELY = 20
"""The reference is made, and encoded, again at most this often within the time that something must stay."""


class Absorption:
    """Since when each pixel of small pictures (h, w, 3) has looked as it does. Times in s."""

    def __init__(self) -> None:
        self._seen: Rgb | None = None
        self._since: NDArray[np.float64] = np.zeros((0, 0))
        self._next = 0.0

    def forget(self) -> None:
        """Nothing has stayed put yet: the camera or the reference is another."""
        self._seen = None

    def observe(self, small: Rgb, reference: Rgb, now: float, after: float) -> NDArray[np.bool_] | None:
        """The pixels (h, w) that differ from a small reference and have stayed for `after` s; None where there is nothing to absorb."""
        if self._seen is None or self._seen.shape != small.shape:
            self._seen, self._since = small.copy(), np.full(small.shape[:2], now)
            return None
        changed = _distance(self._seen, small) > LEVELS
        self._seen[changed], self._since[changed] = small[changed], now
        stayed = (now - self._since >= after) & (_distance(reference, small) > LEVELS)
        if now < self._next or stayed.mean() < _LEAST:
            return None
        self._next = now + max(1.0, after / _RARELY)
        grown = cv2.dilate(stayed.astype(np.uint8), np.ones((3, 3), np.uint8))  # pixels at its edge are mixed ones
        return np.asarray(grown > 0, np.bool_)


def with_absorbed(reference: Rgb, frame: Rgb, pixels: NDArray[np.bool_]) -> Rgb:
    """A reference (H, W, 3) that shows a frame in these pixels of a small picture (h, w)."""
    mask = cv2.resize(pixels.astype(np.uint8), reference.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return np.where(mask[..., None] > 0, frame, reference)


def _distance(first: Rgb, second: Rgb) -> NDArray[np.uint8]:
    return np.asarray(cv2.absdiff(first, second).max(axis=-1), np.uint8)
