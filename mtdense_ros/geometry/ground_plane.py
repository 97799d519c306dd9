"""The floor plane under the camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.utils.buffers import BufferPool

HYPOTHESES = 64
SAMPLES = 1000
MIN_POINTS = 50
STRIP_ROWS = 16
TOLERANCE = 0.02
MAX_TILT_DEG = 60.0
LEVEL_UP = (0.0, -1.0, 0.0)
"""Up, in the optical frame of a level camera."""

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class GroundPlane:
    """A plane normal . p + height = 0 in the camera optical frame.

    The unit normal points from the floor towards the camera: about (0, -1, 0). The height of the camera above the floor is > 0, in
    the points' unit. inlier_share is the share of inliers among the points that were given.
    """

    normal: tuple[float, float, float]
    height: float
    inlier_share: float


def ground_plane(
    points: NDArray[np.float32],
    mask: NDArray[np.bool_] | None = None,
    tolerance: float = TOLERANCE,
    max_tilt_deg: float = MAX_TILT_DEG,
    buffers: BufferPool | None = None,
) -> GroundPlane | None:
    """The floor plane among the points (H, W, 3), in any unit of length, NaN where unknown; see plane_of_points.

    The mask (H, W) holds the floor pixels; without one they are the lower half of the image.
    """
    return plane_of_points(_candidates(points, mask, buffers or BufferPool()), tolerance, max_tilt_deg)


def plane_of_points(
    candidates: NDArray[np.float64], tolerance: float = TOLERANCE, max_tilt_deg: float = MAX_TILT_DEG, up: Vector = LEVEL_UP
) -> GroundPlane | None:
    """The floor plane by RANSAC and a least-squares fit to the inliers (Fischler and Bolles 1981), the same on every call.

    The candidates (n, 3) are finite points in any unit of length. An inlier's distance from the plane is at most `tolerance` times
    its depth; the normal is at most max_tilt_deg from the unit vector `up`. None where fewer than 50 points, or no such plane below
    the camera, are found.
    """
    if len(candidates) < MIN_POINTS:
        return None
    normals, heights = _hypotheses(candidates, up, np.random.default_rng(0))
    least = np.cos(np.radians(max_tilt_deg))
    plausible = (normals @ np.array(up) >= least) & (heights > 0)
    if not plausible.any():
        return None
    normals, heights = normals[plausible], heights[plausible]
    inliers = np.abs(candidates @ normals.T + heights) < tolerance * candidates[:, 2:]
    chosen = inliers[:, int(inliers.sum(axis=0).argmax())]
    if chosen.sum() < MIN_POINTS // 2:
        return None
    plane = _fit(candidates[chosen], up, float(chosen.mean()))  # of a small patch it can face any way, whatever the hypothesis did
    return plane if plane.height > 0 and float(np.dot(plane.normal, up)) >= least else None


def spread_pixels(usable: NDArray[np.bool_], limit: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns (n,) of at most `limit` of the usable pixels (H, W), evenly spread; some rows at a time, to need little memory."""
    stride = max(1, -(-np.count_nonzero(usable) // limit))
    chosen, seen = [], 0
    for top in range(0, usable.shape[0], STRIP_ROWS):
        rows, columns = np.nonzero(usable[top : top + STRIP_ROWS])
        every = slice(-seen % stride, None, stride)
        chosen.append((top + rows[every], columns[every]))
        seen += len(rows)
    rows, columns = (np.concatenate(parts) for parts in zip(*chosen, strict=True))
    return rows, columns


def _candidates(points: NDArray[np.float32], mask: NDArray[np.bool_] | None, buffers: BufferPool) -> NDArray[np.float64]:
    """At most SAMPLES finite points (n, 3), evenly spread over the chosen pixels."""
    usable = np.isfinite(points[..., 2], out=buffers.array("usable", points.shape[:2], np.bool_))
    if mask is None:
        usable[: points.shape[0] // 2] = False
    else:
        np.logical_and(usable, mask, out=usable)
    return points[spread_pixels(usable, SAMPLES)].astype(np.float64)


def _hypotheses(
    points: NDArray[np.float64], up: Vector, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Planes through random triples: unit normals on the side of `up` (n, 3), heights (n,); degenerate triples are left out."""
    a, b, c = (points[random.integers(len(points), size=HYPOTHESES)] for _ in range(3))
    normals = np.cross(b - a, c - a)
    lengths = np.linalg.norm(normals, axis=1)
    sound = lengths > 1e-9 * np.square(a).sum(axis=1)
    normals = normals[sound] / lengths[sound, None]
    normals *= np.where(normals @ np.array(up) < 0, -1.0, 1.0)[:, None]
    heights: NDArray[np.float64] = -np.einsum("ij,ij->i", normals, a[sound])
    return normals, heights


def _fit(points: NDArray[np.float64], up: Vector, inlier_share: float) -> GroundPlane:
    """Least squares; each point weighs by 1 / depth because the noise of depth grows with it."""
    weights = 1 / np.maximum(points[:, 2:], 1e-6)
    centre = np.sum(points * weights, axis=0) / weights.sum()
    normal = np.linalg.svd((points - centre) * weights, full_matrices=False)[2][-1]
    normal = normal if normal @ np.array(up) >= 0 else -normal
    x, y, z = (float(v) for v in normal)
    return GroundPlane((x, y, z), float(-normal @ centre), inlier_share)
