"""Lens distortion: the rays of a distorted camera, or images as an ideal camera of the same K would take them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Intrinsics, RangeSamples, check_rgb
from mtdense_ros.errors import InputError, known_names
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.utils.buffers import BufferPool

Floats64 = NDArray[np.float64]

# Coefficient counts by the model names of sensor_msgs/CameraInfo; "fisheye" is what some drivers write for equidistant.
_COEFFICIENTS = {"": (0,), "plumb_bob": (4, 5), "rational_polynomial": (8, 12, 14), "equidistant": (4,), "fisheye": (4,)}
_FISHEYE = ("equidistant", "fisheye")
_MAX_ERROR_PX = 0.5
_MAX_RECTIFIED_SIDE = 32_766  # of cv2.remap, which counts pixels in 16 bits


@dataclass(frozen=True)
class CameraModel:
    """A camera with lens distortion: pinhole intrinsics, and model name and coefficients d as in sensor_msgs/CameraInfo.

    Raises InputError on an unknown model, a wrong number of coefficients and values that are not finite. An empty d is no distortion.
    """

    intrinsics: Intrinsics
    distortion_model: str = ""
    d: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.distortion_model not in _COEFFICIENTS:
            hint = known_names(self.distortion_model, filter(None, _COEFFICIENTS))
            raise InputError(f"camera model: distortion_model '{self.distortion_model}' is unknown; {hint}")
        counts = _COEFFICIENTS[self.distortion_model]
        matters = any(self.d) or self.is_fisheye  # drivers without a calibration send zeros of any count
        if matters and len(self.d) not in counts:
            due = " or ".join(str(n) for n in counts)
            raise InputError(f"camera model: {len(self.d)} coefficients where '{self.distortion_model}' has {due}; calibrate the camera")
        if not all(math.isfinite(v) for v in self.d):
            raise InputError(f"camera model: coefficients {self.d} are not all finite; calibrate the camera again")

    @property
    def is_fisheye(self) -> bool:
        """Whether d are the coefficients of an equidistant fisheye lens."""
        return self.distortion_model in _FISHEYE and bool(self.d)

    @property
    def is_distorted(self) -> bool:
        """Whether images differ from those of an ideal camera: an equidistant lens does so even with coefficients of zero."""
        return self.is_fisheye or any(self.d)

    @property
    def matrix(self) -> Floats64:
        """K, (3, 3) float64."""
        i = self.intrinsics
        return np.array([[i.fx, 0, i.cx], [0, i.fy, i.cy], [0, 0, 1]], np.float64)

    @property
    def coefficients(self) -> Floats64:
        """d, (n,) float64."""
        return np.array(self.d, np.float64)


def require_undistorted(model: CameraModel) -> None:
    """The mode "refuse": raises InputError when the camera is distorted."""
    if model.is_distorted:
        raise InputError(
            f"camera model: images are distorted ('{model.distortion_model}', D = {list(model.d)}) and camera_model is 'refuse'; "
            "use rectified images, or set camera_model to rays or rectify"
        )


@lru_cache(maxsize=8)
def ray_table(model: CameraModel) -> RayTable:
    """The mode "rays": where each pixel of the distorted image looks, so that its cloud is right without resampling.

    NaN where the model cannot be inverted (found by distorting the ray again). Cached per model.
    """
    if not model.is_distorted:
        return RayTable.of(model.intrinsics)
    i = model.intrinsics
    pixels = np.stack(np.meshgrid(np.arange(i.width), np.arange(i.height)), axis=-1).reshape(-1, 1, 2).astype(np.float64)
    rays = _undistort(pixels, model)
    error = np.abs(_project(rays, model) - pixels).max(axis=-1)
    rays[~(error < _MAX_ERROR_PX)] = np.nan
    x, y = rays.reshape(i.height, i.width, 2).astype(np.float32).transpose(2, 0, 1)
    return RayTable(np.ascontiguousarray(x), np.ascontiguousarray(y))


def rectify(rgb: NDArray[np.uint8], model: CameraModel, buffers: BufferPool | None = None) -> NDArray[np.uint8]:
    """The mode "rectify": the image (H, W, 3) as a camera with the same K and no distortion sees it, black where unseen.

    Raises InputError when the image has another size than the model, or sides that are too long.
    """
    check_rgb(rgb, "rectify")
    i = model.intrinsics
    if rgb.shape[:2] != (i.height, i.width):
        raise InputError(f"rectify: image is {rgb.shape[1]}x{rgb.shape[0]}, the model {i.width}x{i.height}; use this image's camera_info")
    if not model.is_distorted:
        return rgb
    if max(i.width, i.height) > _MAX_RECTIFIED_SIDE:
        raise InputError(f"rectify: image is {i.width}x{i.height}, sides are {_MAX_RECTIFIED_SIDE} at most; set camera_model to rays")
    out = (buffers or BufferPool()).array("rectified", rgb.shape, np.uint8)
    cv2.remap(rgb, *_maps(model), interpolation=cv2.INTER_LINEAR, dst=out)
    return out


def rectify_samples(samples: RangeSamples, model: CameraModel) -> RangeSamples:
    """Samples on the pixels of the distorted image, on those of the rectified one; what it does not show is left out."""
    rays, i = ray_table(model), model.intrinsics
    with np.errstate(invalid="ignore"):
        columns = np.rint(rays.x[samples.rows, samples.columns] * i.fx + i.cx)
        rows = np.rint(rays.y[samples.rows, samples.columns] * i.fy + i.cy)
        seen = (columns >= 0) & (columns < i.width) & (rows >= 0) & (rows < i.height)  # False for NaN
    return RangeSamples(rows[seen].astype(np.intp), columns[seen].astype(np.intp), samples.metres[seen])


@lru_cache(maxsize=8)
def _maps(model: CameraModel) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    size = (model.intrinsics.width, model.intrinsics.height)
    initialise = cv2.fisheye.initUndistortRectifyMap if model.is_fisheye else cv2.initUndistortRectifyMap
    first, second = initialise(model.matrix, model.coefficients, np.eye(3), model.matrix, size, cv2.CV_16SC2)
    return np.asarray(first, np.int16), np.asarray(second, np.uint16)


def _undistort(pixels: Floats64, model: CameraModel) -> Floats64:
    """x / z, y / z of pixels (N, 1, 2)."""
    if model.is_fisheye:
        return np.asarray(cv2.fisheye.undistortPoints(pixels, model.matrix, model.coefficients), np.float64)
    until = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-9)
    return np.asarray(cv2.undistortPointsIter(pixels, model.matrix, model.coefficients, np.eye(3), np.eye(3), until), np.float64)


def _project(rays: Floats64, model: CameraModel) -> Floats64:
    """Pixels (N, 1, 2) of x / z, y / z."""
    if model.is_fisheye:
        return np.asarray(cv2.fisheye.distortPoints(rays, model.matrix, model.coefficients), np.float64)
    points = np.concatenate([rays, np.ones_like(rays[..., :1])], axis=-1)
    zero = np.zeros(3)
    return np.asarray(cv2.projectPoints(points, zero, zero, model.matrix, model.coefficients)[0], np.float64)
