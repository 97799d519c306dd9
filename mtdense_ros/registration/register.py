"""A frame against the reference frame: small, robust to a foreground of half the picture and to light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.registration.block_matching import BLOCK, FAR, REACH, Blocks, match
from mtdense_ros.registration.photometric import LightChange, light_change
from mtdense_ros.registration.reduction import grey, reduced
from mtdense_ros.registration.rigid_motion import RigidMotion, fit

MIN_BLOCKS = 6
"""Fewer textured blocks than this say nothing."""

_SURE, _BETTER = 0.3, 1.4
"""Share of the blocks that agree from which no other motion is looked for; and how many times as many must agree on another one."""


@dataclass(frozen=True)
class Registration:
    """What a frame shows of its reference: motion in camera pixels, light, and the share of the textured blocks that agree on it.

    size_hw: the camera's (height, width).
    """

    motion: RigidMotion
    light: LightChange
    quality: float
    size_hw: tuple[int, int]


class Reference:
    """A reference frame (H, W, 3), prepared for registration."""

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        self.size_hw = rgb.shape[0], rgb.shape[1]
        self.small = reduced(rgb)
        self.blocks = Blocks.of(grey(self.small))
        self._colours = _block_means(self.small, self.blocks.corners)
        self._spectral = _flattened(self.blocks.picture) if len(self.blocks) else self.blocks.picture
        self._last = RigidMotion()

    def register(self, small: NDArray[np.uint8]) -> Registration:
        """Of a frame that `reduced` gave, of the same camera size. The motion found last is where the next search begins."""
        if not len(self.blocks):
            return Registration(RigidMotion(), LightChange(), 0.0, self.size_hw)
        picture, n = grey(small), len(self.blocks)
        motion, agreeing = self._search(picture, RigidMotion())
        elsewhere = self._elsewhere(picture)
        while len(agreeing) < _SURE * n and (start := next(elsewhere, None)) is not None:
            other, found = self._search(picture, *start)
            if len(found) > _BETTER * len(agreeing):
                motion, agreeing = other, found
        self._last = motion
        corners = self.blocks.corners[agreeing]
        moved = np.rint(corners + motion.at(self.blocks.centres[agreeing])).astype(np.int64)
        light = light_change(self._colours[agreeing], _block_means(small, moved))
        return Registration(motion.scaled(self.size_hw[1] / small.shape[1]), light, len(agreeing) / n, self.size_hw)

    def _elsewhere(self, picture: NDArray[np.uint8]) -> Iterator[tuple[RigidMotion, int]]:
        """Where else to look, and how far around it, the cheapest first."""
        yield self._last, REACH
        yield RigidMotion(), FAR
        yield self._shift_guess(picture), REACH

    def _search(self, picture: NDArray[np.uint8], start: RigidMotion, reach: int = REACH) -> tuple[RigidMotion, NDArray[np.int64]]:
        """The motion near `start`, and the blocks that agree on it; a second look from there finds what was out of reach."""
        size_hw = picture.shape[0], picture.shape[1]
        motion, found = self._look(picture, start, reach)
        if len(found) and motion.extent(size_hw) > start.extent(size_hw) + 0.5:
            again, more = self._look(picture, motion, REACH)
            if len(more) >= len(found):
                return again, more
        return motion, found

    def _look(self, picture: NDArray[np.uint8], start: RigidMotion, reach: int) -> tuple[RigidMotion, NDArray[np.int64]]:
        matches = match(self.blocks, picture, start.at(self.blocks.centres), reach)
        motion, agree = fit(self.blocks, matches, start)
        return motion, matches.index[agree]

    def _shift_guess(self, picture: NDArray[np.uint8]) -> RigidMotion:
        """A shift of any size by phase correlation."""
        (x, y), _ = cv2.phaseCorrelate(self._spectral, _flattened(picture))
        return RigidMotion(round(x), round(y))


def _flattened(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A grey picture without its slow changes, fading out towards its border."""
    values = picture.astype(np.float32)
    cv2.subtract(values, cv2.GaussianBlur(values, (0, 0), 6.0), dst=values)
    np.clip(values, -24, 24, out=values)
    height, width = picture.shape
    values *= np.hanning(height).astype(np.float32)[:, None]
    values *= np.hanning(width).astype(np.float32)
    return values


def _block_means(small: NDArray[np.uint8], corners: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean colours (n, 3) of blocks at these top left pixels; those that stand out of the picture are cut to it."""
    means = cv2.blur(small, (BLOCK, BLOCK), anchor=(0, 0))
    x = corners[:, 0].clip(0, small.shape[1] - BLOCK)
    y = corners[:, 1].clip(0, small.shape[0] - BLOCK)
    return np.asarray(means[y, x], np.float64)
