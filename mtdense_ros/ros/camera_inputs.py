"""The subscriptions of one camera, and what is wrong with its publishers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from mtdense_ros.parameters import Parameters
from mtdense_ros.ros.camera_info import CameraCache
from mtdense_ros.ros.subscriptions import BACKGROUND_QOS, Input, Link, Source, camera_info_topic, describe, image_source
from mtdense_ros.runtime.faults import Faults

DISCOVERY_S = 2.0
"""A publisher that is not seen for this long is not there."""


class CameraInputs:
    """`image`, `camera_info` and `background` of a camera, below `prefix`. They exist from `open` to `close`, the first two while wanted.

    receive, receive_info and receive_background are called with each message and its topic.
    """

    def __init__(
        self,
        node: Node,
        prefix: str,
        infos: CameraCache,
        faults: Faults,
        receive: Callable[[Any, str], None],
        receive_info: Callable[[Any, str], None],
        receive_background: Callable[[Image, str], None],
    ) -> None:
        self._node = node
        self._prefix = prefix
        self._infos = infos
        self._faults = faults
        self._receive_background = receive_background
        self._image = Input(node, receive)
        self._info = Input(node, receive_info)
        self._background: Any = None
        self._publisher_seen_s = 0.0

    def open(self) -> None:
        """From now on `update` makes what is wanted."""
        name = f"{self._prefix}background"
        topic = self._node.resolve_topic_name(name)
        self._background = self._node.create_subscription(
            Image, name, lambda message: self._receive_background(message, topic), BACKGROUND_QOS
        )
        self._publisher_seen_s = time.monotonic()

    def close(self) -> None:
        """Removes all subscriptions."""
        self._image.close()
        self._info.close()
        if self._background is not None:
            self._node.destroy_subscription(self._background)
            self._background = None

    def update(self, parameters: Parameters, enabled: bool, wanted: bool) -> bool:
        """Makes, changes or removes the subscriptions as publishers and parameters demand; whether a camera_info is published.

        wanted: images are needed. enabled: the lack of a publisher is worth a fault even while they are not.
        """
        source = image_source(self._node, self._prefix, parameters.image_transport)
        link = self._image.update(source, wanted, parameters.reliability)
        info_source = Source(CameraInfo, camera_info_topic(self._node, self._prefix))
        info_wanted = wanted or not self._infos.known  # thirty a second cost an idle node more than all the rest
        info_published = self._info.update(info_source, info_wanted, parameters.reliability).publishers > 0
        if not info_wanted:
            self._infos.distrust()
        self._judge_publishers(source, link, enabled, wanted)
        return info_published

    def _judge_publishers(self, source: Source, link: Link, enabled: bool, wanted: bool) -> None:
        """What is wrong with the publishers of the image topic. That there are none matters even while nobody needs an image."""
        now = time.monotonic()
        if link.publishers > 0:
            self._publisher_seen_s = now
        with self._faults.judging("no publisher", "incompatible QoS"):
            if not enabled or (link.publishers == 0 and now < self._publisher_seen_s + DISCOVERY_S):
                return
            for fault, message in describe(source, link, f"{self._prefix}image"):
                if wanted or fault == "no publisher":
                    self._faults.report(fault, message)
