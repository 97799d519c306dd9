"""How the light changed on what has stayed: gain and offset per channel, and how unevenly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DARK = 4.0
"""Grey levels added to both sides of a ratio, so that black blocks count for little."""
_OFFSET_RIDGE = 0.02
"""Pulls the offset towards 0 where blocks of one brightness leave it open, as a share of the blocks' weight."""
_ROUNDS = 4


@dataclass(frozen=True)
class LightChange:
    """Frame = gain * reference + offset, for red, green and blue in grey levels.

    stops: the median brightness ratio of the blocks as its binary logarithm; cast: how far the channels' ratios differ, in the same
    unit; unevenness: the deviation of the blocks' own ratios from the median, half the range of the middle two thirds.
    """

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    stops: float = 0.0
    cast: float = 0.0
    unevenness: float = 0.0


def light_change(reference: Floats, frame: Floats) -> LightChange:
    """Of the mean colours (n, 3) of the same n blocks in both pictures, 0..255; no change without any."""
    if not len(reference):
        return LightChange()
    ratios = np.log2((frame + _DARK) / (reference + _DARK))
    by_channel = np.median(ratios, axis=0)
    grey = ratios.mean(axis=1)
    low, high = np.percentile(grey, (100 / 6, 500 / 6))
    gain, offset = _linear_fits(reference, frame)
    return LightChange(_triple(gain), _triple(offset), float(np.median(grey)), float(np.ptp(by_channel)), float(high - low) / 2)


def _linear_fits(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Gains and offsets (3,) of the columns by iteratively reweighted least squares (Cauchy's weights)."""
    gain, offset = np.median(y + _DARK, axis=0) / np.median(x + _DARK, axis=0), np.zeros(3)
    for _ in range(_ROUNDS):
        residual = np.abs(y - gain * x - offset)
        weight = 1 / (1 + np.square(residual / np.maximum(1.5 * np.median(residual, axis=0), 1.0)))
        total = weight.sum(0) * (1 + _OFFSET_RIDGE * len(x))
        wx, wy, wxx, wxy = ((weight * values).sum(0) for values in (x, y, x * x, x * y))
        gain = (total * wxy - wx * wy) / np.maximum(total * wxx - wx * wx, 1e-6)
        offset = (wy - gain * wx) / total
    return gain, offset


def _triple(values: Floats) -> tuple[float, float, float]:
    r, g, b = (float(v) for v in values)
    return r, g, b
