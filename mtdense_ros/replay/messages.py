"""Frames -> serialised messages, and serialised outputs -> arrays, without ROS."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.errors import InputError

IMAGE = "sensor_msgs/msg/Image"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
POINT_CLOUD = "sensor_msgs/msg/PointCloud2"
STRING = "std_msgs/msg/String"
DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
LABEL_INFO = "vision_msgs/msg/LabelInfo"

_VISION_TYPES = {
    "vision_msgs/msg/VisionClass": "uint16 class_id\nstring class_name\n",
    LABEL_INFO: "std_msgs/Header header\nvision_msgs/VisionClass[] class_map\nfloat32 threshold\n",
}

_IMAGE_LAYOUTS: dict[str, tuple[type[np.generic], int]] = {
    "mono8": (np.uint8, 1),
    "rgb8": (np.uint8, 3),
    "32FC1": (np.float32, 1),
    "32FC3": (np.float32, 3),
    "16UC1": (np.uint16, 1),
}


@lru_cache(maxsize=1)
def typestore() -> Typestore:
    """The message definitions of ROS 2 Jazzy, and those of vision_msgs that the node may publish."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for name, text in _VISION_TYPES.items():
        store.register(get_types_from_msg(text, name))
    return store


def serialise_image(frame: Frame) -> bytes:
    """A sensor_msgs/Image, rgb8."""
    height, width = frame.rgb.shape[:2]
    message = _make(
        IMAGE,
        header=_header(frame),
        height=height,
        width=width,
        encoding="rgb8",
        is_bigendian=0,
        step=3 * width,
        data=np.ascontiguousarray(frame.rgb).reshape(-1),
    )
    return bytes(typestore().serialize_cdr(message, IMAGE))


def serialise_camera_info(frame: Frame, camera: Intrinsics) -> bytes:
    """A sensor_msgs/CameraInfo of a camera without distortion, with the frame's header."""
    i = camera
    message = _make(
        CAMERA_INFO,
        header=_header(frame),
        height=i.height,
        width=i.width,
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=np.array([i.fx, 0, i.cx, 0, i.fy, i.cy, 0, 0, 1], np.float64),
        r=np.eye(3).ravel(),
        p=np.array([i.fx, 0, i.cx, 0, 0, i.fy, i.cy, 0, 0, 0, 1, 0], np.float64),
        binning_x=0,
        binning_y=0,
        roi=_make("sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
    )
    return bytes(typestore().serialize_cdr(message, CAMERA_INFO))


def deserialise(data: bytes, message_type: str) -> Any:
    """The message, its arrays as views of the data."""
    return typestore().deserialize_cdr(data, message_type)


def array_of(data: bytes, message_type: str) -> NDArray[Any]:
    """What an output carries: (H, W) or (H, W, C) of an Image; the packed points of a cloud, flat uint8.

    Raises InputError on an encoding that no output has.
    """
    message = deserialise(data, message_type)
    if message_type == POINT_CLOUD:
        return np.asarray(message.data)
    if message.encoding not in _IMAGE_LAYOUTS:
        raise InputError(f"recorded image: encoding '{message.encoding}' is none of {', '.join(_IMAGE_LAYOUTS)}")
    kind, channels = _IMAGE_LAYOUTS[message.encoding]
    values = np.asarray(message.data).view(kind).reshape(message.height, message.width, channels)
    return values[..., 0] if channels == 1 else values


def _header(frame: Frame) -> Any:
    stamp = _make("builtin_interfaces/msg/Time", sec=frame.stamp_ns // 1_000_000_000, nanosec=frame.stamp_ns % 1_000_000_000)
    return _make("std_msgs/msg/Header", stamp=stamp, frame_id=frame.frame_id)


def _make(message_type: str, **fields: Any) -> Any:
    return typestore().types[message_type](**fields)
