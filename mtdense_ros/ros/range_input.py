"""The topic `range`: the last range images, and the one that belongs to a frame."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import Image

from mtdense_ros.datatypes import RangeSamples
from mtdense_ros.errors import InputError
from mtdense_ros.imaging.range_image import range_samples
from mtdense_ros.ros.messages import stamp_ns
from mtdense_ros.ros.subscriptions import Input, Link, Source

NEAR_NS = 50_000_000
"""The stamps of a frame and of its range image differ by at most this."""

PATIENCE_S = 2.0
"""Frames without a range image are normal (a slower sensor, an image that overtook it) until they last this long."""

_KEPT = 32


class RangeInput:
    """Subscribes to `range` while that is wanted. `update` and `close` are for the executor's thread, `near` is for the worker's."""

    def __init__(self, node: Node, prefix: str) -> None:
        self._name = f"{prefix}range"
        self._source = Source(Image, node.resolve_topic_name(self._name))
        self._input = Input(node, self._receive)
        self._lock = threading.Lock()
        self._received: deque[tuple[int, tuple[int, int], RangeSamples]] = deque(maxlen=_KEPT)
        self._refused = ""
        self._link = Link(0, 0)
        self._found_s: float | None = None

    def update(self, wanted: bool, reliability: str) -> None:
        """Makes, remakes or removes the subscription; reliability as the parameter says."""
        if not wanted:
            self.close()
            return
        if self._found_s is None:
            self._found_s = time.monotonic()
        self._link = self._input.update(self._source, True, reliability)

    def close(self) -> None:
        """Removes the subscription and forgets what it brought."""
        self._input.close()
        self.forget()
        self._found_s = None

    def forget(self) -> None:
        """Drops what has come, as after a jump of the clock."""
        with self._lock:
            self._received.clear()
            self._refused = ""

    def near(self, frame_stamp_ns: int, size_hw: tuple[int, int]) -> tuple[RangeSamples | None, str]:
        """The range image that is nearest in time to a frame of this size, if it is near enough; else None and the reason."""
        with self._lock:
            received, refused = list(self._received), self._refused
        if not received:
            return None, f"{self._source.topic}: {refused or self._silence()}"
        stamp, size, samples = min(received, key=lambda each: abs(each[0] - frame_stamp_ns))
        if abs(stamp - frame_stamp_ns) > NEAR_NS:
            apart_ms = (stamp - frame_stamp_ns) * 1e-6
            found = f"header.stamp of the nearest message is {apart_ms:+.0f} ms from the image's, expected 50 ms at most"
            return None, f"{self._source.topic}: {refused or found + '; stamp both by one clock'}"
        if size != size_hw:
            found = f"fields width x height are {size[1]}x{size[0]}, expected the image's {size_hw[1]}x{size_hw[0]}"
            return None, f"{self._source.topic}: {found}; register the range to the camera"
        self._found_s = time.monotonic()
        return samples, ""

    @property
    def overdue(self) -> bool:
        """Whether no frame has had a range image for PATIENCE_S."""
        return self._found_s is not None and time.monotonic() > self._found_s + PATIENCE_S

    def _receive(self, message: Any, _: str) -> None:
        m = message
        try:
            samples = range_samples(m.data, m.width, m.height, m.encoding, m.step, bool(m.is_bigendian))
        except InputError as error:
            with self._lock:
                self._refused = str(error)
            return
        with self._lock:
            self._received.append((stamp_ns(m.header), (m.height, m.width), samples))
            self._refused = ""

    def _silence(self) -> str:
        if self._link.publishers == 0:
            found = "".join(f", found {other}" for other in self._link.other_types)
            return f"expected a publisher of sensor_msgs/msg/Image{found}; start the range sensor, or remap '{self._name}'"
        if self._link.incompatible:
            return "its publishers offer best effort, expected reliable; set reliability to auto"
        return "nothing received from its publisher"
