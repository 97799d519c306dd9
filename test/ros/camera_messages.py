"""Messages of a camera, made and read by hand; they share nothing with the converters under test."""

from __future__ import annotations

import itertools
import time
from array import array

import numpy as np
import pytest

try:
    from builtin_interfaces.msg import Time
    from sensor_msgs.msg import CameraInfo, Image
    from std_msgs.msg import Header
except ImportError as error:
    pytest.skip(f"needs ROS 2's messages: {error}", allow_module_level=True)

_stamps = itertools.count(1)


def header(stamp_ns=None, frame_id="camera_optical_frame"):
    """A header of its own stamp, near now."""
    stamp_ns = time.time_ns() + next(_stamps) if stamp_ns is None else stamp_ns
    return Header(stamp=Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9), frame_id=frame_id)


def stamp_of(message) -> int:
    stamp = message.header.stamp
    return stamp.sec * 10**9 + stamp.nanosec


def picture(height=96, width=128, seed=0):
    """A smooth random picture (H, W, 3) uint8."""
    small = np.random.default_rng(seed).integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(small.repeat(16, 0).repeat(16, 1)[:height, :width])


def image(rgb, encoding="rgb8", head=None, **changes):
    """An Image message of an array's bytes, as they are; `changes` falsify its fields."""
    data = np.ascontiguousarray(rgb)
    message = Image(
        header=head or header(), height=rgb.shape[0], width=rgb.shape[1], encoding=encoding, step=data.nbytes // max(rgb.shape[0], 1)
    )
    message.data = array("B", data.tobytes())
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def camera_info(height=96, width=128, focal=100.0, frame_id="camera_optical_frame", d=()):
    """A camera that looks straight ahead."""
    cx, cy = (width - 1) / 2, (height - 1) / 2
    message = CameraInfo(header=header(frame_id=frame_id), height=height, width=width, distortion_model="plumb_bob", d=list(d))
    message.k = [focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [focal, 0.0, cx, 0.0, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def array_of(message):
    """The array of one of the node's images: mono8, rgb8, 32FC1, 32FC3, 16UC1."""
    kinds = {"mono8": (np.uint8, 1), "rgb8": (np.uint8, 3), "32FC1": (np.float32, 1), "32FC3": (np.float32, 3), "16UC1": (np.uint16, 1)}
    kind, channels = kinds[message.encoding]
    values = np.frombuffer(message.data, kind).reshape(message.height, message.width, channels)
    return values[..., 0] if channels == 1 else values
