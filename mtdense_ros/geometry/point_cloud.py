"""Arrays -> the packed bytes of an organised cloud, and back. The layout is part of the public contract."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import UNLABELLED, check_rgb
from mtdense_ros.errors import InputError
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.imaging.encodings import Bytes
from mtdense_ros.imaging.transforms import confidence_byte, mask_byte
from mtdense_ros.utils.buffers import BufferPool, Value, strips
from mtdense_ros.utils.parallel import run_in_parallel

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
    depth: NDArray[np.float32],
    rays: RayTable,
    rgb: NDArray[np.uint8],
    labels: NDArray[np.uint8] | None = None,
    confidence: NDArray[np.float32] | None = None,
    foreground: NDArray[np.bool_] | None = None,
    buffers: BufferPool | None = None,
) -> NDArray[np.uint8]:
    """The data of a little-endian PointCloud2 with CLOUD_FIELDS, row by row: (H * W * POINT_STEP,) uint8.

    depth is (H, W) float32 m along the optical axis; a point is NaN where it is not finite or its pixel has no ray. rgb is (H, W, 3)
    uint8. Label ids (H, W) are 255 where None. Confidence (H, W) in [0, 1] becomes 0..255, and 0 where None. Foreground (H, W)
    becomes 0 or 255, like the mono8 mask, and 0 where None. Raises InputError on sizes that differ and on a confidence in bytes.
    """
    check_rgb(rgb, "cloud")
    rays.check(depth)
    _check_sizes(rgb, depth=depth, labels=labels, confidence=confidence, foreground=foreground)
    if confidence is not None and confidence.dtype.kind != "f":
        raise InputError(f"cloud: confidence is {confidence.dtype}, expected float in [0, 1]; divide bytes by 255 first")
    buffers = buffers or BufferPool()
    height, width = depth.shape
    packed = buffers.array("points", (height * width * POINT_STEP,), np.uint8)
    out = packed.view(np.int32).reshape(height, width, POINT_STEP // 4)
    every = strips((height, width))

    def pack(some: list[slice], scratch: BufferPool) -> None:
        words = scratch.array("words", (POINT_STEP // 4, every[0].stop, width), np.int32)
        fields = scratch.array("fields", (4, every[0].stop, width), np.uint8)
        fields[0], fields[1:] = UNLABELLED, 0
        for rows in some:
            count = rows.stop - rows.start
            x_y_z, color, classes = words[:3, :count], words[3, :count], words[4, :count]
            rays.fill(x_y_z.view(np.float32), depth[rows], rows)
            _fill_color(color, rgb[rows])
            maps = _rows(labels, rows), _rows(confidence, rows), _rows(foreground, rows)
            _fill_classes(classes, fields[:, :count], *maps)
            cv2.merge([*x_y_z, color, classes], dst=out[rows])  # as integers: no float unit may touch the packed bits

    upper, lower = buffers.part("upper half"), buffers.part("lower half")
    middle = (len(every) + 1) // 2
    run_in_parallel(partial(pack, every[:middle], upper), partial(pack, every[middle:], lower), worthwhile=len(every) > 1)
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
        if values is not None and values.shape != rgb.shape[:2]:
            raise InputError(f"cloud: {name} has shape {values.shape}, the image is {rgb.shape[:2]}; bring every map to camera size first")


def _rows(values: NDArray[Value] | None, rows: slice) -> NDArray[Value] | None:
    return None if values is None else values[rows]


def _fill_color(word: NDArray[np.int32], rgb: NDArray[np.uint8]) -> None:
    """0x00RRGGBB per pixel, that is the bytes B G R 0."""
    cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA, dst=word.view(np.uint8).reshape(*word.shape, 4))
    np.bitwise_and(word, 0x00FFFFFF, out=word)


def _fill_classes(
    word: NDArray[np.int32],
    fields: NDArray[np.uint8],
    labels: NDArray[np.uint8] | None,
    confidence: NDArray[np.float32] | None,
    foreground: NDArray[np.bool_] | None,
) -> None:
    """The bytes label, confidence, foreground, padding per pixel; `fields` (4, rows, W) is memory to work in, and holds what is absent."""
    planes = list(fields)
    if labels is not None:
        planes[0] = labels
    if confidence is not None:
        confidence_byte(confidence, planes[1])
    if foreground is not None:
        mask_byte(foreground, planes[2])
    cv2.merge(planes, dst=word.view(np.uint8).reshape(*word.shape, 4))
