"""Quality of service: what the outputs offer, and what the camera's subscriptions ask for."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

OUTPUT_QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
LATCHED_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
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
