"""The depth's metric scale over real DDS: a range image, the camera's height with and without TF, and their faults."""

import os
import time

import numpy as np
import pytest
from camera_messages import array_of, camera_info, header, image, picture, stamp_of
from geometry_msgs.msg import TransformStamped
from harness import RELIABLE, wait_until
from sensor_msgs.msg import Image

from mtdense_ros.geometry.point_cloud import unpack_cloud

RANGE = "/range"
FAULTS = ("scale implausible", "TF missing", "range missing", "doubtful output", "output not available")

FAKE_TF2_ROS = '''
"""Stands in for tf2_ros, which no package index has: the newest transform of each pair of frames, on a topic of the test."""
from geometry_msgs.msg import TransformStamped

class TransformException(Exception):
    pass

class Buffer:
    def __init__(self):
        self.transforms = {}

    def lookup_transform(self, target, source, time):
        if (target, source) not in self.transforms:
            raise TransformException(f'"{target}" passed to lookupTransform does not exist')
        return self.transforms[target, source]

class TransformListener:
    def __init__(self, buffer, node, *, spin_thread):
        self.node = node
        keep = lambda t: buffer.transforms.update({(t.header.frame_id, t.child_frame_id): t})
        self.subscription = node.create_subscription(TransformStamped, "/transforms_of_the_test", keep, 10)

    def unregister(self):
        self.node.destroy_subscription(self.subscription)
'''


@pytest.fixture(scope="module")
def subscriber(client):
    client.subscribe("depth")
    client.exchange(image(picture()), camera_info())
    return client


@pytest.fixture
def unscaled(subscriber):
    """The depth of the picture as the network gives it."""
    assert subscriber.set_parameter("depth.scale_mode", "none")[0]
    depth = array_of(subscriber.exchange(image(picture()))["depth"])
    assert np.isfinite(depth).all()
    return depth


def range_of(metres, of, encoding="32FC1", **changes):
    """A range image with the stamp of another image."""
    values = metres.astype(np.float32) if encoding == "32FC1" else np.rint(metres * 1e3).astype(np.uint16)
    return image(values, encoding, of.header, **changes)


def depth_with(client, make_range):
    """The depth of a frame that was sent after its range image."""
    sent = image(picture())
    client.send(make_range(sent), RANGE)
    return array_of(client.exchange(sent)["depth"])


def active(client):
    states = client.diagnostics()
    return [name for name in FAULTS if states[name][0]]


def scales_by(client, factor, unscaled, make_range):
    return wait_until(lambda: np.allclose(depth_with(client, make_range), factor * unscaled, rtol=0.01), what=f"depth times {factor}")


def node_hears(client, topic):
    return any(info.node_name == "mtdense" for info in client.node.get_subscriptions_info_by_topic(topic))


def test_range_scales_the_depth(subscriber, unscaled):
    assert subscriber.set_parameter("depth.scale_mode", "range")[0]
    dense = 0.5 * unscaled
    scales_by(subscriber, 0.5, unscaled, lambda sent: range_of(dense, sent))
    values = subscriber.values()
    assert float(values["depth scale"]) == pytest.approx(0.5, rel=0.01)
    assert float(values["depth scale spread"]) < 0.05 and int(values["depth scale points"]) > 500
    assert values["depth scale state"] == "measured"
    wait_until(lambda: active(subscriber) == [], what="no fault")


def test_one_row_of_millimetres_scales_the_depth(subscriber, unscaled):
    row = np.zeros_like(unscaled)
    row[60] = 2.0 * unscaled[60]
    assert subscriber.set_parameter("depth.scale_mode", "range")[0]
    scales_by(subscriber, 2.0, unscaled, lambda sent: range_of(row, sent, "16UC1"))
    assert int(subscriber.values()["depth scale points"]) == unscaled.shape[1]


def test_range_is_heard_only_while_depth_is_and_the_mode_needs_it(subscriber):
    assert subscriber.set_parameter("depth.scale_mode", "range")[0]
    wait_until(lambda: node_hears(subscriber, RANGE), what="a subscription of the range image")
    subscriber.subscribe("labels")
    subscriber.unsubscribe("depth")
    wait_until(lambda: not node_hears(subscriber, RANGE), what="its end")
    subscriber.unsubscribe("labels")
    subscriber.subscribe("points")
    wait_until(lambda: node_hears(subscriber, RANGE), what="a subscription for the points")
    subscriber.unsubscribe("points")
    subscriber.subscribe("depth")
    assert subscriber.set_parameter("depth.scale_mode", "none")[0]
    wait_until(lambda: not node_hears(subscriber, RANGE), what="its end with the mode")


def until_fault(client, fault, words, make_range):
    """Sends frames, and range images if there are some, until a fault says these words."""

    def said():
        sent = image(picture())
        if make_range is not None:
            client.send(make_range(sent), RANGE)
        client.exchange(sent)
        level, message, _ = client.diagnostics()[fault]
        return level > 0 and words in message

    wait_until(said, what=f"{fault}: {words}")


def old(sent):
    """A range image 0.4 s before its frame."""
    message = range_of(np.ones((96, 128)), sent)
    earlier = stamp_of(sent) - 400_000_000
    message.header = type(message.header)(frame_id="camera_optical_frame")
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(earlier, 10**9)
    return message


@pytest.mark.parametrize(
    ("make_range", "words"),
    [
        (None, "expected a publisher of sensor_msgs/msg/Image; start the range sensor"),
        (old, "is -400 ms from the image's"),
        (lambda sent: range_of(np.ones((48, 64)), sent), "width x height are 64x48, expected the image's 128x96"),
        (lambda sent: range_of(np.ones((96, 128)), sent, step=7), "with step 7"),
        (lambda sent: image(picture(), "rgb8", sent.header), "encoding 'rgb8' is not known; use 32FC1"),
    ],
    ids=["no publisher", "another time", "another size", "damaged", "another encoding"],
)
def test_a_range_image_that_cannot_be_used_is_a_fault_of_its_own(subscriber, unscaled, make_range, words):
    if make_range is None and (Image, RANGE, id(RELIABLE)) in subscriber._publishers:
        subscriber.drop_publisher(Image, RANGE)
    assert subscriber.set_parameter("depth.scale_mode", "range")[0]
    until_fault(subscriber, "range missing", words, make_range)
    assert active(subscriber) == ["range missing"]
    scales_by(subscriber, 0.5, unscaled, lambda sent: range_of(0.5 * unscaled, sent))
    wait_until(lambda: active(subscriber) == [], what="the end of the fault")


def test_an_implausible_scale_is_said_and_not_taken(subscriber, unscaled):
    assert subscriber.set_parameter("depth.scale_mode", "range")[0]
    until_fault(subscriber, "scale implausible", "check the unit of the range image", lambda sent: range_of(9 * unscaled, sent))
    assert active(subscriber) == ["scale implausible"]
    assert np.array_equal(depth_with(subscriber, lambda sent: range_of(9 * unscaled, sent)), unscaled)
    scales_by(subscriber, 0.5, unscaled, lambda sent: range_of(0.5 * unscaled, sent))
    wait_until(lambda: active(subscriber) == [], what="the end of the fault")


def test_a_clock_jump_resets_the_scale(subscriber, unscaled):
    assert subscriber.set_parameter("depth.scale_mode", "range")[0]
    scales_by(subscriber, 0.5, unscaled, lambda sent: range_of(0.5 * unscaled, sent))
    assert np.allclose(array_of(subscriber.exchange(image(picture()))["depth"]), 0.5 * unscaled, rtol=0.01), "it stays without range"
    earlier = image(picture(), head=header(time.time_ns() - 5_000_000_000))
    assert np.array_equal(array_of(subscriber.exchange(earlier)["depth"]), unscaled)


def test_a_fault_of_the_scale_ends_with_its_mode(subscriber):
    assert subscriber.set_parameter("depth.scale_mode", "range")[0]
    until_fault(subscriber, "range missing", "", old)
    assert subscriber.set_parameter("depth.scale_mode", "none")[0]
    wait_until(lambda: active(subscriber) == [], 4.0, "the end of the fault with the mode")


def test_a_camera_height_from_tf_needs_tf2_ros(subscriber):
    assert subscriber.set_parameter("depth.scale_mode", "camera_height")[0]
    try:
        until_fault(subscriber, "TF missing", "set depth.camera_height", None)
        assert active(subscriber) == ["TF missing"]
        assert subscriber.set_parameter("depth.camera_height", 0.5)[0]
        wait_until(lambda: subscriber.exchange(image(picture())) and "TF missing" not in active(subscriber), what="the end of the fault")
    finally:
        subscriber.set_parameter("depth.scale_mode", "none")
        subscriber.set_parameter("depth.camera_height", 0.0)


def test_inverse_depth_gets_its_metres_from_range(start):
    _, client = start({"weights": "inverse_depth"})
    client.subscribe("depth", "points")
    inverse = array_of(client.exchange(image(picture()), camera_info(), topics=["depth"])["depth"])
    assert "is inverse, points need metres" in client.wait_for_fault("output not available")
    span = np.ptp(inverse)
    assert span > 0
    metres = 1 / (0.2 + (inverse - inverse.min()) / span)
    assert client.set_parameter("depth.scale_mode", "range")[0]

    def scaled():
        """Without a range image a frame has no depth at all, so nothing is awaited."""
        sent = image(picture())
        client.send(range_of(metres, sent), RANGE)
        client.send(sent)
        client.diagnostics()
        found = client.of_stamp("depth", stamp_of(sent))
        return found and np.allclose(array_of(found[0]), metres, rtol=0.02)

    wait_until(scaled, what="depth in metres")
    received = client.exchange(image(picture()))  # the scale stays
    assert np.allclose(array_of(received["depth"]), metres, rtol=0.02)
    z = unpack_cloud(received["points"].data, 128, 96)["points"][..., 2]
    assert np.array_equal(z, array_of(received["depth"]))


def transform(height_m, rotation=(-0.5, 0.5, -0.5, 0.5)):
    """Of a level camera, 0.1 m ahead of the base; the default is an optical frame."""
    message = TransformStamped(child_frame_id="camera_optical_frame")
    message.header.frame_id = "base_link"
    message.transform.translation.x, message.transform.translation.z = 0.1, height_m
    q = message.transform.rotation
    q.x, q.y, q.z, q.w = rotation
    return message


def test_the_mount_comes_from_tf(start, tmp_path):
    (tmp_path / "tf2_ros.py").write_text(FAKE_TF2_ROS)
    given = {"depth.scale_mode": "camera_height", "depth.base_frame": "base_link"}
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    _, client = start(given, environment={"PYTHONPATH": path})
    client.subscribe("depth")
    client.send(camera_info(), "/camera/camera_info")
    until_fault(client, "TF missing", "no transform from 'base_link' to 'camera_optical_frame'", None)
    client.send(transform(-0.3), "/transforms_of_the_test")
    until_fault(client, "TF missing", "height -0.3 m is not above the floor", None)
    client.send(transform(0.45, (0.0, 0.0, 0.0, 1.0)), "/transforms_of_the_test")
    until_fault(client, "TF missing", "the z axis of 'camera_optical_frame' points up", None)
    client.send(transform(0.45), "/transforms_of_the_test")
    wait_until(lambda: client.exchange(image(picture())) and "TF missing" not in active(client), what="the end of the fault")
    client.unsubscribe("depth")
    wait_until(lambda: not node_hears(client, "/transforms_of_the_test"), what="the end of the listener")
