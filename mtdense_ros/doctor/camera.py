"""The clock, and the camera's topic as a probe sees it that reads it as the node would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mtdense_ros.doctor.probe import FAIL, OK, SKIP, WARN, Finding, ask

MODULE = "mtdense_ros.ros.tools.camera_probe"
PROBE_S = 40.0
READABLE = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
BAD_AGE_S, AHEAD_S = 10.0, 0.05
"""A stamp that is older than this, or this much in the future, is of another clock; synchronised ones differ by milliseconds."""

LOST, SLOW_HZ = 0.8, 1.0
"""Images per camera_info, and a rate, below which something is wrong."""


def camera(topic: str) -> Iterator[Finding]:
    """Looks at the clock and at this topic (none if empty), in this shell's domain."""
    answer = ask(["-m", MODULE, *([topic] if topic else [])], PROBE_S)
    if answer.problem:
        yield Finding(FAIL, "camera", answer.problem, "check ROS_DOMAIN_ID and the middleware")
        return
    yield from clock(answer.facts)
    if topic:
        yield from judged(answer.facts)
    else:
        yield Finding(SKIP, "camera", "no topic given", "name it: --image-topic /camera/color/image_raw")


def judged(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Publishers, images and camera_info of one topic."""
    topic, publishers = facts["topic"], facts["publishers"]
    readable = [each for each in publishers if each["type"] in READABLE]
    if not readable:
        yield _no_publisher(topic, publishers, facts["compressed"])
        return
    yield from _publishers(topic, readable, facts["asked"])
    if "images" not in facts:
        yield Finding(FAIL, "camera", f"{topic}: {len(readable)} publishers, no image within 3 s", "start the driver's stream")
        return
    yield from _images(topic, facts)
    yield _info(facts)


def _no_publisher(topic: str, publishers: Sequence[Mapping[str, Any]], compressed: int) -> Finding:
    others = sorted({each["type"] for each in publishers})
    if others:
        return Finding(FAIL, "camera", f"{topic}: carries {', '.join(others)}, expected sensor_msgs/msg/Image", "choose the image topic")
    if compressed:
        remedy = "set image_transport: compressed, or start the raw transport"
        return Finding(FAIL, "camera", f"{topic}: nobody publishes it, {topic}/compressed is published", remedy)
    remedy = "start the camera, correct the name (ros2 topic list), or ROS_DOMAIN_ID"
    return Finding(FAIL, "camera", f"{topic}: nobody publishes it", remedy)


def _publishers(topic: str, publishers: Sequence[Mapping[str, Any]], asked: str) -> Iterator[Finding]:
    for each in publishers:
        text = f"{topic}: {each['node']} offers {each['reliability'].replace('_', ' ')}, {each['durability'].replace('_', ' ')}"
        matches = asked == "best_effort" or each["reliability"] == "reliable"
        reader = f"; the node's reader asks for {asked.replace('_', ' ')}, volatile"
        yield Finding(OK if matches else FAIL, "camera QoS", text + reader, "" if matches else "set reliability: auto")
    if len({each["reliability"] for each in publishers}) > 1 or len(publishers) > 1:
        remedy = "let one node publish this topic"
        yield Finding(WARN, "camera", f"{topic}: {len(publishers)} publishers, whose images take turns", remedy)


def _images(topic: str, facts: Mapping[str, Any]) -> Iterator[Finding]:
    width, height = facts["size"]
    rate = facts["images"] / facts["seconds"]
    text = f"{topic}: {rate:.1f} Hz, {width}x{height} {facts['encoding']}, frame '{facts['frame_id']}'"
    if facts["image_problem"]:
        yield Finding(FAIL, "camera images", f"{text}: {facts['image_problem']}", "choose another encoding in the driver")
    elif facts["images"] < LOST * facts["infos"]:
        lost = f"{text}: {facts['images']} images came for {facts['infos']} camera_info, which are small: images are lost"
        yield Finding(WARN, "camera images", lost, "start the driver with the Fast DDS profile, see above, or let it publish reliable")
    elif rate < SLOW_HZ:
        yield Finding(WARN, "camera images", text, f"expected {SLOW_HZ:g} Hz or more: see the driver's settings")
    else:
        yield Finding(OK, "camera images", text)
    if not facts["frame_id"]:
        yield Finding(WARN, "camera images", f"{topic}: header.frame_id is empty", "set it in the driver, or the node's frame_id")
    if not -AHEAD_S <= facts["age_s"] <= BAD_AGE_S:
        text = f"{topic}: stamps are {facts['age_s']:.1f} s old, expected 0 to {BAD_AGE_S:.0f}"
        remedy = "a bag or simulation: use_sim_time:=true and --clock; two hosts: synchronise their clocks (chrony)"
        yield Finding(WARN, "clock", text, remedy)


def _info(facts: Mapping[str, Any]) -> Finding:
    topic = facts["info_topic"]
    if not facts["info"]:
        text = f"{topic}: nothing came; no points, and depth assumes the focal length of the weights"
        return Finding(WARN, "camera_info", text, "publish the calibration there, or remap camera_info")
    if facts["info_problem"]:
        return Finding(FAIL, "camera_info", f"{topic}: {facts['info_problem']}", "calibrate the camera, or remap camera_info")
    return Finding(OK, "camera_info", f"{topic}: fits the images")


def clock(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether a simulation or bag gives the time."""
    if facts["clock"]:
        text = f"/clock has {facts['clock']} publishers: a simulation or a bag gives the time"
        yield Finding(WARN, "clock", text, "start the node with use_sim_time:=true, or end what publishes /clock")
    else:
        yield Finding(OK, "clock", "the system's; nobody publishes /clock")
