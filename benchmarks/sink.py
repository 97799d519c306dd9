"""Subscribes to the node's outputs in the benchmarks, in a process of its own, and records when each message was received.

{"do": "report"} waits until nothing more comes, tells all arrivals as (index of the output, stamp, arrival) in ns, and forgets them.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from typing import Any

from rclpy.node import Node
from std_msgs.msg import Header

from benchmarks.common.helper import NODE, OUTPUTS, Clock, Commands, acknowledged, outputs_of, reliable, stamp_of
from mtdense_ros.ros.tools.helper_node import Spinner, run_node, tell

START_S = 60.0
QUIET_S = 0.7
LAST_S = 30.0
"""Limits for the node to offer its outputs, for silence that means the end (three times the time between frames where that is
longer), and for the end to come."""

FEW_S = 3.0
"""Silence that means the end where no two sets have come."""


class Sink:
    """Subscribes to all OUTPUTS of a camera, keeping the last `depth`. acknowledges: whether to tell the camera of each complete set."""

    def __init__(self, node: Node, camera: str, depth: int, clock: Clock, acknowledges: bool) -> None:
        self._node = node
        self._clock = clock
        self._acknowledges = acknowledges
        self._spinner = Spinner(node, NODE)
        self._arrivals: list[tuple[int, int, int]] = []
        self._missing: dict[int, set[int]] = {}
        self._completions: list[float] = []
        self._last = time.monotonic()
        self._publisher = node.create_publisher(Header, acknowledged(camera), reliable(10))
        self._subscriptions = [
            node.create_subscription(kind, f"{outputs_of(camera)}/{name}", partial(self._receive, index), reliable(depth))
            for index, (name, kind) in enumerate(OUTPUTS.items())
        ]

    def serve(self, commands: Commands) -> None:
        """Reports when it is connected to all outputs of the node, then follows the parent's commands until they end."""
        self._spinner.wait(self._connected, START_S, "offer its outputs")
        tell(event="ready")
        commands.obey(self._spinner, lambda _: self._report())

    def _connected(self) -> bool:
        """Whether each subscription has met its publisher: what is published before that is not lost, but was never sent here."""
        return all(subscription.get_publisher_count() > 0 for subscription in self._subscriptions)

    def _receive(self, index: int, message: Any) -> None:
        now_ns = self._clock.now_ns()
        stamp = stamp_of(message)
        self._last = time.monotonic()
        self._arrivals.append((index, stamp, now_ns))
        missing = self._missing.setdefault(stamp, set(range(len(OUTPUTS))))
        missing.discard(index)
        if not missing:
            self._completions.append(self._last)
            if self._acknowledges:
                self._publisher.publish(Header(stamp=message.header.stamp))

    def _report(self) -> None:
        gaps = [b - a for a, b in zip(self._completions, self._completions[1:], strict=False)]
        quiet = max(QUIET_S, 3.0 * sorted(gaps)[len(gaps) // 2] if gaps else FEW_S)
        self._spinner.spin_while(lambda: time.monotonic() - self._last < quiet, LAST_S)
        tell(event="arrivals", arrivals=self._arrivals)
        self._arrivals, self._missing, self._completions = [], {}, []


def main(arguments: Any = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--camera", default="", help="name of the camera, where the node has several")
    parser.add_argument("--depth", type=int, default=10)
    parser.add_argument("--clock", type=int, required=True, help="ns, wall minus monotonic")
    parser.add_argument("--silent", action="store_true", help="leave it to another sink to tell the camera what has come")
    options = parser.parse_args(arguments)
    commands = Commands()

    def serve(node: Node) -> None:
        Sink(node, options.camera, options.depth, Clock(options.clock), not options.silent).serve(commands)

    return run_node(f"sink_{options.camera}" if options.camera else "sink", serve)


if __name__ == "__main__":
    raise SystemExit(main())
