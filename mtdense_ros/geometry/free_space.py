"""The ends of rays along which the floor is known to be free, for costmaps to clear.

A layer like Nav2's obstacle layer clears every cell between the camera and a point, at whatever height the ray passes them. So a ray
counts only as far as everything seen in its direction, from the floor up to `max_height`, is free:

* Directions are bins of azimuth around the ground's normal. In each, the nearest thing that is not free ends the free stretch.
* A pixel is *floor* where its class is traversable (or there are no classes) and its point lies within `min_height` of the ground.
* It *blocks* at its point where that stands in the band of heights, or lies at the floor and is not of a traversable class; at the
  camera where depth is -Inf (too close); and where its ray should meet the floor, if depth or label are unknown there, if the point
  lies below the floor, or if depth goes beyond it: a hole is not free, and neither is what is hidden.
* Rays that should not meet the floor within reach say nothing about it, whatever they see above `max_height`.

Published are the floor's points before the first block, and, in directions without any block and with floor, points at `reach` along
the rays that go that far. Without a ground plane nothing is known to be free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.ground_plane import GroundPlane
from mtdense_ros.geometry.obstacles import ObstacleLimits, SceneMaps
from mtdense_ros.geometry.voxel_grid import voxel_representatives

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

BIN = np.float32(np.radians(0.5))
"""Width of a bin of azimuth."""
RING = 0.05
"""Length in m of the steps in which distance is told apart."""


@dataclass(frozen=True, eq=False)
class _GroundRays:
    """Rays (H, W) in the frame of the ground, each per m along the optical axis: how much they rise, and how far they go along it.

    azimuth is the bin of each, numbered from 0; floor is the distance in m along the ground at which it should meet the floor.
    """

    rise: Floats
    along: Floats
    azimuth: NDArray[np.int64]
    floor: Floats

    @classmethod
    def of(cls, rays: RayTable, ground: GroundPlane) -> _GroundRays:
        up = np.array(ground.normal, np.float32)
        ahead = np.array([0, 0, 1], np.float32) - up[2] * up
        ahead /= np.linalg.norm(ahead)
        aside = np.cross(ahead, up)
        rise, forward, sideward = (axis[0] * rays.x + axis[1] * rays.y + axis[2] for axis in (up, ahead, aside))
        along = np.hypot(forward, sideward)
        angle = np.nan_to_num(np.arctan2(sideward, forward))
        azimuth = np.floor((angle - angle.min()) / BIN).astype(np.int64)
        with np.errstate(divide="ignore", invalid="ignore"):
            floor = np.where(rise < 0, np.float32(-ground.height) / rise * along, np.float32(np.inf))
        return cls(rise, along, azimuth, floor)


def clearing_points(maps: SceneMaps, ground: GroundPlane, limits: ObstacleLimits) -> Floats:
    """Points (N, 3) in m, camera optical frame, up to which the floor is known to be free; see the rule above."""
    depth, view = maps.depth, _GroundRays.of(maps.rays, ground)
    with np.errstate(invalid="ignore"):
        distance, height = depth * view.along, depth * view.rise + np.float32(ground.height)
        floor = _floor(maps, height, limits) & (distance <= limits.reach)
        blocks_at = _blocks_at(maps, distance, height, floor, view, limits)
    blocked_from = _first_block(view.azimuth, blocks_at, limits.reach)
    seen = floor & (distance < blocked_from[view.azimuth])
    beyond = _beyond(maps, distance, view, limits) & _open(view.azimuth, blocked_from, seen)[view.azimuth]
    points = np.concatenate([_points(maps.rays, depth, seen), _points(maps.rays, np.float32(limits.reach) / view.along, beyond)])
    return points[voxel_representatives(points, limits.voxel)]


def _floor(maps: SceneMaps, height: Floats, limits: ObstacleLimits) -> Mask:
    """The pixels whose point and class are those of the floor."""
    level = np.abs(height) <= limits.min_height
    if maps.labels is None or maps.roles is None:
        return level
    return level & maps.roles.traversable.view(np.bool_)[maps.labels]


def _blocks_at(maps: SceneMaps, distance: Floats, height: Floats, floor: Mask, view: _GroundRays, limits: ObstacleLimits) -> Floats:
    """The distance (H, W) in m along the ground from which on each pixel forbids to call its direction free; +Inf for never."""
    hits = (height >= -limits.min_height) & (height <= limits.max_height) & np.isfinite(distance) & ~floor
    at = np.where(hits, distance, np.float32(np.inf))
    should_hit = (view.floor <= limits.reach) & ~floor
    missing = should_hit & ~hits  # unknown, below the floor, beyond it, or above all that matters
    if maps.labels is not None:
        missing |= should_hit & (maps.labels == UNLABELLED)
    np.minimum(at, view.floor, out=at, where=missing)
    at[maps.depth <= 0] = 0
    return at


def _first_block(azimuth: NDArray[np.int64], blocks_at: Floats, reach: float) -> Floats:
    """For each bin of azimuth the distance in m, in steps of RING, before which nothing blocks; +Inf where nothing does within reach."""
    rings = int(np.ceil(reach / RING)) + 1
    within = blocks_at <= reach
    cells = azimuth[within] * rings + (blocks_at[within] / RING).astype(np.int64)
    blocked = np.bincount(cells, minlength=(int(azimuth.max()) + 1) * rings).reshape(-1, rings) > 0
    first = np.where(blocked.any(axis=1), blocked.argmax(axis=1) * RING, np.inf)
    return first.astype(np.float32)


def _open(azimuth: NDArray[np.int64], blocked_from: Floats, seen: Mask) -> Mask:
    """The bins without a block and with some floor."""
    return np.isinf(blocked_from) & (np.bincount(azimuth[seen], minlength=len(blocked_from)) > 0)


def _beyond(maps: SceneMaps, distance: Floats, view: _GroundRays, limits: ObstacleLimits) -> Mask:
    """The rays that go as far as reach, meet no floor before it, and see something known there."""
    beyond = (distance > limits.reach) & (view.floor > limits.reach)
    return beyond if maps.labels is None else beyond & (maps.labels != UNLABELLED)


def _points(rays: RayTable, depth: Floats, chosen: Mask) -> Floats:
    z = depth[chosen]
    return np.stack([rays.x[chosen] * z, rays.y[chosen] * z, z], axis=1)
