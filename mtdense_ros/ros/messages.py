"""Messages <-> arrays. Nothing else in the package knows the fields of a message."""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField
from std_msgs.msg import Header, String

from mtdense_ros.datatypes import LabelSpace
from mtdense_ros.geometry.calibration import Calibration
from mtdense_ros.geometry.obstacles import OBSTACLE_FIELDS
from mtdense_ros.geometry.point_cloud import CLOUD_FIELDS, POINT_STEP
from mtdense_ros.imaging.compressed import MAX_PIXELS, decode_compressed, encode_jpeg
from mtdense_ros.imaging.encodings import UnknownEncoding, as_bytes, to_rgb
from mtdense_ros.ros import cv_bridge_fallback
from mtdense_ros.utils.buffers import BufferPool

try:
    from vision_msgs.msg import LabelInfo, VisionClass
except ImportError:
    LabelInfo = None

Message = TypeVar("Message", Image, PointCloud2)

_CLOUD_FIELDS, _OBSTACLE_FIELDS = (
    [PointField(name=n, offset=o, datatype=d, count=c) for n, o, d, c in fields] for fields in (CLOUD_FIELDS, OBSTACLE_FIELDS)
)
_POINT_FIELDS = _CLOUD_FIELDS[:3]


def stamp_ns(header: Header) -> int:
    """The header's stamp in nanoseconds."""
    return header.stamp.sec * 1_000_000_000 + header.stamp.nanosec


def make_header(stamp: int, frame_id: str) -> Header:
    """A header from a stamp in nanoseconds."""
    return Header(stamp=Time(sec=stamp // 1_000_000_000, nanosec=stamp % 1_000_000_000), frame_id=frame_id)


def rgb_of(
    message: Image | CompressedImage, buffers: BufferPool | None = None, max_pixels: int = MAX_PIXELS
) -> NDArray[np.uint8]:
    """The picture of an Image or CompressedImage as RGB (H, W, 3); through cv_bridge where only that knows the encoding.

    max_pixels: of a compressed image. Raises UnknownEncoding, BadImage, and InputError on data that does not fit its description.
    """
    if isinstance(message, CompressedImage):
        return decode_compressed(message.data, message.format, buffers, max_pixels)
    try:
        m = message
        return to_rgb(m.data, m.width, m.height, m.encoding, m.step, bool(m.is_bigendian), buffers)
    except UnknownEncoding as error:
        return cv_bridge_fallback.to_rgb(message, error)


def camera_info_message(info: CameraInfo, header: Header, undistorted: bool) -> CameraInfo:
    """The CameraInfo of the outputs, for images of exactly its width x height: region of interest and binning are worked in.

    undistorted: the images were rectified here, so they have the same K and no distortion.
    """
    calibration = Calibration.of(info)
    message = CameraInfo(header=header, height=calibration.height, width=calibration.width, distortion_model=info.distortion_model)
    message.d, message.k, message.r, message.p = info.d, calibration.k, info.r, calibration.p
    if undistorted:
        fx, _, cx, _, fy, cy = calibration.k[:6]
        message.distortion_model = "plumb_bob"
        message.d, message.r = array("d", [0.0] * 5), np.eye(3).ravel()
        message.p = np.array([fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0])
    return message


def _carrying(values: NDArray[Any], message: Message) -> Message:
    """The message with the bytes of an array as its data, past constructor and setter, which copy them twice and once in Jazzy."""
    message._data = as_bytes(values)
    return message


def scaled_camera_info(info: CameraInfo, size_hw: tuple[int, int]) -> CameraInfo:
    """The CameraInfo of the same images resized to (height, width), pixel centres at half-integer positions as in Intrinsics.scaled."""
    height, width = size_hw
    sx, sy = width / info.width, height / info.height
    k, p = np.array(info.k).reshape(3, 3), np.array(info.p).reshape(3, 4)
    for matrix in (k, p):
        matrix[0] *= sx
        matrix[1] *= sy
        matrix[0, 2] += (sx - 1) / 2
        matrix[1, 2] += (sy - 1) / 2
    message = CameraInfo(header=info.header, height=height, width=width, distortion_model=info.distortion_model)
    message.d, message.k, message.r, message.p = info.d, k.ravel(), info.r, p.ravel()
    return message


def image_message(values: NDArray[Any], encoding: str, header: Header) -> Image:
    """An Image of any (H, W) or (H, W, C) array, rows without padding, little-endian."""
    height, width = values.shape[:2]
    step = values.nbytes // height
    message = Image(header=header, height=height, width=width, encoding=encoding, is_bigendian=0, step=step)
    return _carrying(values, message)


def jpeg_message(rgb: NDArray[np.uint8], quality: int, header: Header, buffers: BufferPool | None = None) -> CompressedImage:
    """An RGB picture as JPEG, quality 1..100, its format named as image_transport does."""
    return CompressedImage(header=header, format="rgb8; jpeg compressed bgr8", data=array("B", encode_jpeg(rgb, quality, buffers)))


def cloud_message(packed: NDArray[np.uint8], width: int, height: int, header: Header) -> PointCloud2:
    """An organised cloud from its packed bytes (width * height * POINT_STEP)."""
    message = PointCloud2(
        header=header,
        height=height,
        width=width,
        fields=_CLOUD_FIELDS,
        is_bigendian=False,
        point_step=POINT_STEP,
        row_step=POINT_STEP * width,
        is_dense=False,
    )
    return _carrying(packed, message)


def points_message(points: NDArray[Any], header: Header) -> PointCloud2:
    """An unorganised cloud of finite points: obstacles (N,) of dtype OBSTACLE, or plain points (N, 3) float32."""
    fields, step = (_POINT_FIELDS, 12) if points.ndim == 2 else (_OBSTACLE_FIELDS, points.dtype.itemsize)
    count = len(points)
    message = PointCloud2(
        header=header, height=1, width=count, fields=fields, is_bigendian=False, point_step=step, row_step=step * count, is_dense=True
    )
    return _carrying(points, message)


def legend_message(legend: Mapping[str, Any]) -> String:
    """The legend as JSON."""
    return String(data=json.dumps(legend, indent=1))


def label_info_message(space: LabelSpace, header: Header) -> Any:
    """Ids and names as vision_msgs/LabelInfo; only where `LabelInfo` is not None."""
    classes = [VisionClass(class_id=c.id, class_name=c.name) for c in space.classes]
    return LabelInfo(header=header, class_map=classes, threshold=0.0)
