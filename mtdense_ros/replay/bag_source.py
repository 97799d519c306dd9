"""Frames and raw messages of a rosbag2, read without ROS."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.errors import ConfigError, InputError, known_names
from mtdense_ros.geometry.calibration import Calibration, camera_info_topic, camera_model_of, is_rectified_topic
from mtdense_ros.geometry.camera_model import ray_table
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.imaging.compressed import decode_compressed
from mtdense_ros.imaging.encodings import supported, to_rgb
from mtdense_ros.replay.messages import CAMERA_INFO, IMAGE, typestore
from mtdense_ros.replay.source import Source
from mtdense_ros.utils.record_stream import Record

COMPRESSED = "sensor_msgs/msg/CompressedImage"


class BagSource(Source):
    """One image topic of a rosbag2 (mcap or sqlite3) and the camera_info of the same camera.

    Without image_topic, the only camera of the bag. Raises InputError on an unreadable bag or one without images, and ConfigError,
    listing the topics, when there are several cameras or not the one that was asked for.
    """

    keeps_stamps = True

    def __init__(self, path: Path, image_topic: str = "") -> None:
        self._path = path
        with _reader(path) as reader:
            cameras = {c.topic: c for c in reader.connections if _is_camera(reader, c)}
            self._topic = _choose(path, cameras, image_topic)
            self.image_type = cameras[self._topic].msgtype
            base = self._topic.removesuffix("/compressed")
            info = camera_info_topic(base)
            self.info_topic = info if any(c.topic == info and c.msgtype == CAMERA_INFO for c in reader.connections) else ""
            self._rectified = is_rectified_topic(base)
            self.rays = self._rays(reader)
        self.image_topic = base if self.image_type == IMAGE else f"{base}/compressed"
        self.name = f"{path} ({self._topic})"

    def frames(self) -> Iterator[Frame]:
        """Every image as a frame; intrinsics from the latest camera_info, or from the first for images before it."""
        with _reader(self._path) as reader:
            intrinsics = self._first_intrinsics(reader)
            for connection, _, data in reader.messages(self._connections(reader)):
                message: Any = reader.deserialize(data, connection.msgtype)
                if connection.topic == self.info_topic:
                    intrinsics = _intrinsics(message, self._rectified)
                    continue
                rgb = _rgb(message, self.image_type, self.name)
                yield Frame(rgb, _stamp_ns(message), message.header.frame_id, intrinsics)

    def records(self) -> Iterator[Record]:
        """The messages as they were recorded, but with one camera_info before the first image."""
        with _reader(self._path) as reader:
            for connection, time_ns, data in itertools.islice(self._infos(reader), 1):
                yield Record(connection.topic, connection.msgtype, time_ns, bytes(data))
            for connection, time_ns, data in reader.messages(self._connections(reader)):
                topic = self.image_topic if connection.topic == self._topic else connection.topic
                yield Record(topic, connection.msgtype, time_ns, bytes(data))

    def _connections(self, reader: AnyReader) -> list[Connection]:
        return [c for c in reader.connections if c.topic in (self._topic, self.info_topic)]

    def _infos(self, reader: AnyReader) -> Iterator[tuple[Connection, int, bytes]]:
        connections = [c for c in reader.connections if c.topic == self.info_topic]
        return iter(reader.messages(connections) if connections else ())

    def _rays(self, reader: AnyReader) -> RayTable | None:
        """The rays of raw images through a lens with distortion. Raises InputError on an unknown distortion model."""
        if self._first_intrinsics(reader) is None:
            return None
        for connection, _, data in self._infos(reader):
            model = camera_model_of(reader.deserialize(data, connection.msgtype), self._rectified)
            return ray_table(model) if model.is_distorted else None
        return None

    def _first_intrinsics(self, reader: AnyReader) -> Intrinsics | None:
        for connection, _, data in self._infos(reader):
            return _intrinsics(reader.deserialize(data, connection.msgtype), self._rectified)
        return None


@contextmanager
def _reader(path: Path) -> Iterator[AnyReader]:
    """The opened bag; whatever is wrong with it becomes an InputError."""
    try:
        with AnyReader([path], default_typestore=typestore()) as reader:
            yield reader
    except (AnyReaderError, OSError, sqlite3.Error) as error:
        raise InputError(f"bag {path}: cannot be read ({error}); look at it with 'ros2 bag info', or try 'ros2 bag reindex'") from error


def _is_camera(reader: AnyReader, connection: Connection) -> bool:
    """Whether a topic carries pictures of a camera: its first image has an encoding of colours or greys, not of depth."""
    if connection.msgcount == 0 or connection.msgtype not in (IMAGE, COMPRESSED):
        return False
    for _, _, data in reader.messages([connection]):
        message: Any = reader.deserialize(data, connection.msgtype)
        encoding = message.encoding if connection.msgtype == IMAGE else message.format
        return encoding in supported() if connection.msgtype == IMAGE else "compressedDepth" not in encoding
    return False


def _choose(path: Path, cameras: dict[str, Connection], asked: str) -> str:
    """The asked topic, or the only camera's; a raw topic wins over its own compressed one."""
    if not cameras:
        raise InputError(f"bag {path}: has no topic with camera images (sensor_msgs Image or CompressedImage); record one")
    if asked:
        if asked not in cameras:
            raise ConfigError(f"bag {path}: has no camera images on '{asked}'; {known_names(asked, cameras)}")
        return asked
    topics = [t for t in cameras if t.removesuffix("/compressed") == t or t.removesuffix("/compressed") not in cameras]
    if len(topics) > 1:
        listed = "\n".join(f"  {t}  {cameras[t].msgtype}, {cameras[t].msgcount} messages" for t in sorted(cameras))
        raise ConfigError(f"bag {path}: has several cameras; choose one with --image-topic:\n{listed}")
    return topics[0]


def _rgb(message: Any, message_type: str, name: str) -> Any:
    try:
        if message_type == COMPRESSED:
            return decode_compressed(message.data, message.format)
        return to_rgb(message.data, message.width, message.height, message.encoding, message.step, bool(message.is_bigendian))
    except InputError as error:
        raise type(error)(f"{name}, stamp {_stamp_ns(message)}: {error}") from error


def _intrinsics(info: Any, rectified: bool) -> Intrinsics | None:
    """Of the images as they were sent; None for a camera that was never calibrated (focal length 0)."""
    calibration = Calibration.of(info)
    return calibration.intrinsics(rectified) if calibration.is_calibrated(rectified) else None


def _stamp_ns(message: Any) -> int:
    return int(message.header.stamp.sec) * 1_000_000_000 + int(message.header.stamp.nanosec)
