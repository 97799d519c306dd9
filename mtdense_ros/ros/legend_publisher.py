"""What a late subscriber needs to decode the outputs: `~/legend` and, where vision_msgs is installed, `~/label_info`."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from std_msgs.msg import Header, String

from mtdense_ros.datatypes import LabelSpace
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.legend import legend_of
from mtdense_ros.ros.messages import LabelInfo, label_info_message, legend_message
from mtdense_ros.ros.subscriptions import TRANSIENT_LOCAL_QOS


class LegendPublisher:
    """The transient local publishers that describe `networks`, which may be replaced before `update`."""

    def __init__(self, node: Node, networks: MultiPredictor) -> None:
        self._node = node
        self.networks = networks
        self._legend = node.create_publisher(String, "~/legend", TRANSIENT_LOCAL_QOS)
        self._labels: Any = None
        self._said: dict[str, Any] = {}
        self._said_space: LabelSpace | None = None

    def update(self, parameters: Parameters) -> None:
        """Publishes what the parameters, or other `networks`, have changed."""
        legend = legend_of(self.networks, parameters.depth_scale_mode, parameters.depth_scale)
        if legend != self._said:
            self._legend.publish(legend_message(legend))
            self._said = legend
        space = self.networks.label_space
        if LabelInfo is not None and space != self._said_space:
            self._publish_labels(space)
            self._said_space = space

    def close(self) -> None:
        """Removes the publishers."""
        self._node.destroy_publisher(self._legend)
        self._publish_labels(None)

    def _publish_labels(self, space: LabelSpace | None) -> None:
        """On `~/label_info`, which exists only while there are labels."""
        if space is None and self._labels is not None:
            self._node.destroy_publisher(self._labels)
            self._labels = None
        if space is not None:
            self._labels = self._labels or self._node.create_publisher(LabelInfo, "~/label_info", TRANSIENT_LOCAL_QOS)
            self._labels.publish(label_info_message(space, Header(stamp=self._node.get_clock().now().to_msg())))
