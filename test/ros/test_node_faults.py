"""Bad input costs one frame, one log line that names it, and one count; the next good frame passes."""

import numpy as np
import pytest
from camera_messages import camera_info, header, image, picture, stamp_of
from harness import wait_until
from sensor_msgs.msg import CompressedImage

from mtdense_ros.geometry.point_cloud import unpack_cloud


@pytest.fixture(scope="module")
def heard(client):
    client.hear("labels", "points")
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
def test_a_bad_frame_then_a_good_one(heard, running, kind):
    make, fault, words = BAD[kind]
    refused = int(heard.values()["refused"])
    heard.send(make())
    message = heard.wait_for_fault(fault, words[0])
    assert all(word in message for word in ["/camera/image_raw", *words])
    assert int(heard.wait_for_value("refused", lambda v: int(v) > refused)) == refused + 1
    heard.exchange(image(picture()))
    states = heard.diagnostics()
    assert [name for name in ("unknown encoding", "bad image", "size mismatch") if states[name][0]] == []


def test_a_stream_of_bad_frames_is_logged_once_and_counted_each_time(heard, running):
    node, _ = running
    refused = int(heard.values()["refused"])
    lines = node.log().count("step 7")
    for n in range(20):
        heard.send(image(picture(), step=7))
        heard.wait_for_value("refused", lambda v, n=n: int(v) > refused + n)
    assert int(heard.values()["refused"]) == refused + 20
    assert node.log().count("step 7") - lines == 1


def test_a_broken_jpeg(heard):
    heard.set_parameter("image_transport", "compressed")
    try:
        message = CompressedImage(header=header(), format="jpeg")
        message.data.frombytes(b"\xff\xd8 no picture")
        heard.send(message, "/camera/image_raw/compressed")
        assert "JPEG" in heard.wait_for_fault("bad image", "/camera/image_raw/compressed")
    finally:
        heard.set_parameter("image_transport", "raw")
    heard.exchange(image(picture()))


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
def test_a_camera_info_that_cannot_be_used_costs_the_cloud_only(heard, info, fault, words):
    tell_info(heard, info)
    wait_until(lambda: only_labels(heard), what="a frame without a cloud")
    message = heard.wait_for_fault(fault, words[0])
    assert all(word in message for word in ["/camera/camera_info", *words])
    heard.exchange(image(picture()), camera_info(), topics=["labels"])
    heard.exchange(image(picture(seed=1)), topics=["labels", "points"])


def test_binning_and_a_region_of_interest_are_worked_into_cloud_and_camera_info(heard):
    """A sensor of 400 x 300, of which 256 x 192 from (64, 32) on are sent in blocks of 2 x 2."""
    reduced = camera_info(300, 400, focal=200.0)
    reduced.k[2], reduced.k[5] = 190.0, 130.0
    reduced.binning_x = reduced.binning_y = 2
    reduced.roi.x_offset, reduced.roi.y_offset, reduced.roi.width, reduced.roi.height = 64, 32, 256, 192
    heard.hear("camera_info")
    try:
        heard.send(reduced, "/camera/camera_info")
        wait_until(lambda: heard.exchange(image(picture()), topics=["camera_info"])["camera_info"].k[0] == 100.0, what="the new camera")
        received = heard.exchange(image(picture(seed=1)))
        info, cloud = received["camera_info"], unpack_cloud(received["points"].data, 128, 96)
        assert (info.width, info.height, info.binning_x, info.roi.width) == (128, 96, 0, 0)
        assert list(info.k) == [100.0, 0.0, 63.0, 0.0, 100.0, 49.0, 0.0, 0.0, 1.0]
        rows, columns = np.nonzero(np.isfinite(cloud["points"][..., 2]))
        assert len(rows) > 0
        x, _, z = cloud["points"][rows, columns].T
        seen = 100.0 * x / z + 63.0
        assert np.allclose(seen, columns, atol=1e-2)
    finally:
        heard.unhear("camera_info")
        heard.exchange(image(picture()), camera_info(), topics=["labels"])


def test_another_frame_id_of_camera_info_is_warned_of_once(heard, running):
    node, _ = running
    heard.send(camera_info(frame_id="somewhere"), "/camera/camera_info")
    wait_until(lambda: heard.exchange(image(picture())) and "'somewhere'" in node.log(), what="the warning")
    for seed in range(3):
        heard.exchange(image(picture(seed=seed)))
    assert node.log().count("'somewhere'") == 1


def test_a_distorted_camera_is_refused_rectified_or_seen_along_its_rays(heard):
    bent = camera_info(d=(-0.3, 0.1, 0.0, 0.0, 0.0))
    try:
        heard.set_parameter("camera_model", "refuse")
        heard.send(bent, "/camera/camera_info")

        def refused():
            heard.send(image(picture()))
            return heard.diagnostics()["distorted camera"][0] > 0

        wait_until(refused, what="the fault")
        heard.set_parameter("camera_model", "rays")
        wait_until(lambda: heard.diagnostics()["distorted camera"][0] == 0, 2.0, "the end of the fault with its cause")
        heard.hear("camera_info")
        heard.set_parameter("camera_model", "rectify")
        straight = heard.exchange(image(picture()))["camera_info"]
        assert not any(straight.d) and list(straight.k) == list(bent.k)
        heard.set_parameter("camera_model", "rays")
        raw = heard.exchange(image(picture()))["camera_info"]
        assert np.allclose(raw.d, bent.d)
    finally:
        heard.set_parameter("camera_model", "rays")
        heard.unhear("camera_info")
        heard.send(camera_info(), "/camera/camera_info")
