"""What a late subscriber needs to decode the outputs: `~/legend` and, where vision_msgs is installed, `~/label_info`."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from std_msgs.msg import Header, String

from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.legend import legend_of
from mtdense_ros.ros.messages import LabelInfo, label_info_message, legend_message
from mtdense_ros.ros.subscriptions import TRANSIENT_LOCAL_QOS


class LegendPublisher:
    """The transient local publishers that describe `networks`."""

    def __init__(self, node: Node, networks: MultiPredictor) -> None:
        self._node = node
        self.networks = networks
        self._legend = node.create_publisher(String, "~/legend", TRANSIENT_LOCAL_QOS)
        self._publishers: list[Any] = [self._legend]
        self._said: dict[str, Any] = {}
        if LabelInfo is not None and networks.label_space is not None:
            labels = node.create_publisher(LabelInfo, "~/label_info", TRANSIENT_LOCAL_QOS)
            labels.publish(label_info_message(networks.label_space, Header(stamp=node.get_clock().now().to_msg())))
            self._publishers.append(labels)

    def update(self, parameters: Parameters) -> None:
        """Publishes the legend when the parameters, or other `networks` with the same labels, changed it."""
        legend = legend_of(self.networks, parameters.depth_scale_mode, parameters.depth_scale)
        if legend != self._said:
            self._legend.publish(legend_message(legend))
            self._said = legend

    def close(self) -> None:
        """Removes the publishers."""
        for publisher in self._publishers:
            self._node.destroy_publisher(publisher)
