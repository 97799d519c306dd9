"""Image bytes + encoding + step + endianness -> RGB array, and back: all that an image message needs, without ROS."""

from __future__ import annotations

import array
import math
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError, known_names
from mtdense_ros.utils.buffers import BufferPool, Shape, Value

Bytes: TypeAlias = "bytes | bytearray | memoryview | array.array[int] | NDArray[np.uint8]"
Image: TypeAlias = NDArray[np.uint8]


class UnknownEncoding(InputError):  # noqa: N818
    """An encoding that this module cannot convert; another converter may."""


@dataclass(frozen=True)
class _Layout:
    """How one encoding lies in memory, and the OpenCV conversion of its 8-bit samples to RGB (None: it is RGB)."""

    channels: int
    code: int | None
    sample_bytes: int = 1
    even_width: bool = False
    planes_420: bool = False

    def rows(self, height: int) -> int:
        return height * 3 // 2 if self.planes_420 else height

    def row_bytes(self, width: int) -> int:
        return width * self.channels * self.sample_bytes


# ROS names a Bayer pattern by its first two rows from the top-left pixel, OpenCV by the 2x2 block that starts at (1, 1).
_BAYER = {"rggb": cv2.COLOR_BayerBG2RGB, "bggr": cv2.COLOR_BayerRG2RGB, "gbrg": cv2.COLOR_BayerGR2RGB, "grbg": cv2.COLOR_BayerGB2RGB}
_MONO = _Layout(1, cv2.COLOR_GRAY2RGB)
_BGR = _Layout(3, cv2.COLOR_BGR2RGB)
_BGRA = _Layout(4, cv2.COLOR_BGRA2RGB)
_UYVY = _Layout(2, cv2.COLOR_YUV2RGB_UYVY, even_width=True)
_YUYV = _Layout(2, cv2.COLOR_YUV2RGB_YUY2, even_width=True)
_LAYOUTS = {
    "rgb8": _Layout(3, None),
    "bgr8": _BGR,
    "rgba8": _Layout(4, cv2.COLOR_RGBA2RGB),
    "bgra8": _BGRA,
    "mono8": _MONO,
    "8UC1": _MONO,
    "8UC3": _BGR,
    "8UC4": _BGRA,
    "rgb16": _Layout(3, None, 2),
    "bgr16": _Layout(3, cv2.COLOR_BGR2RGB, 2),
    "rgba16": _Layout(4, cv2.COLOR_RGBA2RGB, 2),
    "bgra16": _Layout(4, cv2.COLOR_BGRA2RGB, 2),
    "mono16": _Layout(1, cv2.COLOR_GRAY2RGB, 2),
    **{f"bayer_{pattern}8": _Layout(1, code) for pattern, code in _BAYER.items()},
    **{f"bayer_{pattern}16": _Layout(1, code, 2) for pattern, code in _BAYER.items()},
    "yuv422": _UYVY,
    "uyvy": _UYVY,
    "yuv422_yuy2": _YUYV,
    "yuyv": _YUYV,
    "nv12": _Layout(1, cv2.COLOR_YUV2RGB_NV12, even_width=True, planes_420=True),
    "nv21": _Layout(1, cv2.COLOR_YUV2RGB_NV21, even_width=True, planes_420=True),
}


def supported() -> tuple[str, ...]:
    """The encodings that `to_rgb` converts, by their names in sensor_msgs/Image."""
    return tuple(_LAYOUTS)


def to_rgb(
    data: Bytes,
    width: int,
    height: int,
    encoding: str,
    step: int,
    is_bigendian: bool = False,
    buffers: BufferPool | None = None,
) -> Image:
    """The RGB image in the data of a sensor_msgs/Image.

    `data` is any contiguous buffer; a row begins `step` bytes after the one before, padding included; what follows the last row
    is ignored. 16-bit samples keep their high byte, alpha is dropped, YUV is BT.601 of limited range. Returns (height, width, 3)
    uint8, which shares no memory with the data. Raises UnknownEncoding, and InputError on sizes that do not fit together.
    """
    layout = _layout(encoding)
    _check_size(layout, width, height, encoding)
    buffers = buffers or BufferPool()
    samples = _samples(layout, _rows(layout, data, width, height, encoding, step), bool(is_bigendian), buffers)
    out = buffers.array("rgb", (height, width, 3), np.uint8)
    if layout.code is None:
        np.copyto(out.reshape(samples.shape), samples)
        return out
    if layout.channels > 1:
        samples = samples.reshape(height, width, layout.channels)
    cv2.cvtColor(samples, layout.code, dst=out)
    return out


class MessageBuffers(BufferPool):
    """A buffer pool whose memory a message's data field takes without a copy; see `as_bytes`."""

    def _made(self, shape: Shape, kind: type[Value]) -> NDArray[Value]:
        memory = array.array("B", bytes(math.prod(shape) * np.dtype(kind).itemsize))
        return np.ndarray(shape, kind, buffer=memory)


def as_bytes(values: NDArray[np.generic]) -> array.array[int]:
    """The bytes of an array as array('B'): the one type that a message's data field takes without a slow copy.

    Of an array of a MessageBuffers its own memory, so a message made of it is to be sent before the array is written again;
    a copy of any other.
    """
    memory = values.base
    while isinstance(memory, np.ndarray):  # a view of another shape
        memory = memory.base
    if isinstance(memory, array.array) and values.flags.c_contiguous and values.nbytes == len(memory):
        return memory
    out = array.array("B")
    out.frombytes(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
    return out


def _layout(encoding: str) -> _Layout:
    layout = _LAYOUTS.get(encoding)
    if layout is None:
        raise UnknownEncoding(f"image: encoding '{encoding}' is unknown; {known_names(encoding, _LAYOUTS)}")
    return layout


def _check_size(layout: _Layout, width: int, height: int, encoding: str) -> None:
    if width <= 0 or height <= 0:
        raise InputError(f"image: size {width}x{height} is empty; check the camera driver")
    if layout.even_width and width % 2:
        raise InputError(f"image: width {width} is odd, '{encoding}' shares colour between two columns; use an even width")
    if layout.planes_420 and height % 2:
        raise InputError(f"image: height {height} is odd, '{encoding}' shares colour between two rows; use an even height")


def _rows(layout: _Layout, data: Bytes, width: int, height: int, encoding: str, step: int) -> Image:
    """The rows without their padding, (rows, row bytes), as a view of the data."""
    rows, row_bytes = layout.rows(height), layout.row_bytes(width)
    if step < row_bytes:
        raise InputError(
            f"image: step {step} is too small, a row of {width} pixels '{encoding}' has {row_bytes} bytes; set step to the full row length"
        )
    raw = np.frombuffer(data, np.uint8)
    needed = (rows - 1) * step + row_bytes
    if raw.size < needed:
        raise InputError(
            f"image: data has {raw.size} bytes, {width}x{height} '{encoding}' with step {step} needs {needed}; "
            "the message is cut short or its width, height or step is wrong"
        )
    return np.ndarray((rows, row_bytes), np.uint8, buffer=raw, strides=(step, 1))


def _samples(layout: _Layout, rows: Image, is_bigendian: bool, buffers: BufferPool) -> Image:
    """8-bit samples, (rows, width * channels): the high byte of wider ones, which needs no aligned step."""
    if layout.sample_bytes == 1:
        return rows
    high = rows[:, (0 if is_bigendian else 1) :: 2]
    out = buffers.array("samples", high.shape, np.uint8)
    np.copyto(out, high)
    return out
