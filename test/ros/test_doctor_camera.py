"""The doctor's probes over real DDS: the self-test's two processes, and camera topics of every kind."""

import threading

import numpy as np
import pytest
from camera_messages import camera_info, image, picture
from harness import BEST_EFFORT, RELIABLE, Client, new_domain
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import String

from mtdense_ros.doctor.camera import camera
from mtdense_ros.doctor.probe import FAIL, OK, WARN
from mtdense_ros.doctor.transport import Result, judged, measured
from mtdense_ros.ros.tools.transport_test import own_segment
from mtdense_ros.utils.processes import PROFILE_VARIABLES, ros_environment

TOPIC, INFO = "/camera/image_raw", "/camera/camera_info"


class Driver:
    """A camera that sends 20 times a second what it is given; `messages`: (topic, message, QoS)."""

    def __init__(self, client):
        self._client = client
        self._end = threading.Event()
        self._thread = None

    def start(self, *messages):
        publishers = [(self._client.publisher(type(message), topic, qos), message) for topic, message, qos in messages]

        def send():
            while not self._end.wait(0.05):
                for publisher, message in publishers:
                    if hasattr(message, "header"):
                        message.header.stamp = self._client.node.get_clock().now().to_msg()
                    publisher.publish(message)

        self._thread = threading.Thread(target=send, daemon=True)
        self._thread.start()

    def stop(self):
        self._end.set()
        if self._thread is not None:
            self._thread.join(10.0)


@pytest.fixture
def driver(monkeypatch):
    domain = new_domain()
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
    client = Client(domain)
    driver = Driver(client)
    yield driver
    driver.stop()
    client.close()


def found(topic=TOPIC):
    """(status, text) of each finding by name; those of the same name joined."""
    result = {}
    for finding in camera(topic):
        status, text = result.get(finding.name, (OK, ""))
        result[finding.name] = (max(status, finding.status, key=(OK, WARN, FAIL).index), f"{text} {finding.text}")
    return result


def test_the_self_test_with_our_profile_loses_nothing_and_has_its_segment():
    attempts = []
    while len(attempts) < 3:
        result = measured(ros_environment(), 10)
        assert result.segment >= 64 << 20
        assert {name: counts.received for name, counts in result.series.items() if name.endswith(" reliable")} == {
            "images, reliable": 10,
            "clouds, reliable": 10,
        }
        attempts.append([counts.received for counts in result.series.values()])
        if attempts[-1] == [10, 10, 10, 10]:
            return
    raise AssertionError(attempts)


def test_the_segment_is_the_senders_own(tmp_path):
    (tmp_path / "fd").mkdir()
    for number, (name, size) in enumerate({"fastrtps_a": 7, "fastrtps_port1": 3, "fastrtps_b": 9}.items()):
        (tmp_path / name).write_bytes(bytes(size))
        (tmp_path / f"{name}_el").touch()
        if name != "fastrtps_b":  # of another process
            (tmp_path / "fd" / f"{number}").symlink_to(tmp_path / f"{name}_el")
    (tmp_path / "fd" / "9").symlink_to("socket:[1]")
    assert own_segment(tmp_path / "fd") == 7


def test_the_self_test_sees_that_the_profile_is_not_in_force():
    environment = {name: value for name, value in ros_environment().items() if name not in PROFILE_VARIABLES}
    result = measured(environment, 3)
    assert 0 < result.segment < 1 << 20
    assert [f.status for f in judged("self-test", Result({}, result.segment), 64 << 20, WARN)] == [FAIL]


def test_a_good_camera(driver):
    driver.start((TOPIC, image(picture()), RELIABLE), (INFO, camera_info(), RELIABLE))
    result = found()
    assert {name: status for name, (status, _) in result.items()} == {
        name: OK for name in ("clock", "camera QoS", "camera images", "camera_info")
    }
    assert "/client offers reliable, volatile" in result["camera QoS"][1]
    assert "128x96 rgb8, frame 'camera_optical_frame'" in result["camera images"][1]


def test_a_best_effort_camera_of_an_unknown_encoding_and_another_calibration(driver):
    strange = image(np.zeros((96, 128, 3), np.uint8), "16SC7")
    driver.start((TOPIC, strange, BEST_EFFORT), (INFO, camera_info(48, 64), RELIABLE))
    result = found()
    assert result["camera QoS"][0] == OK and "the node's reader asks for best effort" in result["camera QoS"][1]
    assert result["camera images"][0] == FAIL and "16SC7" in result["camera images"][1]
    assert result["camera_info"] == (FAIL, f" {INFO}: is for 64x48, the images are 128x96")


def test_topics_that_carry_no_image(driver):
    driver.start(("/camera/name", String(data="x"), RELIABLE), (f"{TOPIC}/compressed", CompressedImage(format="jpeg"), RELIABLE))
    assert "std_msgs/msg/String" in found("/camera/name")["camera"][1]
    assert found()["camera"][0] == FAIL and f"{TOPIC}/compressed is published" in found()["camera"][1]
    assert found("/nowhere")["camera"] == (FAIL, " /nowhere: nobody publishes it")


def test_a_camera_without_camera_info_that_does_not_send(driver):
    driver.start()
    driver._client.publisher(Image, TOPIC, RELIABLE)
    assert found()["camera"] == (FAIL, f" {TOPIC}: 1 publishers, no image within 3 s")
    driver._client.publisher(CameraInfo, INFO, RELIABLE)
    driver.start((TOPIC, image(picture()), RELIABLE))
    assert found()["camera_info"][0] == WARN
