"""Subscriptions that adapt: they exist only while they are wanted, with the reliability that the publishers allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from mtdense_ros.geometry import calibration


@dataclass(frozen=True)
class Source:
    """What to subscribe to."""

    message_type: type
    topic: str


@dataclass(frozen=True)
class Link:
    """A topic as it was last seen: publishers of the right type, and those whose QoS keeps us from hearing them."""

    publishers: int
    incompatible: int
    other_types: tuple[str, ...] = ()


class Input:
    """One subscription on behalf of a node; `receive` is called with each message and its topic."""

    def __init__(self, node: Node, receive: Callable[[Any, str], None]) -> None:
        self._node = node
        self._receive = receive
        self._subscription: Any = None
        self._made_of: tuple[Source, ReliabilityPolicy] | None = None

    def update(self, source: Source, wanted: bool, reliability: str) -> Link:
        """Makes, remakes or removes the subscription as the publishers and the wish demand; reliability as the parameter says."""
        endpoints = self._node.get_publishers_info_by_topic(source.topic)
        own_type = _type_name(source.message_type)
        offered = [e.qos_profile.reliability for e in endpoints if e.topic_type == own_type]
        asked = choose_reliability(reliability, offered)
        self._make((source, asked) if wanted else None)
        others = tuple(sorted({e.topic_type for e in endpoints if e.topic_type != own_type}))
        return Link(len(offered), incompatible(asked, offered), others)

    def close(self) -> None:
        """Removes the subscription."""
        self._make(None)

    def _make(self, made_of: tuple[Source, ReliabilityPolicy] | None) -> None:
        if made_of == self._made_of:
            return
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
        if made_of is not None:
            source, asked = made_of
            self._subscription = self._node.create_subscription(
                source.message_type, source.topic, lambda message: self._receive(message, source.topic), input_qos(asked)
            )
        self._made_of = made_of


def image_source(node: Node, prefix: str, transport: str) -> Source:
    """The camera's topic; `/compressed` follows the resolved name, for a remapping of `image` does not reach `image/compressed`.

    prefix: what stands before the names of this camera's topics.
    """
    resolved = node.resolve_topic_name(f"{prefix}image")
    if transport == "raw":
        return Source(Image, resolved)
    return Source(CompressedImage, f"{resolved.removesuffix('/compressed')}/compressed")


def camera_info_topic(node: Node, prefix: str) -> str:
    """The remapped `camera_info`, else the sibling of the resolved image topic; prefix as for `image_source`."""
    resolved = node.resolve_topic_name(f"{prefix}camera_info")
    if resolved != node.resolve_topic_name(f"{prefix}camera_info", only_expand=True):
        return resolved
    return calibration.camera_info_topic(node.resolve_topic_name(f"{prefix}image"))


def _type_name(message_type: type) -> str:
    package, kind = message_type.__module__.split(".")[:2]
    return f"{package}/{kind}/{message_type.__name__}"


def describe(source: Source, link: Link, name: str = "image") -> list[tuple[str, str]]:
    """The faults of an image topic, by name, with what was found and expected. name: the topic's own, which can be remapped."""
    kind = _type_name(source.message_type)
    if link.publishers == 0:
        found = f", found {', '.join(link.other_types)}; set image_transport" if link.other_types else "; start the camera"
        return [("no publisher", f"{source.topic}: expected a publisher of {kind}{found}, or remap '{name}'")]
    if link.incompatible:
        return [
            (
                "incompatible QoS",
                f"{source.topic}: {link.incompatible} of {link.publishers} publishers offer best effort, expected reliable; "
                "set reliability to auto",
            )
        ]
    return []


OUTPUT_QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
TRANSIENT_LOCAL_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BACKGROUND_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)


def input_qos(reliability: ReliabilityPolicy) -> QoSProfile:
    """The profile of a camera subscription: the newest message only."""
    return QoSProfile(depth=1, reliability=reliability)


def choose_reliability(mode: str, offered: Sequence[ReliabilityPolicy]) -> ReliabilityPolicy:
    """The reliability to ask for; mode is auto, reliable or best_effort, offered what each publisher has.

    auto: reliable unless a publisher offers less, for a best-effort reader loses most large images of a driver with the
    default transport. Without a publisher reliable too: the common one then matches at once.
    """
    if mode == "reliable":
        return ReliabilityPolicy.RELIABLE
    if mode == "best_effort" or any(policy != ReliabilityPolicy.RELIABLE for policy in offered):
        return ReliabilityPolicy.BEST_EFFORT
    return ReliabilityPolicy.RELIABLE


def incompatible(asked: ReliabilityPolicy, offered: Sequence[ReliabilityPolicy]) -> int:
    """How many publishers offer less than was asked for."""
    return sum(asked == ReliabilityPolicy.RELIABLE and policy != ReliabilityPolicy.RELIABLE for policy in offered)
