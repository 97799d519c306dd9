"""Frozen records that cross layers. Each is checked when it is built, so that later code need not ask."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import ConfigError, InputError

UNLABELLED = 255
"""The label id of a pixel without a class."""

Rgb = NDArray[np.uint8]
"""An image (H, W, 3)."""

OUTPUTS = ("labels", "confidence", "depth", "normals", "foreground")
"""Everything that a prediction can hold, in the order in which it is computed."""


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole camera without distortion: image size and focal lengths and principal point, all in pixels.

    The centre of the top-left pixel is (0, 0), as in sensor_msgs/CameraInfo. Raises InputError on a non-positive size or
    focal length and on values that are not finite.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise InputError(f"intrinsics: image size {self.width}x{self.height} is not positive; use the size of the camera's images")
        if not all(math.isfinite(v) for v in (self.fx, self.fy, self.cx, self.cy)):
            raise InputError(f"intrinsics: fx={self.fx} fy={self.fy} cx={self.cx} cy={self.cy} are not all finite; calibrate the camera")
        if self.fx <= 0 or self.fy <= 0:
            raise InputError(
                f"intrinsics: focal length fx={self.fx} fy={self.fy} is not positive; "
                "calibrate the camera (an uncalibrated driver sends zeros)"
            )

    def scaled(self, width: int, height: int) -> Intrinsics:
        """The same camera for its image resized to (width, height) with pixel centres at half-integer positions."""
        sx, sy = width / self.width, height / self.height
        return Intrinsics(width, height, self.fx * sx, self.fy * sy, (self.cx + 0.5) * sx - 0.5, (self.cy + 0.5) * sy - 0.5)


@dataclass(frozen=True)
class LabelClass:
    """One class: id 0..254, name, display colour (r, g, b) 0..255, and what it means to a ground robot."""

    id: int
    name: str
    color: tuple[int, int, int]
    traversable: bool = False
    obstacle: bool = False
    dynamic: bool = False


@dataclass(frozen=True)
class LabelSpace:
    """A named, ordered set of classes with ids 0..n-1. Raises ConfigError on gaps, repeated names or colours out of range."""

    name: str
    classes: tuple[LabelClass, ...]

    def __post_init__(self) -> None:
        if not self.classes:
            raise ConfigError(f"label space '{self.name}': has no classes; list at least one")
        for expected, c in enumerate(self.classes):
            if c.id != expected:
                raise ConfigError(
                    f"label space '{self.name}': class '{c.name}' has id {c.id} where {expected} is due; "
                    "number the classes 0..n-1 in order"
                )
            if len(c.color) != 3 or not all(0 <= v <= 255 for v in c.color):
                raise ConfigError(f"label space '{self.name}': colour {c.color} of '{c.name}' is not three values 0..255")
        if len(set(self.names)) != len(self.classes):
            raise ConfigError(f"label space '{self.name}': class names repeat; give each class its own name")
        if len(self.classes) > UNLABELLED:
            raise ConfigError(
                f"label space '{self.name}': {len(self.classes)} classes do not fit into 8-bit ids with {UNLABELLED} unlabelled; "
                "merge some"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Class names in id order."""
        return tuple(c.name for c in self.classes)

    @property
    def colors(self) -> tuple[tuple[int, int, int], ...]:
        """Display colours (r, g, b) in id order."""
        return tuple(c.color for c in self.classes)


@dataclass(frozen=True, eq=False)
class RangeSamples:
    """Depth in m along the optical axis that a sensor has measured at some pixels: rows, columns and metres, (n,) each, metres > 0."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    metres: NDArray[np.float32]

    def __post_init__(self) -> None:
        if not self.rows.shape == self.columns.shape == self.metres.shape or self.rows.ndim != 1:
            shapes = self.rows.shape, self.columns.shape, self.metres.shape
            raise InputError(f"range samples: rows, columns and depths have the shapes {shapes}; give one of each per sample")


@dataclass(frozen=True)
class CameraMount:
    """The height of a camera above the floor in m, and the unit vector that points up in its optical frame, None where unknown."""

    height_m: float
    up: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.height_m) and self.height_m > 0):
            raise InputError(f"camera mount: height {self.height_m} m is not above the floor; set depth.camera_height, or correct TF")


@dataclass(frozen=True, eq=False)
class ScaleReference:
    """What the scale of a frame's depth can be measured against. `lack` says why what was asked for is not there."""

    ranges: RangeSamples | None = None
    mount: CameraMount | None = None
    lack: str = ""


@dataclass(frozen=True)
class Frame:
    """One camera image on its way through the pipeline: rgb (H, W, 3) uint8, acquisition stamp in ns, optical frame name.

    rectified: the image was rectified here, so it fits only references that were. reference: of its metric scale.
    """

    rgb: NDArray[np.uint8]
    stamp_ns: int = 0
    frame_id: str = ""
    intrinsics: Intrinsics | None = None
    rectified: bool = False
    reference: ScaleReference | None = None

    def __post_init__(self) -> None:
        check_rgb(self.rgb, "frame")
        height, width = self.rgb.shape[:2]
        i = self.intrinsics
        if i is not None and (i.width, i.height) != (width, height):
            raise InputError(
                f"frame: intrinsics are for {i.width}x{i.height}, the image is {width}x{height}; use the camera_info of this image"
            )


@dataclass(frozen=True)
class Prediction:
    """What the networks say of one frame, at camera size. What a network lacks, or was not asked for, is None.

    labels (H, W) uint8, 255 unlabelled; confidence (H, W) float32 in [0, 1] of that label; depth (H, W) float32 metres
    along the optical axis (relative units where the card says so), NaN unknown, +Inf beyond and -Inf below the range (REP-117);
    normals (H, W, 3) float32, unit, camera optical frame, n_z <= 0 (facing the camera), NaN unknown; foreground (H, W) bool;
    timings in ms per stage. focal_assumed: no intrinsics were given, so depth holds for the card's focal length only.
    """

    labels: NDArray[np.uint8] | None = None
    confidence: NDArray[np.float32] | None = None
    depth: NDArray[np.float32] | None = None
    normals: NDArray[np.float32] | None = None
    foreground: NDArray[np.bool_] | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    focal_assumed: bool = False


def check_rgb(rgb: NDArray[np.uint8], what: str) -> None:
    """Raises InputError, naming `what`, unless rgb is a non-empty (H, W, 3) uint8 array."""
    if not isinstance(rgb, np.ndarray) or rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        found = f"{rgb.dtype} {rgb.shape}" if isinstance(rgb, np.ndarray) else type(rgb).__name__
        raise InputError(f"{what}: expected an RGB array (H, W, 3) uint8, found {found}; convert the image first")
    if rgb.size == 0:
        raise InputError(f"{what}: image of size {rgb.shape[1]}x{rgb.shape[0]} is empty; check the camera driver")


def image_size(rgb: Rgb) -> tuple[int, int]:
    """(height, width) of an image."""
    return rgb.shape[0], rgb.shape[1]
