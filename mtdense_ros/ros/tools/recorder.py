"""Receives every output of a node, and its inputs, into a file of records: `python -m mtdense_ros.ros.tools.recorder --out FILE`.

Tells on the standard output when it hears all outputs and when the first output of a frame arrives; ends when its standard input ends
and nothing more arrives.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from std_msgs.msg import String

from mtdense_ros.errors import InputError
from mtdense_ros.ros.messages import LabelInfo
from mtdense_ros.ros.publishers import OUTPUTS
from mtdense_ros.ros.subscriptions import TRANSIENT_LOCAL_QOS
from mtdense_ros.ros.tools.helper_node import INPUT_TYPES, Spinner, run_node, tell
from mtdense_ros.utils.record_stream import Record, stamp_ns, write_record

START_S = 120.0
QUIET_S = 2.0
LAST_S = 15.0
"""Limits for a node to offer its outputs, for silence that means the end, and for waiting on it."""

FATAL = (": weights missing or changed", ": configuration")
"""Ends of the names of those faults of the node that keep it from becoming active."""

QOS = QoSProfile(depth=20, reliability=ReliabilityPolicy.RELIABLE)


class Recorder:
    """Writes what it hears to the stream, in the order of arrival, with the wall clock's time."""

    def __init__(self, node: Node, target: str, stream: BinaryIO) -> None:
        self._node = node
        self._stream = stream
        self._newest_stamp = 0
        self._fatal = ""
        self.last_output = time.monotonic()
        topics = {f"{target}/{o.topic}": o.message_type for o in OUTPUTS}
        self._outputs = {name: self._hear(name, kind, QOS, self._on_output if _has_header(kind) else None) for name, kind in topics.items()}
        self._hear("/diagnostics", DiagnosticArray, QOS, self._on_diagnostics)
        self._hear(f"{target}/legend", String, TRANSIENT_LOCAL_QOS)
        if LabelInfo is not None:
            self._hear(f"{target}/label_info", LabelInfo, TRANSIENT_LOCAL_QOS)

    def hear_inputs(self, topics: list[str]) -> None:
        """Records the node's inputs too; each as TOPIC:TYPE."""
        for topic, _, message_type in (text.rpartition(":") for text in topics):
            self._hear(topic, INPUT_TYPES[message_type], QOS)

    def hears_all(self) -> bool:
        """Whether every output has a publisher; raises InputError when the node says that it cannot start."""
        if self._fatal:
            raise InputError(f"the node cannot start: {self._fatal}")
        return all(_publishers(self._node, topic, subscription) > 0 for topic, subscription in self._outputs.items())

    def _hear(self, topic: str, message_type: type, qos: QoSProfile, also: Callable[[bytes], None] | None = None) -> Any:
        type_name = "/".join((message_type.__module__.split(".")[0], "msg", message_type.__name__))

        def receive(data: bytes) -> None:
            write_record(self._stream, Record(topic, type_name, time.time_ns(), data))
            if also is not None:
                also(data)

        return self._node.create_subscription(message_type, topic, receive, qos, raw=True)

    def _on_diagnostics(self, data: bytes) -> None:
        for status in deserialize_message(data, DiagnosticArray).status:
            if status.name.endswith(FATAL) and status.level == DiagnosticStatus.ERROR:
                self._fatal = status.message

    def _on_output(self, data: bytes) -> None:
        self.last_output = time.monotonic()
        stamp = stamp_ns(data)
        if stamp > self._newest_stamp:
            self._newest_stamp = stamp
            tell(event="frame", stamp_ns=stamp)


def _has_header(message_type: Any) -> bool:
    """Whether its messages begin with a header, and so with the stamp of their frame."""
    return "header" in message_type.get_fields_and_field_types()


def _publishers(node: Node, topic: str, subscription: Any) -> int:
    """Publishers that a subscription is matched with. Humble's cannot tell; the graph's count, there, may come a little early."""
    if hasattr(subscription, "get_publisher_count"):
        return int(subscription.get_publisher_count())
    return int(node.count_publishers(topic))


def run(recorder: Recorder, spinner: Spinner, end: threading.Event) -> None:
    """Records until `end` is set and the outputs have fallen silent. Raises InputError when outputs are missing at the start."""
    spinner.wait(recorder.hears_all, START_S, "offer its outputs")
    tell(event="ready")
    while not end.is_set():
        spinner.spin_for(0.1)
    spinner.spin_while(lambda: time.monotonic() - recorder.last_output < QUIET_S, LAST_S)


def main(arguments: list[str] | None = None) -> int:
    """The recorder's process; 0 when the recording is complete."""
    parser = argparse.ArgumentParser(prog="mtdense_recorder", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="file of records, overwritten")
    parser.add_argument("--target", default="/mtdense", help="full name of the node")
    parser.add_argument("--input", action="append", default=[], metavar="TOPIC:TYPE", help="an input to record too")
    options = parser.parse_args(arguments)
    end = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), end.set()), daemon=True).start()

    def body(node: Node) -> None:
        with options.out.open("wb") as stream:
            recorder = Recorder(node, options.target, stream)
            recorder.hear_inputs(options.input)
            run(recorder, Spinner(node, options.target), end)

    return run_node("mtdense_recorder", body)


if __name__ == "__main__":
    sys.exit(main())
