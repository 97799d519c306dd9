"""Plays serialised images into a running node, at a rate or in step with it: `python -m mtdense_ros.ros.tools.player < records`.

Records of images and camera_info go to their own topics; one on "background" comes before all others. What happens is written to
the standard output, one JSON object per line.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from lifecycle_msgs.srv import GetState
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_srvs.srv import Trigger

from mtdense_ros.errors import InputError
from mtdense_ros.ros.subscriptions import BACKGROUND_QOS, OUTPUT_QOS
from mtdense_ros.ros.tools.helper_node import INPUT_TYPES, Spinner, run_node, tell
from mtdense_ros.utils.record_stream import Record, read_records, stamp_ns, with_stamp

START_S = 120.0
CAPTURE_S = 15.0
ANSWER_S = 10.0
SETTLE_S = 1.0
"""Limits for a node to start, to answer a capture and to answer a frame; and the time that discovery and a background take."""

IN_STEP_PERIOD_S = 0.1
"""In step with the node, no frame comes sooner after the last one: a camera is not faster either."""

ANSWERS = {"labels": Image, "depth": Image, "foreground": Image, "points": PointCloud2}
"""Outputs that tell that a frame was answered: each network has one of them at least, and the last that is published is among them."""


@dataclass(frozen=True)
class Shot:
    """One image and the camera_info that came before it, if any."""

    image: Record
    info: Record | None


class Player:
    """Sends shots to the node of this full name. rate: images per second, 0 for in step: each after the answer to the last.

    restamp: messages get the time of their sending; else they keep their own stamps.
    """

    def __init__(self, node: Node, target: str, rate: float, restamp: bool) -> None:
        self._node = node
        self._target = target
        self._spinner = Spinner(node, target)
        self._in_step = rate == 0.0
        self._period_s = IN_STEP_PERIOD_S if self._in_step else 1.0 / rate
        self._restamp = restamp
        self._publishers: dict[str, Any] = {}
        self._sent_stamp = 0
        self._answers: dict[str, int] = {}
        self._due = 0.0

    def meet(self, first: Shot, listeners: int) -> None:
        """Waits until the node is active and the image topic has so many subscribers, and sends them the camera_info."""
        self._wait_for_active()
        for topic, kind in ANSWERS.items() if self._in_step else ():
            self._node.create_subscription(kind, f"{self._target}/{topic}", partial(self._on_answer, topic), OUTPUT_QOS, raw=True)
        publisher = self._publisher(first.image)
        self._spinner.wait(lambda: publisher.get_subscription_count() >= listeners, START_S, f"subscribe to {first.image.topic}")
        if first.info is not None:
            info = self._publisher(first.info)
            self._spinner.wait(lambda: info.get_subscription_count() >= listeners, START_S, f"subscribe to {first.info.topic}")
            self._publish(first.info, time.time_ns())
        self._spinner.spin_for(SETTLE_S)

    def send_background(self, picture: Record) -> None:
        """Sets the reference frame from a picture."""
        publisher = self._publisher(picture)
        self._spinner.wait(lambda: publisher.get_subscription_count() > 0, ANSWER_S, "subscribe to the background topic")
        publisher.publish(picture.data)
        self._spinner.spin_for(SETTLE_S)
        tell(event="background", good=True, message="picture sent on the background topic")

    def capture(self, first: Shot) -> None:
        """Makes the first shot the reference frame: sent again until the node has it, for the request may arrive after it."""
        client = self._node.create_client(Trigger, f"{self._target}/background/capture")
        self._spinner.wait(client.service_is_ready, ANSWER_S, "offer background/capture")
        future = client.call_async(Trigger.Request())
        self._spinner.spin_for(0.1)
        end = time.monotonic() + CAPTURE_S
        while not future.done() and time.monotonic() < end:
            self._send(first, 0)
            self._spinner.spin_while(lambda: not future.done(), 1.0)
        if future.done():
            tell(event="background", good=future.result().success, message=future.result().message)
        else:
            tell(event="background", good=False, message=f"background/capture was not answered within {CAPTURE_S:.0f} s")

    def play(self, shots: Iterator[Shot], start: int) -> None:
        """Sends the shots, the first one bearing the number `start`, each when it is due."""
        self._due = time.monotonic()
        for index, shot in enumerate(shots, start):
            if index > 0:
                self._pace()
            self._send(shot, index)
        if self._in_step:
            self._spinner.spin_while(self._unanswered, ANSWER_S)

    def close(self) -> None:
        """Ends after what was sent last has left."""
        for publisher in self._publishers.values():
            publisher.wait_for_all_acked(Duration(seconds=ANSWER_S))
        self._spinner.close()

    def _wait_for_active(self) -> None:
        client = self._node.create_client(GetState, f"{self._target}/get_state")
        end = time.monotonic() + START_S
        while (state := self._spinner.call(client, GetState.Request(), START_S, "tell its state").current_state.label) != "active":
            if time.monotonic() > end:
                raise InputError(f"node {self._target} is '{state}', not active, after {START_S:.0f} s; its log says why")
            self._spinner.spin_for(0.1)

    def _publisher(self, record: Record) -> Any:
        if record.topic not in self._publishers:
            qos = BACKGROUND_QOS if record.topic == "background" else OUTPUT_QOS
            self._publishers[record.topic] = self._node.create_publisher(INPUT_TYPES[record.message_type], record.topic, qos)
        return self._publishers[record.topic]

    def _publish(self, record: Record, now: int) -> int:
        """Returns the stamp under which it went."""
        data = with_stamp(record.data, now) if self._restamp else record.data
        self._publisher(record).publish(data)
        return stamp_ns(data)

    def _send(self, shot: Shot, index: int) -> None:
        now = time.time_ns()
        if shot.info is not None:
            self._publish(shot.info, now)
        self._sent_stamp = self._publish(shot.image, now)
        tell(event="sent", index=index, stamp_ns=self._sent_stamp, time_ns=now)

    def _pace(self) -> None:
        """Waits until the next image is due; one that is late does not make the following ones come faster."""
        self._due = max(self._due + self._period_s, time.monotonic())
        self._spinner.spin_for(self._due - time.monotonic())
        if self._in_step:
            first = not self._answers
            self._spinner.spin_while(self._unanswered, ANSWER_S)
            self._spinner.spin_for(SETTLE_S if first else 0.0)  # time to learn which outputs come

    def _unanswered(self) -> bool:
        """Whether the last image lacks any of the outputs that came for images before it."""
        return not self._answers or min(self._answers.values()) < self._sent_stamp

    def _on_answer(self, topic: str, data: bytes) -> None:
        self._answers[topic] = max(self._answers.get(topic, 0), stamp_ns(data))


def shots(records: Iterator[Record]) -> Iterator[Shot]:
    """Images with the latest camera_info since the image before. Raises InputError on messages of other types."""
    info: Record | None = None
    for record in records:
        if record.message_type not in INPUT_TYPES:
            raise InputError(f"player: '{record.topic}' is a {record.message_type}; only {', '.join(INPUT_TYPES)} can be played")
        if INPUT_TYPES[record.message_type] is CameraInfo:
            info = record
            continue
        yield Shot(record, info)
        info = None


def run(player: Player, records: Iterator[Record], capture: bool, listeners: int) -> None:
    """Plays all records; raises InputError when there are none or the node does not answer."""
    sequence = shots(records)
    first = next(sequence, None)
    background = None
    if first is not None and first.image.topic == "background":
        background, first = first.image, next(sequence, None)
    if first is None:
        raise InputError("player: no image came in on the standard input; send some")
    player.meet(first, listeners)
    if background is not None:
        player.send_background(background)
    if capture:
        player.capture(first)
    else:
        player.play(iter([first]), 0)
    player.play(sequence, 1)
    player.close()


def main(arguments: list[str] | None = None) -> int:
    """The player's process; 0 when everything was sent."""
    parser = argparse.ArgumentParser(prog="mtdense_player", description=__doc__)
    parser.add_argument("--target", default="/mtdense", help="full name of the node")
    parser.add_argument("--rate", type=float, default=0.0, help="images per second; 0: each after the answer to the last, ten at most")
    parser.add_argument("--restamp", action="store_true", help="stamp messages with the time of their sending")
    parser.add_argument("--capture", action="store_true", help="make the first image the reference frame")
    parser.add_argument("--listeners", type=int, default=1, help="subscribers of the image topic to wait for")
    options = parser.parse_args(arguments)

    def body(node: Node) -> None:
        player = Player(node, options.target, options.rate, options.restamp)
        run(player, read_records(sys.stdin.buffer), options.capture, options.listeners)

    return run_node("mtdense_player", body)


if __name__ == "__main__":
    sys.exit(main())
