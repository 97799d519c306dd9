"""Arrays -> the packed bytes of an organised cloud, and back. The layout is part of the public contract."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.encodings import Bytes
from mtdense_ros.errors import InputError
from mtdense_ros.records import UNLABELLED, check_rgb
from mtdense_ros.transforms import confidence_byte, mask_byte
from mtdense_ros.workspace import Workspace

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
    workspace: Workspace | None = None,
) -> NDArray[np.uint8]:
    """The data of a little-endian PointCloud2 with CLOUD_FIELDS, row by row: (H * W * POINT_STEP,) uint8.

    points: (H, W, 3) float32 m, NaN where unknown, laid out in memory as by `RayTable.points` if it is to be fast; rgb: (H, W, 3)
    uint8. labels: (H, W) ids, 255 where None; confidence: (H, W) in [0, 1] or already 0..255, 0 where None; foreground: (H, W)
    bool or 0/255, packed as 0 or 255 like the mono8 mask, 0 where None. Raises InputError on sizes that differ.
    """
    check_rgb(rgb, "cloud")
    _check_sizes(rgb, points=points, labels=labels, confidence=confidence, foreground=foreground)
    workspace = workspace or Workspace()
    height, width = rgb.shape[:2]
    words = [np.ascontiguousarray(points[..., i], np.float32).view(np.int32) for i in range(3)]  # no float unit may touch packed bits
    words.append(_color_word(rgb, workspace))
    words.append(_class_word(labels, confidence, foreground, (height, width), workspace))
    packed = workspace.array("points", (height * width * POINT_STEP,), np.uint8)
    cv2.merge(words, dst=packed.view(np.int32).reshape(height, width, len(words)))
    return packed


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


def _color_word(rgb: NDArray[np.uint8], workspace: Workspace) -> NDArray[np.int32]:
    """0x00RRGGBB per pixel, that is the bytes B G R 0."""
    bgra = workspace.array("bgra", (*rgb.shape[:2], 4), np.uint8)
    cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA, dst=bgra)
    word = bgra.view(np.int32)[..., 0]
    return np.bitwise_and(word, 0x00FFFFFF, out=word)


def _class_word(
    labels: NDArray[np.uint8] | None,
    confidence: NDArray[np.float32] | NDArray[np.uint8] | None,
    foreground: NDArray[np.bool_] | NDArray[np.uint8] | None,
    size_hw: tuple[int, int],
    workspace: Workspace,
) -> NDArray[np.int32]:
    """The bytes label, confidence, foreground, padding per pixel."""

    def all_of(value: int) -> NDArray[np.uint8]:
        plane = workspace.array(f"all {value}", size_hw, np.uint8)
        plane.fill(value)
        return plane

    label = all_of(UNLABELLED) if labels is None else labels
    probability = all_of(0) if confidence is None else _confidence_bytes(confidence, workspace)
    changed = all_of(0) if foreground is None else mask_byte(foreground, workspace)
    word = workspace.array("class word", (*size_hw, 4), np.uint8)
    cv2.merge([label, probability, changed, all_of(0)], dst=word)
    return word.view(np.int32)[..., 0]


def _confidence_bytes(confidence: NDArray[np.float32] | NDArray[np.uint8], workspace: Workspace) -> NDArray[np.uint8]:
    if confidence.dtype == np.uint8:
        return np.asarray(confidence, np.uint8)
    return confidence_byte(np.asarray(confidence, np.float32), workspace)
