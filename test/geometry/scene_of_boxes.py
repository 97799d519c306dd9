"""Depth and labels of a floor, a wall and boxes by intersecting rays with planes: an independent reference for navigation tests."""

import numpy as np

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.ground_plane import GroundPlane

FLOOR, WALL, CEILING, FURNITURE, OBJECT, OTHER, PERSON = range(7)

HEIGHT_M = 0.5
GROUND = GroundPlane((0.0, -1.0, 0.0), HEIGHT_M, 1.0)
CAMERA = Intrinsics(320, 240, 250.0, 250.0, 159.5, 119.5)
RAYS = RayTable.of(CAMERA)


def view(wall_at=4.0, boxes=(), hole=None, rays=RAYS):
    """(depth, labels) seen by a level camera 0.5 m above the floor, with a wall across at wall_at m.

    boxes: (left, right, top above the floor, distance) of upright rectangles that face the camera; hole: the floor is missing
    between these two distances and 1 m lower there.
    """
    x, y = (np.asarray(v, np.float64) for v in (rays.x, rays.y))
    with np.errstate(divide="ignore"):
        depth = np.where(y > 0, HEIGHT_M / y, np.inf)
        if hole is not None:
            depth = np.where((depth >= hole[0]) & (depth <= hole[1]), (HEIGHT_M + 1.0) / y, depth)
    labels = np.full(depth.shape, FLOOR, np.uint8)
    labels[depth > wall_at] = WALL
    depth = np.minimum(depth, wall_at)
    for left, right, top, distance in boxes:
        inside = (x * distance >= left) & (x * distance <= right) & (HEIGHT_M - y * distance <= top) & (y * distance <= HEIGHT_M)
        inside &= depth >= distance
        depth[inside], labels[inside] = distance, OBJECT
    return depth.astype(np.float32), labels
