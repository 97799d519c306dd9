"""A node that does no work: answers every picture with messages of the sizes of all outputs. What the transport alone costs."""

from __future__ import annotations

import sys
import time
from array import array
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import Trigger

from benchmarks.common.helper import OUTPUTS, reliable, spin_until_the_end, stamp_of
from mtdense_ros.geometry.point_cloud import POINT_STEP
from mtdense_ros.ros.tools.helper_node import tell

BYTES = {"labels": 1, "depth": 4, "normals": 12, "foreground": 1, "points": POINT_STEP}
"""Of each output, for one pixel."""


class RelayNode(Node):
    """All outputs hold zeros, made once for the first picture's size."""

    def __init__(self) -> None:
        super().__init__("mtdense")
        self._publishers_of = {name: self.create_publisher(kind, f"~/{name}", reliable(5)) for name, kind in OUTPUTS.items()}
        self._messages: dict[str, Any] = {}
        self.create_service(Trigger, "~/background/capture", self._capture)
        self.create_subscription(CameraInfo, "camera_info", lambda _: None, reliable(1))
        self.create_subscription(Image, "image", self._relay, reliable(1))

    def _capture(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = True, "needs none"
        return response

    def _relay(self, message: Image) -> None:
        begin = time.perf_counter()
        if not self._messages:
            self._messages = {name: self._message(name, message.height, message.width) for name in OUTPUTS}
        for name, answer in self._messages.items():
            answer.header = message.header
            self._publishers_of[name].publish(answer)
        stages = {"network": 0.0, "node": 1e3 * (time.perf_counter() - begin)}
        tell(event="frame", at_ns=time.monotonic_ns(), stamp_ns=stamp_of(message), stages=stages)

    @staticmethod
    def _message(name: str, height: int, width: int) -> Any:
        data = array("B", bytes(height * width * BYTES[name]))
        return OUTPUTS[name](height=height, width=width, data=data)


if __name__ == "__main__":
    sys.exit(spin_until_the_end(RelayNode))
