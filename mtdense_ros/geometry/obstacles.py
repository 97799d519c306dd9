"""Which pixels are obstacles to a ground robot, and their cloud: finite points only, thinned. Its layout is part of the contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import UNLABELLED, LabelSpace
from mtdense_ros.errors import ConfigError, known_names
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.ground_plane import GroundPlane
from mtdense_ros.geometry.point_cloud import FLOAT32, UINT8
from mtdense_ros.geometry.voxel_grid import voxel_representatives
from mtdense_ros.utils.buffers import Value

Mask = NDArray[np.bool_]
Ids = NDArray[np.uint8]

OBSTACLE_FIELDS = (
    ("x", 0, FLOAT32, 1),
    ("y", 4, FLOAT32, 1),
    ("z", 8, FLOAT32, 1),
    ("label", 12, UINT8, 1),
    ("confidence", 13, UINT8, 1),
    ("dynamic", 14, UINT8, 1),
)
"""(name, offset in bytes, data type code, count) of each field of an obstacle cloud; byte 15 is padding."""

OBSTACLE = np.dtype(
    {
        "names": ["x", "y", "z", "label", "confidence", "dynamic", "padding"],
        "formats": ["<f4", "<f4", "<f4", "u1", "u1", "u1", "u1"],
    }
)
"""A point as numpy has it: m in the camera optical frame; label 255 and confidence 0 where unknown; dynamic 0 or 255."""


@dataclass(frozen=True)
class ObstacleLimits:
    """What counts as an obstacle: height above the ground from min to max, distance from the camera up to `reach`, all in m.

    One point stays in each cube of `voxel` m; 0: all stay.
    """

    min_height: float
    max_height: float
    reach: float
    voxel: float


@dataclass(frozen=True, eq=False)
class ClassRoles:
    """What the classes mean to a robot, as look-up tables (256,) uint8 of 0 and 1 by id."""

    obstacle: Ids
    traversable: Ids
    dynamic: Ids

    @classmethod
    def of(cls, space: LabelSpace, obstacle_names: tuple[str, ...] = ()) -> ClassRoles:
        """The flags of a label space; obstacles are those named, where any is. Raises ConfigError on an unknown name."""
        for name in obstacle_names:
            if name not in space.names:
                hint = known_names(name, space.names)
                raise ConfigError(f"parameter points.obstacle_classes: '{name}' is no class of the label space '{space.name}'; {hint}")
        chosen = [c.name in obstacle_names if obstacle_names else c.obstacle for c in space.classes]
        return cls(_table(chosen), _table([c.traversable for c in space.classes]), _table([c.dynamic for c in space.classes]))


@dataclass(frozen=True, eq=False)
class SceneMaps:
    """What is known of one frame's pixels, all (H, W): depth in m (REP-117) and the camera's rays; ids with their roles, confidence in
    [0, 1], the foreground mask, and the depth edges, each None where there are none."""

    depth: NDArray[np.float32]
    rays: RayTable
    labels: Ids | None = None
    roles: ClassRoles | None = None
    confidence: NDArray[np.float32] | None = None
    foreground: Mask | None = None
    edges: Mask | None = None

    def subsampled(self, columns: int) -> SceneMaps:
        """The maps of every n-th row and column, about this many columns: a costmap's cell is larger than a pixel."""
        step = max(1, self.depth.shape[1] // columns)
        some = slice(None, None, step), slice(None, None, step)
        return SceneMaps(
            self.depth[some],
            RayTable(self.rays.x[some], self.rays.y[some]),
            _part(self.labels, some),
            self.roles,
            _part(self.confidence, some),
            _part(self.foreground, some),
            _part(self.edges, some),
        )


def heights_above(ground: GroundPlane, depth: NDArray[np.float32], rays: RayTable) -> NDArray[np.float32]:
    """The height (H, W) in m of each pixel's point above the ground; not finite where depth is not."""
    x, y, z = (np.float32(v) for v in ground.normal)
    with np.errstate(invalid="ignore"):
        heights: NDArray[np.float32] = (x * rays.x + y * rays.y + z) * depth + np.float32(ground.height)
    return heights


def obstacle_cloud(maps: SceneMaps, ground: GroundPlane | None, limits: ObstacleLimits) -> NDArray[np.void]:
    """The points (N,) of dtype OBSTACLE, thinned, of the obstacle pixels; without a ground plane by class and mask alone."""
    rows, columns = np.nonzero(obstacle_mask(maps, ground, limits))
    z = maps.depth[rows, columns]
    points = np.stack([maps.rays.x[rows, columns] * z, maps.rays.y[rows, columns] * z, z], axis=1)
    near = np.flatnonzero(np.einsum("ij,ij->i", points, points) <= limits.reach**2)  # false for NaN: a pixel without a ray
    chosen = near[voxel_representatives(points[near], limits.voxel)]
    rows, columns = rows[chosen], columns[chosen]
    cloud = np.zeros(len(chosen), OBSTACLE)
    cloud["x"], cloud["y"], cloud["z"] = points[chosen].T
    cloud["label"] = UNLABELLED if maps.labels is None else maps.labels[rows, columns]
    if maps.confidence is not None:
        cloud["confidence"] = np.rint(255 * maps.confidence[rows, columns])
    cloud["dynamic"] = 255 * _dynamic(maps, rows, columns)
    return cloud


def _part(values: NDArray[Value] | None, some: tuple[slice, slice]) -> NDArray[Value] | None:
    return None if values is None else values[some]


def _table(flags: list[bool]) -> Ids:
    table = np.zeros(256, np.uint8)
    table[: len(flags)] = flags
    return table


def obstacle_mask(maps: SceneMaps, ground: GroundPlane | None, limits: ObstacleLimits) -> Mask:
    """The obstacle pixels (H, W): of an obstacle class or foreground, with a finite depth within reach, and at no depth edge.

    With a ground plane they must also lie in the band of heights, and then what has no label, or no labels at all, counts by its
    height alone.
    """
    mask = _candidates(maps, ground is not None)
    mask &= (maps.depth > 0) & (maps.depth <= limits.reach)
    if maps.edges is not None:
        mask &= ~maps.edges
    if ground is not None:
        heights = heights_above(ground, maps.depth, maps.rays)
        mask &= (heights >= limits.min_height) & (heights <= limits.max_height)
    return mask


def _candidates(maps: SceneMaps, by_height: bool) -> Mask:
    """The pixels that may be obstacles by class or mask."""
    if maps.labels is None or maps.roles is None:
        mask = np.full(maps.depth.shape, by_height)
    else:
        table = maps.roles.obstacle.copy()
        table[UNLABELLED] = by_height
        mask = table.view(np.bool_)[maps.labels]
    return mask if maps.foreground is None else mask | maps.foreground


def _dynamic(maps: SceneMaps, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.uint8]:
    """1 where a pixel is of a class that moves by itself, or foreground."""
    moving = np.zeros(len(rows), np.uint8)
    if maps.labels is not None and maps.roles is not None:
        moving |= maps.roles.dynamic[maps.labels[rows, columns]]
    if maps.foreground is not None:
        moving |= maps.foreground[rows, columns]
    return moving
