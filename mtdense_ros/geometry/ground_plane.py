"""The floor plane under the camera, and the metric scale that a known camera height gives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.utils.buffers import BufferPool

HYPOTHESES = 64
SAMPLES = 1000
MIN_POINTS = 50
STRIP_ROWS = 16

_WEIGHT_OF_NEW = 0.2  # in the smoothed scale


@dataclass(frozen=True)
class GroundPlane:
    """A plane normal . p + height = 0 in the camera optical frame.

    The unit normal points from the floor towards the camera: about (0, -1, 0). The height of the camera above the floor is > 0, in
    the points' unit. inlier_share is the share of inliers among the points that were given.
    """

    normal: tuple[float, float, float]
    height: float
    inlier_share: float


@dataclass(frozen=True)
class HeightScale:
    """The factor from a network's depth to metres, or None and the reason."""

    scale: float | None
    reason: str = ""


def ground_plane(
    points: NDArray[np.float32],
    mask: NDArray[np.bool_] | None = None,
    tolerance: float = 0.02,
    max_tilt_deg: float = 60.0,
    buffers: BufferPool | None = None,
) -> GroundPlane | None:
    """The floor plane by RANSAC and a least-squares fit to the inliers (Fischler and Bolles 1981), the same on every call.

    The points (H, W, 3) are in any unit of length, NaN where unknown. The mask (H, W) holds the floor pixels; without one they are
    the lower half of the image. An inlier's distance from the plane is at most `tolerance` times its depth; the normal is at most
    max_tilt_deg from -y. None where fewer than 50 points, or no such plane below the camera, are found.
    """
    candidates = _candidates(points, mask, buffers or BufferPool())
    if len(candidates) < MIN_POINTS:
        return None
    normals, heights = _hypotheses(candidates, np.random.default_rng(0))
    plausible = (-normals[:, 1] >= np.cos(np.radians(max_tilt_deg))) & (heights > 0)
    if not plausible.any():
        return None
    normals, heights = normals[plausible], heights[plausible]
    inliers = np.abs(candidates @ normals.T + heights) < tolerance * candidates[:, 2:]
    chosen = inliers[:, int(inliers.sum(axis=0).argmax())]
    if chosen.sum() < MIN_POINTS // 2:
        return None
    plane = _fit(candidates[chosen], float(chosen.mean()))  # of a small patch it can face any way, whatever the hypothesis did
    return plane if plane.height > 0 and -plane.normal[1] >= np.cos(np.radians(max_tilt_deg)) else None


def camera_height_scale(
    depth: NDArray[np.float32],
    rays: RayTable,
    floor_mask: NDArray[np.bool_] | None,
    camera_height_m: float,
    buffers: BufferPool | None = None,
) -> HeightScale:
    """The scale that puts the floor seen in a depth map (H, W) at the known height of the camera above it, in m.

    The rays are the camera's. Without a floor_mask (H, W) the lower half of the image is searched. Where no floor is seen, the
    scale is None and the reason is given.
    """
    if camera_height_m <= 0:
        return HeightScale(None, f"camera height {camera_height_m} m is not positive; set depth.camera_height")
    plane = ground_plane(rays.points(depth, buffers), floor_mask, buffers=buffers)
    if plane is None:
        return HeightScale(None, "no floor plane below the camera in this frame")
    if plane.inlier_share < 0.5:
        return HeightScale(None, f"only {plane.inlier_share:.0%} of the floor pixels lie on one plane")
    return HeightScale(camera_height_m / plane.height)


def _candidates(points: NDArray[np.float32], mask: NDArray[np.bool_] | None, buffers: BufferPool) -> NDArray[np.float64]:
    """At most SAMPLES finite points, evenly spread over the chosen pixels; some rows at a time, to need little memory."""
    height = points.shape[0]
    usable = np.isfinite(points[..., 2], out=buffers.array("usable", points.shape[:2], np.bool_))
    if mask is None:
        usable[: height // 2] = False
    else:
        np.logical_and(usable, mask, out=usable)
    stride = max(1, -(-np.count_nonzero(usable) // SAMPLES))
    chosen, seen = [], 0
    for top in range(0, height, STRIP_ROWS):
        rows, columns = np.nonzero(usable[top : top + STRIP_ROWS])
        every = slice(-seen % stride, None, stride)
        chosen.append(points[top + rows[every], columns[every]])
        seen += len(rows)
    return np.concatenate(chosen).astype(np.float64)


def _hypotheses(points: NDArray[np.float64], random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Planes through random triples: unit normals with n_y <= 0 (n, 3), heights (n,); degenerate triples are left out."""
    a, b, c = (points[random.integers(len(points), size=HYPOTHESES)] for _ in range(3))
    normals = np.cross(b - a, c - a)
    lengths = np.linalg.norm(normals, axis=1)
    sound = lengths > 1e-9 * np.square(a).sum(axis=1)
    normals = normals[sound] / lengths[sound, None]
    normals *= np.where(normals[:, 1:2] > 0, -1.0, 1.0)
    heights: NDArray[np.float64] = -np.einsum("ij,ij->i", normals, a[sound])
    return normals, heights


def _fit(points: NDArray[np.float64], inlier_share: float) -> GroundPlane:
    """Least squares; each point weighs by 1 / depth because the noise of depth grows with it."""
    weights = 1 / np.maximum(points[:, 2:], 1e-6)
    centre = np.sum(points * weights, axis=0) / weights.sum()
    normal = np.linalg.svd((points - centre) * weights, full_matrices=False)[2][-1]
    normal = normal if normal[1] <= 0 else -normal
    x, y, z = (float(v) for v in normal)
    return GroundPlane((x, y, z), float(-normal @ centre), inlier_share)


class SmoothedScale:
    """A factor on depth, smoothed over frames in the logarithm (an error of scale is a ratio).

    `value` is the factor, 1 until a floor was seen; `measured` says whether one was. `problem` says why the last frame gave none,
    and is empty where it gave one.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets what was measured."""
        self.value = 1.0
        self.problem = "no floor seen yet"
        self.measured = False

    def update(
        self,
        depth: NDArray[np.float32],
        rays: RayTable | None,
        floor: NDArray[np.bool_] | None,
        height_m: float,
        buffers: BufferPool | None = None,
    ) -> None:
        """Measures in an unscaled depth map (H, W) of a camera with these rays, None where it is unknown.

        The floor's pixels (H, W) are the lower half of the image where they are None.
        """
        if rays is None:
            self.problem = "no camera_info"
            return
        found = camera_height_scale(depth, rays, floor, height_m, buffers)
        self.problem = found.reason
        if found.scale is None:
            return
        weight = _WEIGHT_OF_NEW if self.measured else 1.0
        self.value = math.exp((1 - weight) * math.log(self.value) + weight * math.log(found.scale))
        self.measured = True
