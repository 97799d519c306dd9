"""Bad input costs one frame, one log line that names it, and one count; the next good frame passes."""

import numpy as np
import pytest
from camera_messages import camera_info, header, image, picture, stamp_of
from harness import wait_until
from sensor_msgs.msg import CompressedImage

from mtdense_ros.geometry.point_cloud import unpack_cloud


@pytest.fixture(scope="module")
def subscriber(client):
    client.subscribe("labels", "points")
    client.exchange(image(picture()), camera_info())
    return client


def falsified(**changes):
    return lambda: image(picture(), **changes)


BAD = {
    "an unknown encoding": (falsified(encoding="rgb88"), "unknown encoding", ["rgb88", "rgb8"]),
    "an empty encoding": (falsified(encoding=""), "unknown encoding", ["''"]),
    "a short step": (falsified(step=100), "bad image", ["step 100", "384"]),
    "short data": (falsified(data=image(picture()).data[:1000]), "bad image", ["1000 bytes", "36864"]),
    "no data": (falsified(data=image(picture()).data[:0]), "bad image", ["0 bytes"]),
    "no width": (falsified(width=0), "bad image", ["0x96"]),
    "no height": (falsified(height=0), "bad image", ["128x0"]),
    "a size beyond the data": (falsified(height=4_000_000_000), "bad image", ["36864 bytes"]),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_frame_then_a_good_one(subscriber, running, kind):
    make, fault, words = BAD[kind]
    refused = int(subscriber.values()["refused"])
    subscriber.send(make())
    message = subscriber.wait_for_fault(fault, words[0])
    assert all(word in message for word in ["/camera/image_raw", *words])
    assert int(subscriber.wait_for_value("refused", lambda v: int(v) > refused)) == refused + 1
    subscriber.exchange(image(picture()))
    states = subscriber.diagnostics()
    assert [name for name in ("unknown encoding", "bad image", "size mismatch") if states[name][0]] == []


def test_a_stream_of_bad_frames_is_logged_once_and_counted_each_time(subscriber, running):
    node, _ = running
    refused = int(subscriber.values()["refused"])
    lines = node.log().count("step 7")
    for n in range(20):
        subscriber.send(image(picture(), step=7))
        subscriber.wait_for_value("refused", lambda v, n=n: int(v) > refused + n)
    assert int(subscriber.values()["refused"]) == refused + 20
    assert node.log().count("step 7") - lines == 1


def test_a_broken_jpeg(subscriber):
    subscriber.set_parameter("image_transport", "compressed")
    try:
        message = CompressedImage(header=header(), format="jpeg")
        message.data.frombytes(b"\xff\xd8 no picture")
        subscriber.send(message, "/camera/image_raw/compressed")
        assert "JPEG" in subscriber.wait_for_fault("bad image", "/camera/image_raw/compressed")
    finally:
        subscriber.set_parameter("image_transport", "raw")
    subscriber.exchange(image(picture()))


def only_labels(client):
    """A frame that gets labels and no cloud."""
    sent = image(picture())
    client.exchange(sent, topics=["labels"])
    client.exchange(image(picture(seed=1)), topics=["labels"])  # outputs of a frame go out before the next is begun
    return not client.of_stamp("points", stamp_of(sent))


def tell_info(client, info):
    """Sends a camera_info and waits until a frame has been judged by it."""
    client.send(info, "/camera/camera_info")


@pytest.mark.parametrize(
    "info, fault, words",
    [
        (camera_info(48, 64), "size mismatch", ["64x48", "128x96"]),
        (camera_info(focal=0.0), "no camera_info", ["focal length", "calibrate"]),
        (camera_info(focal=float("nan")), "no camera_info", ["finite"]),
    ],
    ids=["another size", "zero focal length", "not a number"],
)
def test_a_camera_info_that_cannot_be_used_costs_the_cloud_only(subscriber, info, fault, words):
    tell_info(subscriber, info)
    wait_until(lambda: only_labels(subscriber), what="a frame without a cloud")
    message = subscriber.wait_for_fault(fault, words[0])
    assert all(word in message for word in ["/camera/camera_info", *words])
    subscriber.exchange(image(picture()), camera_info(), topics=["labels"])
    subscriber.exchange(image(picture(seed=1)), topics=["labels", "points"])


def test_binning_and_a_region_of_interest_are_worked_into_cloud_and_camera_info(subscriber):
    """A sensor of 400 x 300, of which 256 x 192 from (64, 32) on are sent in blocks of 2 x 2."""
    reduced = camera_info(300, 400, focal=200.0)
    reduced.k[2], reduced.k[5] = 190.0, 130.0
    reduced.binning_x = reduced.binning_y = 2
    reduced.roi.x_offset, reduced.roi.y_offset, reduced.roi.width, reduced.roi.height = 64, 32, 256, 192
    subscriber.subscribe("camera_info")
    try:
        subscriber.send(reduced, "/camera/camera_info")

        def known():
            return subscriber.exchange(image(picture()), topics=["camera_info"])["camera_info"].k[0] == 100.0

        wait_until(known, what="the new camera")
        received = subscriber.exchange(image(picture(seed=1)))
        info, cloud = received["camera_info"], unpack_cloud(received["points"].data, 128, 96)
        assert (info.width, info.height, info.binning_x, info.roi.width) == (128, 96, 0, 0)
        assert list(info.k) == [100.0, 0.0, 63.0, 0.0, 100.0, 49.0, 0.0, 0.0, 1.0]
        rows, columns = np.nonzero(np.isfinite(cloud["points"][..., 2]))
        assert len(rows) > 0
        x, _, z = cloud["points"][rows, columns].T
        seen = 100.0 * x / z + 63.0
        assert np.allclose(seen, columns, atol=1e-2)
    finally:
        subscriber.unsubscribe("camera_info")
        subscriber.exchange(image(picture()), camera_info(), topics=["labels"])


def test_another_frame_id_of_camera_info_is_warned_of_once(subscriber, running):
    node, _ = running
    subscriber.send(camera_info(frame_id="somewhere"), "/camera/camera_info")
    wait_until(lambda: subscriber.exchange(image(picture())) and "'somewhere'" in node.log(), what="the warning")
    for seed in range(3):
        subscriber.exchange(image(picture(seed=seed)))
    assert node.log().count("'somewhere'") == 1


def test_a_frame_that_is_not_optical_is_warned_of_once_and_can_be_overridden(subscriber, running):
    node, _ = running
    told = "frame_id 'camera_link' is by its name no optical frame"
    for seed in range(3):
        received = subscriber.exchange(image(picture(seed=seed), head=header(frame_id="camera_link")))
    assert {message.header.frame_id for message in received.values()} == {"camera_link"}
    assert node.log().count(told) == 1
    subscriber.set_parameter("frame_id", "gripper_link")
    try:
        wait_until(lambda: subscriber.exchange(image(picture())) and "frame_id 'gripper_link'" in node.log(), what="the warning")
    finally:
        subscriber.set_parameter("frame_id", "")
    assert node.log().count("no optical frame") == 2


def test_a_distorted_camera_is_refused_rectified_or_seen_along_its_rays(subscriber):
    bent = camera_info(d=(-0.3, 0.1, 0.0, 0.0, 0.0))
    try:
        subscriber.set_parameter("camera_model", "refuse")
        subscriber.send(bent, "/camera/camera_info")

        def refused():
            subscriber.send(image(picture()))
            return subscriber.diagnostics()["distorted camera"][0] > 0

        wait_until(refused, what="the fault")
        subscriber.set_parameter("camera_model", "rays")
        wait_until(lambda: subscriber.diagnostics()["distorted camera"][0] == 0, 2.0, "the end of the fault with its cause")
        subscriber.subscribe("camera_info")
        subscriber.set_parameter("camera_model", "rectify")
        straight = subscriber.exchange(image(picture()))["camera_info"]
        assert not any(straight.d) and list(straight.k) == list(bent.k)
        subscriber.set_parameter("camera_model", "rays")
        raw = subscriber.exchange(image(picture()))["camera_info"]
        assert np.allclose(raw.d, bent.d)
    finally:
        subscriber.set_parameter("camera_model", "rays")
        subscriber.unsubscribe("camera_info")
        subscriber.send(camera_info(), "/camera/camera_info")
