"""Pixels at depth edges, found in image space: resized depth has "flying pixels" there, between a thing and what is behind it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError
from mtdense_ros.utils.buffers import BufferPool

_WIDTH_OF_RADIUS_1 = 640
"""The window grows with the image, so that it always spans about the same angle."""


def depth_edges(depth: NDArray[np.float32], threshold: float, buffers: BufferPool | None = None) -> NDArray[np.bool_]:
    """Where depth (H, W) jumps: the farthest neighbour is more than (1 + threshold) times as far as the nearest one.

    The neighbours are a window of 3x3 pixels in images up to 640 wide, and of proportional size in larger ones. Depth of +Inf is
    farther than any; NaN, -Inf and values up to 0 make no edge. threshold 0 finds none. Raises InputError when it is negative.
    """
    if not threshold >= 0:
        raise InputError(f"depth edges: threshold {threshold} is negative; give the relative jump, for example 0.08")
    buffers = buffers or BufferPool()
    edges = buffers.array("edges", depth.shape, np.bool_)
    if threshold == 0:
        edges[:] = False
        return edges
    known, filled, farthest, nearest = (
        buffers.array("known", depth.shape, np.bool_),
        *(buffers.array(name, depth.shape, np.float32) for name in ("filled", "farthest", "nearest")),
    )
    unknown = np.logical_not(np.greater(depth, 0, out=known), out=known)
    window = np.ones((2 * _radius(depth.shape[1]) + 1,) * 2, np.uint8)
    np.copyto(filled, depth)
    np.copyto(filled, 0, where=unknown)
    cv2.dilate(filled, window, dst=farthest)
    np.copyto(filled, np.inf, where=unknown)
    cv2.erode(filled, window, dst=nearest)
    with np.errstate(over="ignore"):  # beyond the border all is farther than any number
        np.multiply(nearest, np.float32(1 + threshold), out=nearest)
    np.greater(farthest, nearest, out=edges)
    return edges


def _radius(width: int) -> int:
    return max(1, round(width / _WIDTH_OF_RADIUS_1))
