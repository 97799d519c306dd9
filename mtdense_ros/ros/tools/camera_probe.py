"""Looks at a camera topic, and at the clock, as the node would: `python -m mtdense_ros.ros.tools.camera_probe TOPIC`.

Tells one line of JSON: the publishers with their QoS, what arrived, and what the node's own readers say of it.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from mtdense_ros.errors import InputError
from mtdense_ros.geometry.calibration import Calibration, camera_info_topic, camera_model_of, is_rectified_topic
from mtdense_ros.ros.messages import rgb_of, stamp_ns
from mtdense_ros.ros.subscriptions import choose_reliability, input_qos
from mtdense_ros.ros.tools.helper_node import Spinner, run_node, tell

IMAGES = {"sensor_msgs/msg/Image": Image, "sensor_msgs/msg/CompressedImage": CompressedImage}
DISCOVERY_S = 3.0
FIRST_S = 3.0
RATE_S = 2.0
"""Limits for publishers to be seen and for a first message; and the time over which the rate is counted."""


def look(node: Node, topic: str) -> None:
    """Waits for what the topic has, and tells it. topic: "" for the clock alone."""
    spinner = Spinner(node, topic)
    full = node.resolve_topic_name(topic) if topic else ""
    spinner.spin_while(lambda: not (topic and node.get_publishers_info_by_topic(full)), DISCOVERY_S)
    facts: dict[str, Any] = {"clock": node.count_publishers("/clock"), "topic": full}
    if topic:
        spinner.spin_for(0.5)  # for those that are seen a little later
        facts |= _camera(node, spinner, full)
    tell(**facts)


def _camera(node: Node, spinner: Spinner, topic: str) -> dict[str, Any]:
    endpoints = node.get_publishers_info_by_topic(topic)
    publishers = [_description(endpoint) for endpoint in endpoints]
    types = [IMAGES[each["type"]] for each in publishers if each["type"] in IMAGES]
    compressed = [_description(endpoint) for endpoint in node.get_publishers_info_by_topic(f"{topic}/compressed")]
    facts: dict[str, Any] = {"publishers": publishers, "compressed": len(compressed)}
    if types:
        offered = [e.qos_profile.reliability for e in endpoints if e.topic_type in IMAGES]
        facts |= _received(node, spinner, topic, types[0], choose_reliability("auto", offered))
    return facts


def _description(endpoint: Any) -> dict[str, Any]:
    qos = endpoint.qos_profile
    name = f"{endpoint.node_namespace.rstrip('/')}/{endpoint.node_name}"
    policies = {"reliability": qos.reliability.name.lower(), "durability": qos.durability.name.lower()}
    return {"node": name, "type": endpoint.topic_type, **policies}


def _received(node: Node, spinner: Spinner, topic: str, message_type: type, asked: ReliabilityPolicy) -> dict[str, Any]:
    images: list[Any] = []
    times: list[float] = []
    infos: list[CameraInfo] = []

    def receive(message: Any) -> None:
        images[:] = [message]
        times.append(time.monotonic())

    info_topic = camera_info_topic(topic)
    info_offered = [e.qos_profile.reliability for e in node.get_publishers_info_by_topic(info_topic)]
    node.create_subscription(message_type, topic, receive, input_qos(asked))
    node.create_subscription(CameraInfo, info_topic, infos.append, input_qos(choose_reliability("auto", info_offered)))
    spinner.spin_while(lambda: not images, FIRST_S)
    start, before, infos_before = time.monotonic(), len(times), len(infos)
    spinner.spin_for(RATE_S if images else 0.0)
    facts: dict[str, Any] = {"asked": asked.name.lower(), "info_topic": info_topic, "info": bool(infos)}
    if images:
        age_s = (node.get_clock().now().nanoseconds - stamp_ns(images[0].header)) * 1e-9
        facts |= {"images": len(times) - before, "infos": len(infos) - infos_before, "seconds": time.monotonic() - start}
        facts |= {"age_s": age_s, **_picture(images[0])}
        facts |= {"info_problem": _info_problem(infos[-1], facts["size"], is_rectified_topic(topic))} if infos else {}
    return facts


def _picture(message: Any) -> dict[str, Any]:
    """What kind of image it is, and whether the node can read it."""
    kind = {"encoding": getattr(message, "encoding", "") or getattr(message, "format", ""), "frame_id": message.header.frame_id}
    try:
        height, width = rgb_of(message).shape[:2]
    except InputError as error:
        size = [getattr(message, "width", 0), getattr(message, "height", 0)]
        return {**kind, "size": size, "image_problem": str(error)}
    return {**kind, "size": [width, height], "image_problem": ""}


def _info_problem(info: CameraInfo, size: list[int], rectified: bool) -> str:
    """Why a camera_info does not serve images of this (width, height); empty when it does."""
    calibration = Calibration.of(info)
    if [calibration.width, calibration.height] != size:
        return f"is for {calibration.width}x{calibration.height}, the images are {size[0]}x{size[1]}"
    try:
        camera_model_of(info, rectified)
    except InputError as error:
        return str(error)
    return ""


def main(arguments: list[str] | None = None) -> int:
    """The probe's process; 0 when it could look."""
    parser = argparse.ArgumentParser(prog="mtdense_camera_probe", description=__doc__)
    parser.add_argument("topic", nargs="?", default="", help="the camera's topic; without one only the clock is looked for")
    topic = parser.parse_args(arguments).topic
    return run_node("mtdense_doctor", lambda node: look(node, topic))


if __name__ == "__main__":
    sys.exit(main())
