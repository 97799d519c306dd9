"""Depth -> points and normals, unit normals, and what "no depth" means. Camera optical frame: x right, y down, z forward."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import InputError
from mtdense_ros.utils.buffers import BufferPool, strips

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RayTable:
    """Where each pixel looks: x / z and y / z of its ray, each (H, W) float32, NaN where the camera model has no ray."""

    x: Floats
    y: Floats

    def __post_init__(self) -> None:
        if self.x.ndim != 2 or self.x.shape != self.y.shape:
            raise InputError(f"ray table: x {self.x.shape} and y {self.y.shape} are not maps of one image; take both from one camera model")

    @staticmethod
    @lru_cache(maxsize=8)
    def of(intrinsics: Intrinsics) -> RayTable:
        """The rays of a pinhole camera, cached per intrinsics; a row and a column that stand for all of theirs."""
        x = (np.arange(intrinsics.width, dtype=np.float64) - intrinsics.cx) / intrinsics.fx
        y = (np.arange(intrinsics.height, dtype=np.float64) - intrinsics.cy) / intrinsics.fy
        size_hw = intrinsics.height, intrinsics.width
        grid_x, grid_y = (np.broadcast_to(v.astype(np.float32), size_hw) for v in (x, y[:, None]))
        return RayTable(grid_x, grid_y)

    @cached_property
    def blind(self) -> NDArray[np.bool_] | None:
        """The pixels (H, W) without a ray, None where all have one."""
        blind = np.isnan(self.x) | np.isnan(self.y)
        return blind if blind.any() else None

    def points(self, depth: Floats, buffers: BufferPool | None = None) -> Floats:
        """Points (H, W, 3) float32 of a depth map (H, W) along the optical axis, in its unit; NaN where depth is not finite.

        Raises InputError when the depth map has another size.
        """
        self.check(depth)
        planes = (buffers or BufferPool()).array("point planes", (3, *depth.shape), np.float32)
        self.fill(planes, depth)
        return planes.transpose(1, 2, 0)

    def fill(self, planes: Floats, depth: Floats, rows: slice = slice(None)) -> None:
        """Puts x, y and z of the points of some rows, of which `depth` is given, into planes (3, rows, W)."""
        x, y, z = planes
        with np.errstate(invalid="ignore"):
            np.multiply(depth, np.float32(0), out=z)  # NaN where depth is not finite
            np.add(depth, z, out=z)
            np.multiply(z, self.x[rows], out=x)
            np.multiply(z, self.y[rows], out=y)
        if self.blind is not None:
            np.copyto(planes, np.nan, where=self.blind[rows])

    def check(self, depth: Floats) -> None:
        """Raises InputError when a depth map has another size."""
        if depth.shape != self.x.shape:
            raise InputError(f"depth map: shape {depth.shape}, the camera model has {self.x.shape}; scale the intrinsics to the map's size")


def depth_to_points(depth: Floats, intrinsics: Intrinsics) -> Floats:
    """Points (H, W, 3) of a depth map (H, W) of a camera without distortion; see `RayTable.points`."""
    return RayTable.of(intrinsics).points(depth)


def apply_range(depth: Floats, min_m: float, max_m: float, buffers: BufferPool | None = None) -> Floats:
    """Depth (H, W) in m with -Inf where closer than min_m and +Inf where beyond max_m; NaN stays NaN (REP-117).

    The given depth stays as it is. Raises InputError unless min_m < max_m.
    """
    if not min_m < max_m:
        raise InputError(f"depth range: minimum {min_m} m is not below maximum {max_m} m; set depth.min below depth.max")
    buffers = buffers or BufferPool()
    out, outside = buffers.array("depth", depth.shape, np.float32), buffers.array("outside", depth.shape, np.bool_)
    np.copyto(out, depth)
    np.copyto(out, -np.inf, where=np.less(depth, min_m, out=outside))
    np.copyto(out, np.inf, where=np.greater(depth, max_m, out=outside))
    return out


def normalise_normals(normals: Floats, buffers: BufferPool | None = None) -> Floats:
    """Unit normals that face the camera, (H, W, 3) float32, of a network's resized map (3, H, W).

    n_z above 0 is clamped to 0 before the length becomes 1: the nearest normal on the camera's side. (Turning it round would make a
    level floor, whose n_z is 0 give or take noise, point down in half of its pixels.) NaN where nothing remains.
    """
    buffers = buffers or BufferPool()
    size_hw = height, width = normals.shape[1], normals.shape[2]
    out = buffers.array("normals", (height, width, 3), np.float32)
    every = strips(size_hw)
    planes = buffers.array("normal strips", (5, every[0].stop, width), np.float32)
    short = buffers.array("short", planes.shape[1:], np.bool_)
    for rows in every:
        count = rows.stop - rows.start
        cv2.merge(_unit(normals[:, rows], planes[:, :count], short[:count]), dst=out[rows])
    return out


def _unit(normals: Floats, planes: Floats, short: NDArray[np.bool_]) -> list[Floats]:
    """Unit normals, a plane each, of normals (3, rows, W); planes (5, rows, W) and short (rows, W) are memory for them and to work in."""
    *unit, length, square = planes
    x, y = normals[:2]
    z = np.minimum(normals[2], np.zeros(normals.shape[2], np.float32), out=unit[2])
    np.multiply(x, x, out=length)
    for component in (y, z):
        np.add(length, np.multiply(component, component, out=square), out=length)
    cv2.sqrt(length, dst=length)
    np.less_equal(length, 1e-6, out=short)
    with np.errstate(divide="ignore"):
        inverse = np.divide(np.float32(1), length, out=length)
    np.copyto(inverse, np.nan, where=short)
    return [np.multiply(component, inverse, out=target) for component, target in zip((x, y, z), unit, strict=True)]


def normals_from_depth(depth: Floats, intrinsics: Intrinsics) -> Floats:
    """Unit normals facing the camera, (H, W, 3) float32, by central differences of the points; NaN at the border and next to NaN.

    Uses no network: a reference for tests and evaluation, noisy on noisy depth.
    """
    points = depth_to_points(depth, intrinsics)
    out = np.full_like(points, np.nan)
    along_row = points[1:-1, 2:] - points[1:-1, :-2]
    along_column = points[2:, 1:-1] - points[:-2, 1:-1]
    normal = np.cross(along_column, along_row)
    with np.errstate(invalid="ignore", divide="ignore"):
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    out[1:-1, 1:-1] = -np.sign(np.sum(normal * points[1:-1, 1:-1], axis=-1, keepdims=True)) * normal
    return out


def millimetres(depth: Floats, buffers: BufferPool | None = None) -> NDArray[np.uint16]:
    """Depth (H, W) in m as whole millimetres; 0 where unknown, out of range or beyond 65.535 m (the raw form of REP-118)."""
    buffers = buffers or BufferPool()
    scaled, out = buffers.array("scaled", depth.shape, np.float32), buffers.array("millimetres", depth.shape, np.uint16)
    fits, known = (buffers.array(name, depth.shape, np.bool_) for name in ("fits", "known"))
    with np.errstate(invalid="ignore"):
        np.rint(np.multiply(depth, np.float32(1e3), out=scaled), out=scaled)
    np.logical_and(np.less_equal(scaled, 65535, out=fits), np.greater(scaled, 0, out=known), out=fits)
    np.copyto(scaled, 0, where=np.logical_not(fits, out=fits))
    np.copyto(out, scaled, casting="unsafe")
    return out
