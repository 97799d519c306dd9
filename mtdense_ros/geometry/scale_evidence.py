"""What is known of the true depth in one frame: at the pixels of a range sensor, or of a floor below a camera of known height."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import CameraMount, RangeSamples
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.ground_plane import LEVEL_UP, MAX_TILT_DEG, plane_of_points, spread_pixels
from mtdense_ros.geometry.metric_scale import Evidence
from mtdense_ros.utils.buffers import BufferPool

FLOOR_SAMPLES = 1000
MIN_INLIER_SHARE = 0.5

MOUNT_TOLERANCE_DEG = 15.0
"""How far the floor seen may be tilted against a known mount: ramps, soft suspensions, and the network's own errors."""

_LEAST_STEEPNESS = 0.02  # of a ray below the horizon, about 1 degree: farther floor says nothing of the height


def evidence_of_range(values: NDArray[np.float32], samples: RangeSamples, inverse: bool = False) -> Evidence:
    """The pairs of a network's map (H, W) and the range samples on its pixels."""
    seen = values[samples.rows, samples.columns].astype(np.float64)
    usable = says_something(seen, inverse)
    if not usable.any():
        return Evidence.none("the network gives no depth where the range image has some" if len(seen) else "the range image is empty")
    return Evidence(seen[usable], samples.metres[usable].astype(np.float64), np.ones(np.count_nonzero(usable)))


def evidence_of_floor(
    values: NDArray[np.float32],
    rays: RayTable,
    floor: NDArray[np.bool_] | None,
    mount: CameraMount,
    inverse: bool = False,
    buffers: BufferPool | None = None,
) -> Evidence:
    """The pairs of a network's map (H, W) and the depth of a floor at the mount's height, at some of the floor's pixels.

    The floor (H, W) is searched in the lower half of the image where it is None. Its normal is the mount's `up`. Where that is not
    known, it is that of the plane in the network's own depth, which a wrong scale does not turn, but the network's errors do. Inverse
    depth has no plane before it has its shift: without `up` its camera is level. A pixel counts by the square of how steeply its ray
    meets the floor, because an error of the normal changes far depth more.
    """
    buffers = buffers or BufferPool()
    rows, columns = spread_pixels(_usable(values, floor, inverse, buffers), FLOOR_SAMPLES)
    directions = np.stack([rays.x[rows, columns], rays.y[rows, columns], np.ones(len(rows), np.float32)], axis=1).astype(np.float64)
    seen = values[rows, columns].astype(np.float64)
    up = mount.up or LEVEL_UP
    if not inverse:
        tilt_deg = MAX_TILT_DEG if mount.up is None else MOUNT_TOLERANCE_DEG
        plane = plane_of_points(directions * seen[:, None], max_tilt_deg=tilt_deg, up=up)
        if plane is None:
            return Evidence.none("no floor plane below the camera in this frame")
        if plane.inlier_share < MIN_INLIER_SHARE:
            return Evidence.none(f"only {plane.inlier_share:.0%} of the floor pixels lie on one plane")
        up = mount.up or plane.normal
    steepness = -directions @ np.array(up)
    usable = steepness > _LEAST_STEEPNESS  # False for rays that are not known
    if not usable.any():
        return Evidence.none("no floor below the horizon in this frame")
    return Evidence(seen[usable], mount.height_m / steepness[usable], np.square(steepness[usable]))


def says_something(values: NDArray[np.floating[Any]], inverse: bool, buffers: BufferPool | None = None) -> NDArray[np.bool_]:
    """Where a network's values, any shape, are finite and no bound: above 0, or, of inverse depth, not 0, where it is cut off."""
    buffers = buffers or BufferPool()
    usable, finite = (buffers.array(name, values.shape, np.bool_) for name in ("usable", "finite"))
    (np.not_equal if inverse else np.greater)(values, 0, out=usable)
    np.logical_and(usable, np.isfinite(values, out=finite), out=usable)
    return usable


def _usable(
    values: NDArray[np.float32], floor: NDArray[np.bool_] | None, inverse: bool, buffers: BufferPool
) -> NDArray[np.bool_]:
    """The pixels (H, W) of the floor whose values say something."""
    usable = says_something(values, inverse, buffers)
    if floor is None:
        usable[: values.shape[0] // 2] = False
    else:
        np.logical_and(usable, floor, out=usable)
    return usable
