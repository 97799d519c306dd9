"""The node in another process and a client in this one, over real DDS. Every wait has a deadline."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

from project import ROOT

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

import pytest
import yaml

try:
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState, GetState
    from rcl_interfaces.srv import GetParameters, SetParameters
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.parameter import Parameter
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
    from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
    from std_msgs.msg import String
    from std_srvs.srv import Trigger
except ImportError as error:
    pytest.skip(f"needs ROS 2's rclpy and messages: {error}", allow_module_level=True)

from camera_messages import stamp_of

from mtdense_ros.utils.processes import free_domain

START_S = 120.0
ANSWER_S = 60.0
RETRY_S = 5.0
"""Fast DDS drops an answer whose reader it has not discovered within 0.1 s, which happens to a first call on a busy machine."""
RELIABLE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
SETTLE_S = 1.0
"""A new publisher's match shows on our side before the node's: a camera_info sent into that gap may arrive after the image it is for."""
BEST_EFFORT = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
TRANSIENT_LOCAL = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
IMAGES = ("labels", "confidence", "labels_color", "depth", "normals", "normals_color", "foreground", "foreground_overlay")
JPEGS = ("labels_color/compressed", "normals_color/compressed", "foreground_overlay/compressed")
OUTPUT_TYPES = {
    **dict.fromkeys(IMAGES, Image),
    **dict.fromkeys(JPEGS, CompressedImage),
    "camera_info": CameraInfo,
    "points": PointCloud2,
    "obstacles": PointCloud2,
    "clearing": PointCloud2,
    "nav/labels": Image,
    "nav/confidence": Image,
    "nav/points": PointCloud2,
    "nav/camera_info": CameraInfo,
}


def type_of(topic):
    """The message type of an output, which may stand below a camera's name."""
    return OUTPUT_TYPES[topic] if topic in OUTPUT_TYPES else OUTPUT_TYPES[topic.partition("/")[2]]


STATES = {"configure": 1, "cleanup": 2, "activate": 3, "deactivate": 4}

NODE = ("-m", "mtdense_ros.ros.node")

_taken: set[int] = set()


def new_domain() -> int:
    """A ROS domain that no other node of this test run, and nobody else on this host, uses."""
    if len(_taken) > 60:  # of 101; those of long ago are free again
        _taken.clear()
    domain = next(d for d in iter(free_domain, None) if d not in _taken)
    _taken.add(domain)
    return domain


def wait_until(condition, seconds=ANSWER_S, what="condition"):
    """The condition's first true value; fails after the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come true in {seconds} s"
        time.sleep(0.01)


class NodeProcess:
    """`python -m mtdense_ros.ros.node`, or another program, with these parameters and remappings; its log is in `log()`."""

    def __init__(self, folder: Path, domain: int, parameters=None, remaps=(), weights_path=None, environment=None, program=NODE):
        folder.mkdir(parents=True, exist_ok=True)
        self._log_path = folder / "node.log"
        command = [sys.executable, *program, "--ros-args"]
        if parameters:
            file = folder / "parameters.yaml"
            file.write_text(yaml.safe_dump({"mtdense": {"ros__parameters": parameters}}))
            command += ["--params-file", str(file)]
        for rule in remaps:
            command += ["-r", rule]
        env = {**os.environ, "ROS_DOMAIN_ID": str(domain), "ROS_LOG_DIR": str(folder), "PYTHONUNBUFFERED": "1", **(environment or {})}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [env.get("PYTHONPATH", ""), str(ROOT)]))
        if weights_path is not None:
            env["MTDENSE_WEIGHTS_PATH"] = os.pathsep.join(filter(None, [str(weights_path), env.get("MTDENSE_WEIGHTS_PATH", "")]))
        with self._log_path.open("w") as log:
            self._process = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT, cwd=folder)

    def log(self) -> str:
        return self._log_path.read_text(errors="replace")

    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_for_log(self, text: str, seconds=START_S) -> None:
        wait_until(lambda: text in self.log() or not self.alive(), seconds, f"'{text}' in the log")
        assert text in self.log(), self.log()

    def stop(self, with_signal=signal.SIGINT, seconds=30.0) -> int:
        """The exit code."""
        if self.alive():
            self._process.send_signal(with_signal)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10.0)
            raise AssertionError(f"the node did not end in {seconds} s after signal {with_signal}:\n{self.log()}") from None


class Client:
    """A node of our own that spins in a thread: collects topics, publishes, calls services of `/mtdense`."""

    def __init__(self, domain: int):
        self.domain = domain
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node("client", context=self._context, start_parameter_services=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()
        self._received: dict[str, list] = {}
        self._diagnostics: list[DiagnosticArray] = []
        self._diagnostics_subscription = None
        self._subscriptions: dict[str, object] = {}
        self._clients: dict[str, object] = {}
        self._publishers: dict[tuple, object] = {}

    def close(self):
        self._executor.shutdown()
        self._thread.join(10.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    # topics

    def subscribe(self, *topics, qos=RELIABLE):
        """Subscribes to outputs of the node by their names below `~/`, and waits until the node can send to all of them."""
        for topic in topics:
            if topic not in self._subscriptions:
                messages = self._received[topic] = []
                self._subscriptions[topic] = self.node.create_subscription(type_of(topic), f"/mtdense/{topic}", messages.append, qos)
        wait_until(lambda: all(self.node.count_publishers(f"/mtdense/{t}") > 0 for t in topics), what=f"publishers of {topics}")
        time.sleep(0.3)  # the other side's match has no event here

    def unsubscribe(self, *topics):
        for topic in topics or tuple(self._subscriptions):
            self.node.destroy_subscription(self._subscriptions.pop(topic))
            self._received.pop(topic)

    def transient_local(self, topic):
        """The message of a transient-local topic below `~/`."""
        messages = []
        subscription = self.node.create_subscription(String, f"/mtdense/{topic}", messages.append, TRANSIENT_LOCAL)
        try:
            return wait_until(lambda: messages and messages[0], what=topic)
        finally:
            self.node.destroy_subscription(subscription)

    def of_stamp(self, topic, stamp_ns):
        """The messages of a topic with this stamp."""
        return [m for m in list(self._received[topic]) if stamp_of(m) == stamp_ns]

    def count(self, topic):
        return len(self._received[topic])

    def publisher(self, message_type, topic, qos=RELIABLE):
        key = (message_type, topic, id(qos))
        if key not in self._publishers:
            self._publishers[key] = self.node.create_publisher(message_type, topic, qos)
        return self._publishers[key]

    def drop_publisher(self, message_type, topic, qos=RELIABLE):
        self.node.destroy_publisher(self._publishers.pop((message_type, topic, id(qos))))

    def send(self, message, topic="/camera/image_raw", qos=RELIABLE, seconds=ANSWER_S):
        """Publishes once the node listens."""
        new = (type(message), topic, id(qos)) not in self._publishers
        publisher = self.publisher(type(message), topic, qos)
        wait_until(lambda: publisher.get_subscription_count() > 0, seconds, f"a subscription of {topic}")
        if new:
            time.sleep(SETTLE_S)
        publisher.publish(message)

    def exchange(self, image, info=None, topics=None, seconds=ANSWER_S):
        """Sends an image, after its camera_info, and returns the one message that comes back on each topic subscriber."""
        if info is not None:
            self.send(info, "/camera/camera_info")
        self.send(image)
        return self.received(stamp_of(image), topics, seconds)

    def received(self, stamp, topics=None, seconds=ANSWER_S):
        """The message of this stamp on each topic subscriber, or on these, once they are there."""
        wanted = topics or tuple(self._received)
        try:
            wait_until(lambda: all(self.of_stamp(t, stamp) for t in wanted), seconds)
        except AssertionError:
            came = {t: len(self.of_stamp(t, stamp)) for t in wanted}
            raise AssertionError(f"messages of stamp {stamp} after {seconds} s: {came}") from None
        return {t: self.of_stamp(t, stamp)[0] for t in wanted}

    def capture(self, image, info=None, topic="/camera/image_raw", service="background/capture"):
        """Makes a frame the background; returns the answer. Something must be subscriber, so that the node listens already."""
        publisher = self.publisher(Image, topic)
        wait_until(lambda: publisher.get_subscription_count() > 0, what="a subscription")
        for _ in range(3):  # a node on a busy machine may need longer for a frame than the service waits
            answer = self.call_async(Trigger, service, Trigger.Request())
            if info is not None:
                self.send(info, "/camera/camera_info")
            while not answer.future.done():  # an image that overtakes the request is not captured
                self.send(image, topic)
                time.sleep(0.1)
            response = answer()
            if response.success:
                break
        return response

    # services and parameters

    def call(self, service_type, name, request, seconds=ANSWER_S):
        return self.call_async(service_type, name, request)(seconds)

    def call_async(self, service_type, name, request):
        """Sends a request; call what is returned for the response."""
        new = name not in self._clients
        if new:
            self._clients[name] = self.node.create_client(service_type, f"/mtdense/{name}")
        client = self._clients[name]
        assert client.wait_for_service(START_S), f"no service {name}"
        if new:
            time.sleep(0.3)  # the other side may not know this client yet, and would drop its answer
        future = client.call_async(request)

        def answer(seconds=ANSWER_S):
            wait_until(future.done, seconds, f"answer of {name}")
            return future.result()

        answer.future = future
        return answer

    def ask(self, service_type, name, request):
        """A call that may be repeated, and is when no answer comes."""
        for _ in range(int(ANSWER_S / RETRY_S) - 1):
            try:
                return self.call(service_type, name, request, RETRY_S)
            except AssertionError:
                continue
        return self.call(service_type, name, request, RETRY_S)

    def transition(self, name) -> bool:
        request = ChangeState.Request(transition=Transition(id=STATES[name]))
        return self.call(ChangeState, "change_state", request, START_S).success

    def state(self) -> str:
        return self.ask(GetState, "get_state", GetState.Request()).current_state.label

    def wait_for_state(self, label, seconds=START_S):
        end = time.monotonic() + seconds
        while self.state() != label:
            assert time.monotonic() < end, f"state is {self.state()}, expected {label}"
            time.sleep(0.05)

    def set_parameter(self, name, value, seconds=None):
        """(successful, reason); a request that takes long by itself has its own deadline, and is not repeated."""
        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        ask = self.ask if seconds is None else partial(self.call, seconds=seconds)
        result = ask(SetParameters, "set_parameters", request).results[0]
        return result.successful, result.reason

    def get_parameter(self, name):
        value = self.ask(GetParameters, "get_parameters", GetParameters.Request(names=[name])).values[0]
        return Parameter.from_parameter_msg(type("M", (), {"name": name, "value": value})).value

    # diagnostics

    def diagnostics(self, fresh=True):
        """The newest array as {status name without the node: (level, message, values)}."""
        messages = self._diagnostics
        if self._diagnostics_subscription is None:
            self._diagnostics_subscription = self.node.create_subscription(DiagnosticArray, "/diagnostics", messages.append, RELIABLE)
        before = len(messages)
        wait_until(lambda: len(messages) > (before if fresh else 0), what="/diagnostics")
        return {
            s.name.partition(": ")[2]: (int.from_bytes(s.level, "little"), s.message, {v.key: v.value for v in s.values})
            for s in messages[-1].status
        }

    def wait_for_fault(self, name, text="", seconds=ANSWER_S):
        """The message of a fault, once it holds."""
        end = time.monotonic() + seconds
        while True:
            level, message, _ = self.diagnostics()[name]
            if level > 0 and text in message:
                return message
            assert time.monotonic() < end, f"fault '{name}' did not come: {message}"

    def values(self, status="frames"):
        return self.diagnostics()[status][2]

    def wait_for_value(self, key, condition, seconds=ANSWER_S):
        end = time.monotonic() + seconds
        while True:
            value = self.values().get(key)
            if value is not None and condition(value):
                return value
            assert time.monotonic() < end, f"{key} is {value}"
