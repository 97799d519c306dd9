"""The camera of the benchmarks, a process of its own that the benchmarks start; it takes commands as lines of JSON.

{"do": "capture"} makes the empty picture the node's background, {"do": "play", "rate": Hz, "seconds": s} sends moving pictures,
at a rate or, for 0, as fast as the node takes them: two of which not all outputs have come are under way at any time.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from benchmarks.common import pictures
from benchmarks.common.helper import NODE, Clock, Commands, acknowledged, camera_info, header, image, outputs_of, reliable, stamp_of
from mtdense_ros.errors import InputError
from mtdense_ros.ros.tools.helper_node import Spinner, run_node, tell

START_S = 60.0
ANSWER_S = 5.0
STUCK_S = 3.0
"""Limits for the node to become ready, to answer one call, and to answer a picture before the next is sent all the same."""

UNDER_WAY = 2


class Camera:
    """Sends pictures of this (height, width) with camera_info, publishers keeping the last `depth`. name: among several cameras."""

    def __init__(self, node: Node, name: str, size_hw: tuple[int, int], depth: int, clock: Clock) -> None:
        self._node = node
        self._clock = clock
        self._spinner = Spinner(node, NODE)
        self._capture_service = f"{outputs_of(name)}/background/capture"
        self._images = node.create_publisher(Image, f"/{name}/image" if name else "/camera/image_raw", reliable(depth))
        self._infos = node.create_publisher(CameraInfo, f"/{name or 'camera'}/camera_info", reliable(depth))
        self._under_way: list[int] = []
        self._subscription = node.create_subscription(Header, acknowledged(name), self._acknowledged, reliable(10))
        self._info = camera_info(size_hw)
        self._background = image(pictures.background(size_hw))
        self._moving = [image(rgb) for rgb in pictures.moving(size_hw)]

    def serve(self, commands: Commands) -> None:
        """Does what the parent says, until it says no more."""
        commands.obey(self._spinner, self._act)

    def _act(self, command: dict[str, Any]) -> None:
        if command["do"] == "capture":
            self._capture()
        else:
            self._play(command["rate"], command["seconds"])

    def _capture(self) -> None:
        """Asks again, and sends the picture again, until the node has it: it may still be loading its network."""
        client = self._node.create_client(Trigger, self._capture_service)
        self._spinner.wait(client.service_is_ready, START_S, "offer background/capture")
        end, message = time.monotonic() + START_S, "no answer"
        while time.monotonic() < end:
            future = client.call_async(Trigger.Request())
            called = time.monotonic()
            while not future.done() and time.monotonic() < called + ANSWER_S:
                self._spinner.spin_while(lambda future=future: not future.done(), 0.2)
                self._send(self._background)
            if future.done() and future.result().success:
                tell(event="captured")
                return
            message = future.result().message if future.done() else message
            self._spinner.spin_for(0.2)
        raise InputError(f"background/capture: {message}; see the node's log")

    def _play(self, rate: float, seconds: float) -> None:
        self._spinner.wait(lambda: self._images.get_subscription_count() > 0, START_S, "subscribe to the camera")
        begin_ns = self._clock.now_ns()
        tell(event="began", begin_ns=begin_ns)
        begin = due = time.monotonic()
        self._under_way.clear()
        sent = 0
        while time.monotonic() < begin + seconds:
            self._send(self._moving[sent % len(self._moving)])
            sent += 1
            if rate:
                due = max(due + 1.0 / rate, time.monotonic())
                self._spinner.spin_for(due - time.monotonic())
            else:
                self._spinner.spin_while(lambda: len(self._under_way) >= UNDER_WAY, STUCK_S)
        tell(event="played", sent=sent)

    def _send(self, message: Image) -> None:
        message.header = self._info.header = header(self._clock.now_ns())
        self._under_way.append(stamp_of(message))
        self._infos.publish(self._info)
        self._images.publish(message)

    def _acknowledged(self, complete: Header) -> None:
        """Everything up to this stamp has come, or never will: outputs come in the order of their frames."""
        stamp = complete.stamp.sec * 1_000_000_000 + complete.stamp.nanosec
        self._under_way = [sent for sent in self._under_way if sent > stamp]


def main(arguments: Any = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="", help="of the camera, where the node has several")
    parser.add_argument("--size", type=int, nargs=2, required=True, metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--depth", type=int, required=True)
    parser.add_argument("--clock", type=int, required=True, help="ns, wall minus monotonic")
    options = parser.parse_args(arguments)
    commands = Commands()

    def serve(node: Node) -> None:
        Camera(node, options.name, tuple(options.size), options.depth, Clock(options.clock)).serve(commands)

    return run_node(f"camera_{options.name}" if options.name else "camera", serve)


if __name__ == "__main__":
    raise SystemExit(main())
