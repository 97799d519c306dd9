"""The ground plane over time: smoothed, kept while the floor is out of sight."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import CameraMount
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.ground_plane import GroundPlane, ground_plane

MIN_INLIERS = 0.5
"""Share of the floor's points that must lie on a plane for it to count."""
MAX_CHANGE = 0.3
"""A plane whose height differs by more than this share, or whose normal differs by more than this angle in rad, is another one."""
PERSISTENCE = 5
"""Frames in a row for which another plane must be seen until it takes over: a table top fills some frames, a new mounting stays."""

_WEIGHT_OF_NEW = 0.3
_COLUMNS = 160


class GroundTracker:
    """The plane of the floor in the camera optical frame, from the floor's pixels of each frame.

    `plane` is None until one was found; afterwards the last good one is kept.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets the plane: the camera is another, or elsewhere."""
        self.plane: GroundPlane | None = None
        self._strangers = 0

    def update(self, depth: NDArray[np.float32], rays: RayTable, floor: NDArray[np.bool_] | None) -> GroundPlane | None:
        """The plane after a frame of depth (H, W) in m; floor (H, W) are its floor pixels, None: the lower half of the image."""
        some = (slice(None, None, max(1, depth.shape[1] // _COLUMNS)),) * 2
        points = RayTable(rays.x[some], rays.y[some]).points(depth[some])
        found = ground_plane(points, None if floor is None else floor[some])
        if found is not None and found.inlier_share >= MIN_INLIERS:
            self._take(found)
        return self.plane

    def _take(self, found: GroundPlane) -> None:
        if self.plane is None:
            self.plane = found
            return
        if _differs(self.plane, found):
            self._strangers += 1
            if self._strangers >= PERSISTENCE:
                self.plane, self._strangers = found, 0
            return
        self._strangers = 0
        self.plane = _mixed(self.plane, found)


def ground_of_mount(mount: CameraMount) -> GroundPlane | None:
    """The floor below a camera whose mount is known, of which nothing was measured; None where the mount says no direction."""
    return None if mount.up is None else GroundPlane(mount.up, mount.height_m, 0.0)


def _differs(old: GroundPlane, new: GroundPlane) -> bool:
    cosine = min(1.0, float(np.dot(old.normal, new.normal)))
    return abs(math.log(new.height / old.height)) > math.log1p(MAX_CHANGE) or math.acos(cosine) > MAX_CHANGE


def _mixed(old: GroundPlane, new: GroundPlane) -> GroundPlane:
    normal = (1 - _WEIGHT_OF_NEW) * np.array(old.normal) + _WEIGHT_OF_NEW * np.array(new.normal)
    x, y, z = (float(v) for v in normal / np.linalg.norm(normal))
    height = (1 - _WEIGHT_OF_NEW) * old.height + _WEIGHT_OF_NEW * new.height
    return GroundPlane((x, y, z), height, new.inlier_share)
