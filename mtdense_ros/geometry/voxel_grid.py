"""Voxel grid thinning: one point per cube of space."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_LARGEST_TABLE = 1 << 24
"""Voxels of a grid for which a table of all of them is cheaper than sorting."""


def voxel_representatives(points: NDArray[np.float32], size: float) -> NDArray[np.int64]:
    """Indices, ascending, of one of the points (N, 3) in each voxel of `size` that holds any; all of them where size is 0.

    The points are finite. A point that was measured stands for its voxel, not a mean, so that its label and confidence are its own.
    """
    if size <= 0 or not len(points):
        return np.arange(len(points))
    x, y, z = (_cells(points[:, axis], size) for axis in range(3))
    extent = [int(cells.max()) + 1 for cells in (x, y, z)]
    keys = (x * extent[1] + y) * extent[2] + z
    return representatives(keys, math.prod(extent))


def _cells(coordinates: NDArray[np.float32], size: float) -> NDArray[np.int64]:
    """The voxel numbers along one axis, from 0."""
    scaled = np.floor(coordinates / np.float32(size))
    cells: NDArray[np.int64] = (scaled - scaled.min()).astype(np.int64)
    return cells


def representatives(keys: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Indices, ascending, of one element for each value among keys (N,), which lie in [0, count)."""
    if count > _LARGEST_TABLE:
        return np.sort(np.unique(keys, return_index=True)[1])
    everyone = np.arange(len(keys))
    holder = np.empty(count, np.int64)  # what no key names is never read
    holder[keys] = everyone
    return np.flatnonzero(holder[keys] == everyone)
