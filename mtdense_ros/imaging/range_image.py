"""The pixels of a range image at which something was measured: 32FC1 in m or 16UC1 in mm, dense or sparse."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import RangeSamples
from mtdense_ros.errors import InputError
from mtdense_ros.imaging.encodings import Bytes

MAX_SAMPLES = 1000

_KINDS = {"32FC1": ("f4", 1.0), "16UC1": ("u2", 1e-3)}


def range_samples(data: Bytes, width: int, height: int, encoding: str, step: int, is_bigendian: bool = False) -> RangeSamples:
    """At most MAX_SAMPLES of the pixels with a depth, evenly spread, of the data of a sensor_msgs/Image.

    NaN, Inf, 0 and negative values are no depth. Raises InputError on another encoding, and on sizes that do not fit together.
    """
    if encoding not in _KINDS:
        raise InputError(f"range image: encoding '{encoding}' is not known; use 32FC1 (m) or 16UC1 (mm)")
    kind, metres_per_unit = _KINDS[encoding]
    pixel = np.dtype((">" if is_bigendian else "<") + kind)
    raw = np.frombuffer(data, np.uint8)
    if width <= 0 or height <= 0 or step < width * pixel.itemsize or raw.size < (height - 1) * step + width * pixel.itemsize:
        found = f"{width}x{height} with step {step} and {raw.size} bytes"
        raise InputError(f"range image: {found} do not make an image '{encoding}'; the message is cut short or its fields are wrong")
    depth: NDArray[Any] = np.ndarray((height, width), pixel, buffer=raw, strides=(step, pixel.itemsize))
    with np.errstate(invalid="ignore"):
        known = depth > 0
    if pixel.kind == "f":
        known &= depth < np.inf
    pixels = np.flatnonzero(known)
    rows, columns = np.divmod(pixels[:: max(1, -(-len(pixels) // MAX_SAMPLES))], width)
    return RangeSamples(rows, columns, (depth[rows, columns] * metres_per_unit).astype(np.float32))
