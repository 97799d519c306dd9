"""The node in a process of its own and, in this one, a client over DDS that sends whatever it is told to and reads /diagnostics."""

from __future__ import annotations

import os
import threading
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

import rclpy
import yaml
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from mtdense_ros.errors import MtdenseError
from mtdense_ros.utils.processes import Child, free_domain, ros_environment

NODE = "mtdense"
TOPIC = "/camera/image_raw"
TOPICS = {
    "image": (Image, TOPIC),
    "compressed image": (CompressedImage, f"{TOPIC}/compressed"),
    "camera_info": (CameraInfo, "/camera/camera_info"),
    "background": (Image, "/background"),
}
START_S, ANSWER_S, PERIOD_S = 120.0, 60.0, 0.1
RELIABLE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)


class Driver:
    """For a `with`: the node with these parameters, active, its log in `folder`; outputs: those that this client subscribes to.

    received counts the messages of each output; faults has the last message of each that came.
    """

    def __init__(self, folder: Path, parameters: dict[str, Any], outputs: dict[str, type]) -> None:
        domain = free_domain()
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "parameters.yaml"
        values = {"diagnostics.period": PERIOD_S, **parameters}
        file.write_text(yaml.safe_dump({NODE: {"ros__parameters": values}}), encoding="utf-8")
        arguments = ["--ros-args", "--params-file", str(file), "-r", f"image:={TOPIC}"]
        environment = {**ros_environment(), "ROS_DOMAIN_ID": str(domain)}
        self.child = Child("node", "mtdense_ros.ros.node", arguments, folder / "node.log", environment)
        self.received: dict[str, int] = dict.fromkeys(outputs, 0)
        self.faults: dict[str, str] = {}
        self._newest: dict[str, str] = {}
        self._messages = 0
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node("driver", context=self._context, start_parameter_services=False, enable_rosout=False)
        self._publishers: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, RELIABLE)
        for output, kind in outputs.items():
            self.node.create_subscription(kind, f"/{NODE}/{output}", lambda _, name=output: self._count(name), RELIABLE)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)

    def __enter__(self) -> Driver:
        self._thread.start()
        self.wait(lambda: self._newest.get("state") == "active", START_S, "become active")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.child.stop()
        self._executor.shutdown()
        self._thread.join(10.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def wait(self, condition: Callable[[], Any], seconds: float, what: str) -> Any:
        """The condition's first true value. Raises MtdenseError when the node ends or does not do it in time."""
        end = time.monotonic() + seconds
        while not (value := condition()):
            self.child.check()
            if time.monotonic() > end or self.child.code is not None:
                raise MtdenseError(f"the node did not {what} within {seconds:g} s; see {self.child.log}")
            time.sleep(0.002)
        return value

    def values(self) -> dict[str, str]:
        """Of a message on /diagnostics that began after this call."""
        first = self._messages + 2
        self.wait(lambda: self._messages >= first, ANSWER_S, "publish /diagnostics")
        return dict(self._newest)

    def publish(self, kind: str, message: Any, settle: bool = True) -> None:
        """Sends a message on the topic of its kind. settle: once, when its publisher is new, until the node listens."""
        publisher = self.publisher(kind)
        if settle:
            self.wait(lambda: publisher.get_subscription_count() > 0, ANSWER_S, f"subscribe to {TOPICS[kind][1]}")
        publisher.publish(message)

    def publisher(self, kind: str) -> Any:
        """The publisher of a kind of message."""
        if kind not in self._publishers:
            self._publishers[kind] = self.node.create_publisher(*TOPICS[kind], RELIABLE)
        return self._publishers[kind]

    def drop_publisher(self, kind: str) -> None:
        """As a camera driver that ends."""
        self.node.destroy_publisher(self._publishers.pop(kind))

    def call(self, kind: Any, name: str, request: Any, seconds: float = ANSWER_S) -> Any:
        """The answer of a service of the node."""
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, f"/{NODE}/{name}")
        client = self._clients[name]
        self.wait(client.service_is_ready, ANSWER_S, f"offer {name}")
        future = client.call_async(request)
        self.wait(future.done, seconds, f"answer {name}")
        return future.result()

    def _count(self, output: str) -> None:
        self.received[output] += 1

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        frames, *faults = message.status
        self._newest = {value.key: value.value for value in frames.values}
        self.faults |= {status.name.partition(": ")[2]: status.message for status in faults if status.level != b"\x00"}
        self._messages += 1


def ros_message(kind: str, m: SimpleNamespace) -> Any:
    """The message of a mutant."""
    stamp = Time(sec=m.header.stamp_ns // 10**9, nanosec=m.header.stamp_ns % 10**9)
    fields = {name: value for name, value in vars(m).items() if name not in ("header", "data", "roi")}
    message = TOPICS[kind][0](header=Header(stamp=stamp, frame_id=m.header.frame_id), **fields)
    if kind == "camera_info":
        message.roi = RegionOfInterest(**vars(m.roi))
    else:
        message.data = array("B", m.data)
    return message
