"""Messages <-> arrays in this process: camera models, headers, depth in millimetres, and the choice of reliability."""

from types import SimpleNamespace

import numpy as np
import pytest
from camera_messages import array_of, camera_info, header, image, picture
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import CompressedImage

from mtdense_ros.errors import InputError
from mtdense_ros.geometry.calibration import camera_model_of, is_rectified_topic
from mtdense_ros.geometry.depth import millimetres
from mtdense_ros.imaging.compressed import encode_jpeg
from mtdense_ros.imaging.encodings import UnknownEncoding
from mtdense_ros.imaging.label_spaces import load_label_space
from mtdense_ros.ros import messages
from mtdense_ros.ros.messages import camera_info_message, image_message, make_header, rgb_of, stamp_ns
from mtdense_ros.ros.subscriptions import Link, Source, choose_reliability, describe, incompatible

BEST, SURE = ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE
BENT = (-0.3, 0.1, 0.0, 0.0, 0.0)


def test_stamps_survive_to_the_nanosecond():
    assert stamp_ns(make_header(1_700_000_000_123_456_789, "x")) == 1_700_000_000_123_456_789


@pytest.mark.parametrize("encoding, kind", [("mono8", np.uint8), ("32FC1", np.float32), ("16UC1", np.uint16)])
def test_images_hold_the_arrays_bytes(encoding, kind):
    values = np.arange(12).reshape(3, 4).astype(kind)
    message = image_message(values, encoding, header())
    assert (message.height, message.width, message.step) == (3, 4, 4 * values.itemsize)
    assert np.array_equal(array_of(message), values)


def test_a_view_that_is_not_contiguous_is_sent_as_it_looks():
    rgb = picture()
    assert np.array_equal(array_of(image_message(rgb[:, ::-1, ::-1], "rgb8", header())), rgb[:, ::-1, ::-1])


def test_rgb_of_image_and_of_compressed_image():
    rgb = picture()
    assert np.array_equal(rgb_of(image(rgb[..., ::-1], "bgr8")), rgb)
    message = CompressedImage(header=header(), format="jpeg")
    message.data.frombytes(encode_jpeg(rgb, 95))
    assert np.abs(rgb_of(message).astype(float) - rgb).mean() < 10


def test_an_unknown_encoding_stays_one_where_cv_bridge_is_missing():
    with pytest.raises(UnknownEncoding, match="'rgb88'.*cv_bridge"):
        rgb_of(image(picture(), "rgb88"))


def test_raw_images_have_k_and_distortion_rectified_ones_p_and_none():
    info = camera_info(d=BENT)
    info.p[0], info.p[2] = 80.0, 60.0
    raw, straight = camera_model_of(info, rectified=False), camera_model_of(info, rectified=True)
    assert (raw.intrinsics.fx, raw.d) == (100.0, BENT)
    assert (straight.intrinsics.fx, straight.intrinsics.cx, straight.is_distorted) == (80.0, 60.0, False)


def test_an_uncalibrated_camera_is_refused():
    with pytest.raises(InputError, match="focal length"):
        camera_model_of(camera_info(focal=0.0), rectified=False)


def test_camera_info_of_images_rectified_here_has_no_distortion():
    info = camera_info(d=BENT)
    same, straight = camera_info_message(info, header(), False), camera_info_message(info, header(), True)
    assert list(same.d) == list(BENT) and list(same.k) == list(info.k)
    assert list(straight.d) == [0.0] * 5 and list(straight.k) == list(info.k) and straight.p[0] == 100.0
    assert list(straight.r) == np.eye(3).ravel().tolist()


def test_camera_info_of_a_fisheye_rectified_here_is_a_pinholes():
    info = camera_info(d=(0.1, 0.01, 0.0, 0.0))
    info.distortion_model = "equidistant"
    straight = camera_info_message(info, header(), True)
    assert straight.distortion_model == "plumb_bob" and list(straight.d) == [0.0] * 5
    assert not camera_model_of(straight, rectified=False).is_distorted


def test_label_info_lists_ids_and_names(monkeypatch):
    """vision_msgs comes with a full ROS 2 only: its two classes are stood in for."""
    monkeypatch.setattr(messages, "LabelInfo", SimpleNamespace)
    monkeypatch.setattr(messages, "VisionClass", SimpleNamespace, raising=False)
    info = messages.label_info_message(load_label_space("indoor"), header())
    assert [(c.class_id, c.class_name) for c in info.class_map][:2] == [(0, "floor"), (1, "wall")]
    assert info.threshold == 0.0


@pytest.mark.parametrize(
    "topic, rectified",
    [
        ("/camera/image_raw", False),
        ("/camera/image_rect", True),
        ("/camera/image_rect_color", True),
        ("/camera/image_rect/compressed", True),
        ("/direct/image", False),
        ("/rect/image_raw", False),
    ],
)
def test_the_topics_name_says_whether_images_are_rectified(topic, rectified):
    assert is_rectified_topic(topic) is rectified


def test_depth_in_millimetres():
    depth = np.array([[0.0, 0.0004, 0.0006, 1.2345, 65.535, 65.6, np.nan, np.inf, -np.inf]], np.float32)
    assert millimetres(depth).tolist() == [[0, 0, 1, 1234, 65535, 0, 0, 0, 0]]


@pytest.mark.parametrize(
    "mode, offered, asked, deaf",
    [
        ("auto", [], SURE, 0),
        ("auto", [SURE, SURE], SURE, 0),
        ("auto", [SURE, BEST], BEST, 0),
        ("auto", [BEST], BEST, 0),
        ("reliable", [SURE, BEST], SURE, 1),
        ("best_effort", [SURE], BEST, 0),
    ],
)
def test_reliability(mode, offered, asked, deaf):
    assert choose_reliability(mode, offered) == asked
    assert incompatible(asked, offered) == deaf


def test_links_are_described_by_fault():
    source = Source(CompressedImage, "/c/compressed")
    assert describe(source, Link(1, 0)) == []
    assert describe(source, Link(0, 0))[0][0] == "no publisher"
    assert describe(source, Link(2, 1))[0][0] == "incompatible QoS"
    assert "sensor_msgs/msg/Image" in describe(source, Link(0, 0, ("sensor_msgs/msg/Image",)))[0][1]
