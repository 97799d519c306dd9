"""Depth -> points and normals, unit normals, and what "no depth" means. Camera optical frame: x right, y down, z forward."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError
from mtdense_ros.records import Intrinsics

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
        """The rays of a pinhole camera, cached per intrinsics."""
        x = (np.arange(intrinsics.width, dtype=np.float64) - intrinsics.cx) / intrinsics.fx
        y = (np.arange(intrinsics.height, dtype=np.float64) - intrinsics.cy) / intrinsics.fy
        grid_x, grid_y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
        return RayTable(grid_x, grid_y)

    def points(self, depth: Floats) -> Floats:
        """Points (H, W, 3) float32 of a depth map (H, W) along the optical axis, in its unit; NaN where depth is not finite.

        Raises InputError when the depth map has another size.
        """
        if depth.shape != self.x.shape:
            raise InputError(f"depth map: shape {depth.shape}, the camera model has {self.x.shape}; scale the intrinsics to the map's size")
        with np.errstate(invalid="ignore"):
            known = np.isfinite(depth * self.x)
        z = np.where(known, depth, np.float32(np.nan))
        return np.asarray(cv2.merge([z * self.x, z * self.y, z]), np.float32)


def depth_to_points(depth: Floats, intrinsics: Intrinsics) -> Floats:
    """Points (H, W, 3) of a depth map (H, W) of a camera without distortion; see `RayTable.points`."""
    return RayTable.of(intrinsics).points(depth)


def apply_range(depth: Floats, min_m: float, max_m: float) -> Floats:
    """Depth (H, W) in m with -Inf where closer than min_m and +Inf where beyond max_m; NaN stays NaN (REP-117).

    A fresh array. Raises InputError unless min_m < max_m.
    """
    if not min_m < max_m:
        raise InputError(f"depth range: minimum {min_m} m is not below maximum {max_m} m; set depth.min below depth.max")
    out = np.array(depth, np.float32)
    out[depth < min_m] = -np.inf
    out[depth > max_m] = np.inf
    return out


def normalise_normals(normals: Floats) -> Floats:
    """Unit normals that face the camera, (H, W, 3) float32, of a network's resized map (3, H, W).

    n_z above 0 is clamped to 0 before the length becomes 1: the nearest normal on the camera's side. (Turning it round would make a
    level floor, whose n_z is 0 give or take noise, point down in half of its pixels.) NaN where nothing remains.
    """
    x, y = normals[0], normals[1]
    z = np.minimum(normals[2], np.float32(0))
    length = np.sqrt(x * x + y * y + z * z)
    with np.errstate(divide="ignore"):
        inverse = np.where(length > 1e-6, np.float32(1) / length, np.float32(np.nan))
    return np.asarray(cv2.merge([x * inverse, y * inverse, z * inverse]), np.float32)


def normals_from_depth(depth: Floats, intrinsics: Intrinsics) -> Floats:
    """Unit normals facing the camera, (H, W, 3) float32, by central differences of the points; NaN at the border and beside NaN.

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


def millimetres(depth: Floats) -> NDArray[np.uint16]:
    """Depth (H, W) in m as whole millimetres; 0 where unknown, out of range or beyond 65.535 m (the raw form of REP-118)."""
    with np.errstate(invalid="ignore"):
        scaled = np.rint(depth * np.float32(1e3))
        return np.where((scaled > 0) & (scaled <= 65535), scaled, 0).astype("<u2")
