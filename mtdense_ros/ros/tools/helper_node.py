"""What the helper nodes have in common: which inputs they know, how they report to their parent process, how they end."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from mtdense_ros.errors import InputError, MtdenseError

INPUT_TYPES = {
    "sensor_msgs/msg/Image": Image,
    "sensor_msgs/msg/CompressedImage": CompressedImage,
    "sensor_msgs/msg/CameraInfo": CameraInfo,
}


def tell(**event: object) -> None:
    """One line of JSON on the standard output, for the process that started this one."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def run_node(name: str, body: Callable[[Node], None]) -> int:
    """Runs `body` with a node of this name; the exit code: 0, 1 after an error (written to stderr), 130 after an interrupt."""
    rclpy.init(args=[])
    node = rclpy.create_node(name, start_parameter_services=False, enable_rosout=False)
    try:
        body(node)
    except (KeyboardInterrupt, ExternalShutdownException, BrokenPipeError):
        return 130
    except (MtdenseError, OSError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the second one of a Ctrl-C in a terminal
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


POLL_S = 0.05


class Spinner:
    """Spins a node on behalf of code that runs from top to bottom. target: the other node's name, for messages."""

    def __init__(self, node: Node, target: str) -> None:
        self._target = target
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)

    def spin_for(self, seconds: float) -> None:
        """Serves callbacks for this time (s)."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0.0:
            self._executor.spin_once(timeout_sec=left)

    def spin_while(self, condition: Callable[[], bool], seconds: float) -> None:
        """Serves callbacks while the condition holds, for this time (s) at most."""
        end = time.monotonic() + seconds
        while condition() and time.monotonic() < end:
            self._executor.spin_once(timeout_sec=POLL_S)

    def wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Until the condition holds; raises InputError after this time (s). what: a verb phrase, for example "become active"."""
        self.spin_while(lambda: not condition(), seconds)
        if not condition():
            raise InputError(f"node {self._target} did not {what} within {seconds:.0f} s; its log says why")

    def call(self, client: Any, request: Any, seconds: float, what: str) -> Any:
        """A service's response; raises InputError after this time (s)."""
        self.wait(client.service_is_ready, seconds, what)
        future = client.call_async(request)
        self.wait(future.done, seconds, what)
        return future.result()

    def close(self) -> None:
        """Serves no more callbacks."""
        self._executor.shutdown()
