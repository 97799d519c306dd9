"""Two processes that send each other what a camera and the node send: `python -m mtdense_ros.ros.tools.transport_test send|receive`.

Images of 640x480 and organised clouds of as many points, best effort and reliable. The stamps are of the monotonic clock, which
all processes of a host share.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
from array import array
from pathlib import Path
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2

from mtdense_ros.geometry.point_cloud import POINT_STEP
from mtdense_ros.ros.messages import make_header, stamp_ns
from mtdense_ros.ros.tools.helper_node import Spinner, run_node, tell

WIDTH, HEIGHT = 640, 480
SERIES = {
    f"{kind}, {policy.name.lower().replace('_', ' ')}": (message_type, policy)
    for kind, message_type in (("images", Image), ("clouds", PointCloud2))
    for policy in (ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE)
}
PERIOD_S = 0.05
MATCH_S = 15.0
SETTLE_S = 0.3
"""Time between two messages; for the other process to appear; for it to know of this one as well."""


def topic_of(series: str) -> str:
    """The topic of one of SERIES."""
    return "self_test/" + series.replace(", ", "/").replace(" ", "_")


def message_of(message_type: type) -> Any:
    """An image of 0.9 MB or a cloud of 6 MB."""
    if message_type is Image:
        return Image(height=HEIGHT, width=WIDTH, encoding="rgb8", step=3 * WIDTH, data=array("B", bytes(3 * WIDTH * HEIGHT)))
    size = POINT_STEP * WIDTH * HEIGHT
    return PointCloud2(height=HEIGHT, width=WIDTH, point_step=POINT_STEP, row_step=POINT_STEP * WIDTH, data=array("B", bytes(size)))


def send(node: Node, count: int) -> None:
    """Sends so many messages of each series to the other process, and tells how large its shared segment is."""
    spinner = Spinner(node, "self_test_receiver")
    for series, (message_type, policy) in SERIES.items():
        publisher = node.create_publisher(message_type, topic_of(series), QoSProfile(depth=5, reliability=policy))
        spinner.wait(lambda publisher=publisher: publisher.get_subscription_count() > 0, MATCH_S, "appear")
        time.sleep(SETTLE_S)
        message = message_of(message_type)
        for _ in range(count):
            due = time.monotonic() + PERIOD_S
            message.header = make_header(time.monotonic_ns(), "")
            publisher.publish(message)
            time.sleep(max(0.0, due - time.monotonic()))
        if policy == ReliabilityPolicy.RELIABLE:
            publisher.wait_for_all_acked(Duration(seconds=5))
        time.sleep(SETTLE_S)
        node.destroy_publisher(publisher)
    tell(event="sent", segment=own_segment())


def receive(node: Node, end: threading.Event) -> None:
    """Hears all series until `end` is set, then tells how many messages came and their median time on the way (ms)."""
    times: dict[str, list[float]] = {series: [] for series in SERIES}

    def hear(series: str) -> None:
        message_type, policy = SERIES[series]

        def note(message: Any) -> None:
            times[series].append((time.monotonic_ns() - stamp_ns(message.header)) * 1e-6)

        node.create_subscription(message_type, topic_of(series), note, QoSProfile(depth=5, reliability=policy))

    for series in SERIES:
        hear(series)
    spinner = Spinner(node, "self_test_sender")
    tell(event="ready")
    while not end.is_set():
        spinner.spin_for(0.1)
    tell(event="received", series={name: (len(each), statistics.median(each) if each else None) for name, each in times.items()})


def own_segment(descriptors: Path = Path("/proc/self/fd")) -> int:
    """Bytes of the largest piece of shared memory that the middleware has made for this process; 0 without any.

    Those of other processes are mapped as well; of its own it holds the lock, a file of that name with "_el".
    """
    locks = (Path(os.path.realpath(descriptor)) for descriptor in descriptors.iterdir())
    own = (lock.with_name(lock.name.removesuffix("_el")) for lock in locks if lock.name.startswith("fast") and lock.name.endswith("_el"))
    return max((segment.stat().st_size for segment in own if segment.exists()), default=0)


def main(arguments: list[str] | None = None) -> int:
    """One side's process; 0 when it could do its part."""
    parser = argparse.ArgumentParser(prog="mtdense_self_test", description=__doc__)
    parser.add_argument("side", choices=("send", "receive"))
    parser.add_argument("--count", type=int, default=30, help="messages of each series")
    options = parser.parse_args(arguments)
    if options.side == "send":
        return run_node("self_test_sender", lambda node: send(node, options.count))
    end = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), end.set()), daemon=True).start()
    return run_node("self_test_receiver", lambda node: receive(node, end))


if __name__ == "__main__":
    sys.exit(main())
