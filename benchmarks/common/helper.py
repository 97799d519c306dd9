"""What the helper processes of the node under test share: one clock, commands from the parent, pictures as messages."""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import threading
import time
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header

from benchmarks.common.names import OUTPUT_NAMES
from mtdense_ros.ros.tools.helper_node import Spinner

OUTPUTS = {name: PointCloud2 if name == "points" else Image for name in OUTPUT_NAMES}
"""What the sink subscribes to, below the node's name: name -> type."""

NODE = "/mtdense"
FRAME_ID = "camera_optical_frame"


def outputs_of(camera: str) -> str:
    """What stands before the names of a camera's outputs; an unnamed one is the node's only camera."""
    return f"{NODE}/{camera}" if camera else NODE


def acknowledged(camera: str) -> str:
    """The topic on which the sink tells a camera which of its frames are complete."""
    return f"/benchmark/{camera}/complete" if camera else "/benchmark/complete"


def reliable(depth: int) -> QoSProfile:
    """Reliable, keep last `depth`: what a bare queue size stands for in rclpy."""
    return QoSProfile(depth=depth, reliability=ReliabilityPolicy.RELIABLE)


class Clock:
    """The wall clock as it was when the benchmark began: it runs with the monotonic clock, the same in every process.

    offset_ns: wall minus monotonic, measured once, by the parent.
    """

    def __init__(self, offset_ns: int) -> None:
        self._offset_ns = offset_ns

    def now_ns(self) -> int:
        return time.monotonic_ns() + self._offset_ns


class Commands:
    """Lines of JSON from the parent; None once it has closed our standard input."""

    def __init__(self) -> None:
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def take(self) -> dict[str, Any] | None:
        """The next command, raises queue.Empty while there is none."""
        return self._queue.get_nowait()

    def obey(self, spinner: Spinner, act: Callable[[dict[str, Any]], None]) -> None:
        """Calls `act` with each command, spinning in between, until the parent says no more; then closes the spinner."""
        while True:
            try:
                command = self.take()
            except queue.Empty:
                spinner.spin_for(0.02)
                continue
            if command is None:
                spinner.close()
                return
            act(command)

    def _read(self) -> None:
        for line in _raw_input():
            self._queue.put(json.loads(line))
        self._queue.put(None)


def end_with_parent() -> None:
    """Interrupts this process when its standard input ends, as it does when the parent is gone."""

    def watch() -> None:
        _raw_input().read()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def spin_until_the_end(make: Callable[[], Node]) -> int:
    """Makes a node and runs it until this process is interrupted or its parent is gone; returns the exit status."""
    end_with_parent()
    rclpy.init()
    node = make()
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _raw_input() -> io.RawIOBase:
    """The standard input without a buffer: the lock of one that a thread waits for would abort the interpreter's end."""
    return open(0, "rb", buffering=0, closefd=False)


def stamp_of(message: Any) -> int:
    """The header's stamp, ns."""
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


def header(stamp_ns: int) -> Header:
    """A header of the benchmarks' camera."""
    return Header(stamp=Time(sec=stamp_ns // 1_000_000_000, nanosec=stamp_ns % 1_000_000_000), frame_id=FRAME_ID)


def image(rgb: NDArray[np.uint8]) -> Image:
    """An rgb8 message without a stamp."""
    height, width = rgb.shape[:2]
    return Image(height=height, width=width, encoding="rgb8", step=3 * width, data=array("B", rgb.tobytes()))


def camera_info(size_hw: tuple[int, int]) -> CameraInfo:
    """A camera without distortion, 60 degrees wide, that looks straight ahead."""
    height, width = size_hw
    focal, cx, cy = width * 0.866, (width - 1) / 2, (height - 1) / 2
    message = CameraInfo(height=height, width=width, distortion_model="plumb_bob", d=[0.0] * 5)
    message.k = [focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [focal, 0.0, cx, 0.0, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message
