"""How a Sample's numbers are stored in pictures: the inverse of units.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.datasets.units import metres, share
from mtdense_ros.errors import InputError

Floats = NDArray[np.float32]

DEPTH_FACTORS = (1000.0, 256.0, 5000.0)
"""Stored values per metre that data sets use, the first where nothing speaks for another: 1 mm steps up to 65.535 m."""

_MAX = 65535


def stored_metres(depth: Floats, per_metre: float) -> NDArray[np.uint16]:
    """16-bit values of depth in m; 0, unknown, for what is not finite, rounds to 0 or is beyond 65535 / per_metre."""
    values = np.rint(np.where(np.isfinite(depth), depth, 0).astype(np.float64) * per_metre)
    return np.where((values > 0) & (values <= _MAX), values, 0).astype(np.uint16)


def holds(depth: Floats, per_metre: float) -> bool:
    """Whether depth in m, NaN unknown, comes back bit by bit after it was stored."""
    return np.array_equal(metres(stored_metres(depth, per_metre), per_metre), depth, equal_nan=True)


def stored_share(values: Floats, where: str) -> NDArray[Any]:
    """Grey of values in [0, 1], clipped: 8 bits where they hold all of them, 16 otherwise.

    Raises InputError, naming `where`, for unknown values: no grey is left for them.
    """
    if not np.isfinite(values).all():
        raise InputError(f"{where}: some values are unknown, which a grey picture of relative values cannot say; leave this sample out")
    clipped = np.clip(values, 0, 1).astype(np.float64)
    narrow = np.rint(clipped * 255).astype(np.uint8)
    return narrow if np.array_equal(share(narrow), values) else np.rint(clipped * _MAX).astype(np.uint16)


def stored_normals(normals: Floats) -> NDArray[np.uint8]:
    """RGB = (n + 1) / 2 * 255 of unit normals (H, W, 3) in the camera's optical frame, black where unknown; up to 0.4 degrees off."""
    known = np.isfinite(normals).all(-1, keepdims=True)
    values = np.rint((np.where(known, normals, -1) + 1) * 127.5)
    return np.clip(values, 0, 255).astype(np.uint8)
