"""Arrays -> the packed bytes of an organised cloud, and back. The layout is part of the public contract."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.encodings import Bytes
from mtdense_ros.errors import InputError
from mtdense_ros.records import UNLABELLED, check_rgb
from mtdense_ros.transforms import confidence_byte

UINT8 = 2
FLOAT32 = 7
"""Data type codes of sensor_msgs/PointField."""

CLOUD_FIELDS = (
    ("x", 0, FLOAT32, 1),
    ("y", 4, FLOAT32, 1),
    ("z", 8, FLOAT32, 1),
    ("rgb", 12, FLOAT32, 1),
    ("label", 16, UINT8, 1),
    ("confidence", 17, UINT8, 1),
    ("foreground", 18, UINT8, 1),
)
"""(name, offset in bytes, data type code, count) of each field; rgb is 0x00RRGGBB in the bits of a float, byte 19 is padding."""

POINT_STEP = 20


def pack_cloud(
    points: NDArray[np.float32],
    rgb: NDArray[np.uint8],
    labels: NDArray[np.uint8] | None = None,
    confidence: NDArray[np.float32] | NDArray[np.uint8] | None = None,
    foreground: NDArray[np.bool_] | NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """The data of a little-endian PointCloud2 with CLOUD_FIELDS, row by row: (H * W * POINT_STEP,) uint8.

    points: (H, W, 3) float32 m, NaN where unknown; rgb: (H, W, 3) uint8. labels: (H, W) ids, 255 where None; confidence: (H, W)
    in [0, 1] or already 0..255, 0 where None; foreground: (H, W) bool or 0/255, packed as 0 or 255 like the mono8 mask, 0
    where None. Raises InputError on sizes that differ.
    """
    check_rgb(rgb, "cloud")
    _check_sizes(rgb, points=points, labels=labels, confidence=confidence, foreground=foreground)
    xyz = np.ascontiguousarray(points, np.float32).view(np.int32)  # as integers: no float unit may touch the packed bits
    words = cv2.merge([xyz, _color_word(rgb), _class_word(rgb.shape[:2], labels, confidence, foreground)])
    return np.asarray(words).view(np.uint8).reshape(-1)


def unpack_cloud(data: Bytes, width: int, height: int) -> dict[str, NDArray[np.generic]]:
    """The arrays of a packed cloud: points (H, W, 3) float32, rgb (H, W, 3), label, confidence, foreground (H, W) uint8.

    Raises InputError when data has not exactly width * height points.
    """
    raw = np.frombuffer(data, np.uint8)
    if raw.size != width * height * POINT_STEP:
        raise InputError(f"cloud: {raw.size} bytes are not {width}x{height} points of {POINT_STEP}; use the size in the same message")
    cells = raw.reshape(height, width, POINT_STEP)
    return {
        "points": cells[..., :12].copy().view("<f4"),
        "rgb": cells[..., 14:11:-1].copy(),
        "label": cells[..., 16].copy(),
        "confidence": cells[..., 17].copy(),
        "foreground": cells[..., 18].copy(),
    }


def _check_sizes(rgb: NDArray[np.uint8], **maps: NDArray[np.generic] | None) -> None:
    for name, values in maps.items():
        expected = rgb.shape if name == "points" else rgb.shape[:2]
        if values is not None and values.shape != expected:
            raise InputError(f"cloud: {name} has shape {values.shape}, the image needs {expected}; bring every map to camera size first")


def _color_word(rgb: NDArray[np.uint8]) -> NDArray[np.int32]:
    """0x00RRGGBB per pixel, that is the bytes B G R 0."""
    bgra = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA)).view(np.int32)[..., 0]
    bgra &= 0x00FFFFFF
    return bgra


def _class_word(
    size_hw: tuple[int, ...],
    labels: NDArray[np.uint8] | None,
    confidence: NDArray[np.float32] | NDArray[np.uint8] | None,
    foreground: NDArray[np.bool_] | NDArray[np.uint8] | None,
) -> NDArray[np.int32]:
    """The bytes label, confidence, foreground, padding per pixel."""
    zero = np.zeros(size_hw, np.uint8)
    label = np.full(size_hw, UNLABELLED, np.uint8) if labels is None else labels
    probability = zero if confidence is None else _confidence_bytes(confidence)
    changed = zero if foreground is None else cv2.threshold(foreground.view(np.uint8), 0, 255, cv2.THRESH_BINARY)[1]
    return np.asarray(cv2.merge([label, probability, changed, zero])).view(np.int32)[..., 0]


def _confidence_bytes(confidence: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    if confidence.dtype == np.uint8:
        return np.asarray(confidence, np.uint8)
    return confidence_byte(np.asarray(confidence, np.float32))
