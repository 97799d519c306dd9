"""What changed and where: the connected regions of the foreground mask, in metres, each with the stamp of its first sight."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import UNLABELLED, Prediction
from mtdense_ros.geometry.depth import RayTable

Mask = NDArray[np.bool_]

CHANGE = np.dtype(
    [
        ("centre", "f4", 3),
        ("size", "f4", 3),
        ("distance", "f4"),
        ("pixels", "i4"),
        ("since_ns", "i8"),
        ("label", "u1"),
        ("label_share", "f4"),
    ]
)
"""One changed region: centre and size in m of the box around its points, camera optical frame, without the outermost 5 % on either
side; distance in m from the camera to its nearest part; pixels; stamp of its first sight in ns; its most frequent label, 255 if none,
and the share of its pixels that have it. Lengths are NaN where no depth is known."""

MOST = 100
"""Regions at most, the largest."""

_OUTERMOST = 5.0
_MOST_POINTS = 3000
"""Points of a region that are measured, about, evenly spread over it."""
_OVERLAP_STEP = 2
"""Every n-th row and column is compared with the frame before."""
_SAME_SHARE = 0.2
"""A region is the continuation of an earlier one where they share this part of the smaller of the two."""


class ChangeTracker:
    """Finds the changed regions of each frame and remembers since when each of them has been there."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all regions."""
        self._regions: NDArray[np.int32] | None = None
        self._since: NDArray[np.int64] = np.zeros(0, np.int64)
        self._stamp_ns = 0

    def update(self, prediction: Prediction, rays: RayTable, usable: Mask, stamp_ns: int, min_pixels: int) -> NDArray[np.void]:
        """The regions (N,) of dtype CHANGE, largest first, of a frame's foreground that have at least min_pixels.

        usable (H, W) are the pixels whose depth may be measured. Stamps that run back, and masks of another size, begin anew.
        """
        mask, depth = prediction.foreground, prediction.depth
        assert mask is not None and depth is not None
        regions, boxes = _connected(mask, min_pixels)
        since = self._first_seen(regions, len(boxes), stamp_ns)
        found = np.zeros(len(boxes), CHANGE)
        found["label"] = UNLABELLED
        for number, box in enumerate(boxes):
            part = regions[box] == number + 1
            _measure(found[number], depth[box], RayTable(rays.x[box], rays.y[box]), part & usable[box])
            found[number]["pixels"] = np.count_nonzero(part)
            if prediction.labels is not None:
                found[number]["label"], found[number]["label_share"] = _most_frequent(prediction.labels[box][part])
        found["since_ns"] = since
        self._regions, self._since, self._stamp_ns = regions[::_OVERLAP_STEP, ::_OVERLAP_STEP].copy(), since, stamp_ns
        return found

    def _first_seen(self, regions: NDArray[np.int32], count: int, stamp_ns: int) -> NDArray[np.int64]:
        """Since when each of the regions 1..count is there: the earliest of those that it continues."""
        since = np.full(count, stamp_ns, np.int64)
        before, regions = self._regions, regions[::_OVERLAP_STEP, ::_OVERLAP_STEP]
        if before is None or before.shape != regions.shape or stamp_ns < self._stamp_ns:
            return since
        earlier = len(self._since)
        shared = np.bincount((regions * np.int32(earlier + 1) + before).ravel(), minlength=(count + 1) * (earlier + 1))
        shared = shared.reshape(count + 1, earlier + 1)
        sizes = np.minimum.outer(np.bincount(regions.ravel(), minlength=count + 1), np.bincount(before.ravel(), minlength=earlier + 1))
        for new, old in np.argwhere(shared[1:, 1:] >= np.maximum(_SAME_SHARE * sizes[1:, 1:], 1)):
            since[new] = min(since[new], self._since[old])
        return since


def _connected(mask: Mask, min_pixels: int) -> tuple[NDArray[np.int32], list[tuple[slice, slice]]]:
    """The regions numbered from 1 by size (H, W), 0 elsewhere, and the rows and columns that each spans."""
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    areas = stats[1:, cv2.CC_STAT_AREA]
    chosen = [int(k) + 1 for k in np.argsort(-areas, kind="stable")[:MOST] if areas[k] >= min_pixels]
    renumber = np.zeros(count, np.int32)
    renumber[chosen] = np.arange(1, len(chosen) + 1)
    boxes = []
    for left, top, width, height in stats[chosen, :4].tolist():
        boxes.append((slice(top, top + height), slice(left, left + width)))
    return renumber[numbers], boxes


def _measure(change: np.void, depth: NDArray[np.float32], rays: RayTable, part: Mask) -> None:
    """Puts centre, size and distance of the finite points of a part of the image into a CHANGE."""
    rows, columns = (index[:: len(index) // _MOST_POINTS + 1] for index in np.nonzero(part))
    z = depth[rows, columns]
    points = np.stack([rays.x[rows, columns] * z, rays.y[rows, columns] * z, z], axis=1)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        change["centre"] = change["size"] = change["distance"] = np.nan
        return
    low, high = np.percentile(points, (_OUTERMOST, 100 - _OUTERMOST), axis=0)
    change["centre"], change["size"] = (low + high) / 2, high - low
    change["distance"] = np.percentile(np.linalg.norm(points, axis=1), _OUTERMOST)


def _most_frequent(labels: NDArray[np.uint8]) -> tuple[int, float]:
    """The most frequent label of a region and its share."""
    counts = np.bincount(labels, minlength=256)
    return int(counts.argmax()), float(counts.max() / len(labels))
