"""Image in, outputs out: one stamp, right sizes, encodings and layout; every encoding of the contract."""

import json

import cv2
import numpy as np
import pytest
from camera_messages import array_of, camera_info, header, image, picture, stamp_of
from harness import IMAGES, JPEGS, OUTPUT_TYPES, wait_until
from sensor_msgs.msg import CompressedImage, PointField

from mtdense_ros.geometry.point_cloud import unpack_cloud
from mtdense_ros.imaging.compressed import decode_compressed, encode_jpeg

ENCODINGS = {"labels": "mono8", "confidence": "mono8", "depth": "32FC1", "normals": "32FC3", "foreground": "mono8"}
HEIGHT, WIDTH = 90, 122  # not the network's size, not its shape


@pytest.fixture(scope="module")
def everything(client):
    """The frame that was sent and all that came back of it, with its own predecessor as background."""
    client.subscribe(*OUTPUT_TYPES)
    response = client.capture(image(picture(HEIGHT, WIDTH, seed=1)), camera_info(HEIGHT, WIDTH))
    assert response.success, response.message
    sent = image(picture(HEIGHT, WIDTH, seed=2), head=header(frame_id="front_optical"))
    return sent, client.exchange(sent)


def test_every_output_carries_the_frames_stamp_and_frame(everything):
    sent, received = everything
    assert set(received) == set(OUTPUT_TYPES)
    assert {(stamp_of(m), m.header.frame_id) for m in received.values()} == {(stamp_of(sent), "front_optical")}


@pytest.mark.parametrize("topic", IMAGES)
def test_images_have_the_cameras_size_and_the_contracts_encoding(everything, topic):
    message = everything[1][topic]
    assert message.encoding == ENCODINGS.get(topic, "rgb8")
    assert (message.height, message.width, message.is_bigendian) == (HEIGHT, WIDTH, 0)
    pixel = {"mono8": 1, "rgb8": 3, "32FC1": 4, "32FC3": 12}[message.encoding]
    assert message.step == WIDTH * pixel and len(message.data) == message.step * HEIGHT


def test_the_values_are_in_their_ranges(everything):
    values = {topic: array_of(everything[1][topic]) for topic in ENCODINGS}
    assert values["labels"].max() <= 5
    assert values["confidence"].min() >= 255 // 6
    assert np.nanmin(values["depth"]) > 0
    assert np.allclose(np.linalg.norm(values["normals"], axis=-1), 1, atol=1e-5) and values["normals"][..., 2].max() <= 0
    assert set(np.unique(values["foreground"])) <= {0, 255}


@pytest.mark.parametrize("topic", JPEGS)
def test_the_jpegs_show_the_raw_pictures(everything, topic):
    message = everything[1][topic]
    raw = array_of(everything[1][topic.removesuffix("/compressed")])
    shown = decode_compressed(message.data, message.format)
    assert shown.shape == raw.shape
    assert np.abs(shown.astype(float) - raw).mean() < 20


def test_camera_info_is_that_of_the_images(everything):
    info, expected = everything[1]["camera_info"], camera_info(HEIGHT, WIDTH)
    assert (info.height, info.width, info.distortion_model) == (HEIGHT, WIDTH, "plumb_bob")
    assert list(info.k) == list(expected.k) and list(info.p) == list(expected.p)


def test_the_cloud_has_the_contracts_layout(everything):
    cloud = everything[1]["points"]
    fields = [(f.name, f.offset, f.datatype, f.count) for f in cloud.fields]
    single, byte = PointField.FLOAT32, PointField.UINT8
    assert fields == [
        ("x", 0, single, 1), ("y", 4, single, 1), ("z", 8, single, 1), ("rgb", 12, single, 1),
        ("label", 16, byte, 1), ("confidence", 17, byte, 1), ("foreground", 18, byte, 1),
    ]  # fmt: skip
    assert (cloud.height, cloud.width, cloud.point_step, cloud.row_step) == (HEIGHT, WIDTH, 20, 20 * WIDTH)
    assert not cloud.is_bigendian and not cloud.is_dense and len(cloud.data) == 20 * WIDTH * HEIGHT


def test_the_cloud_agrees_with_the_images(everything):
    sent, received = everything
    cloud = unpack_cloud(received["points"].data, WIDTH, HEIGHT)
    depth = array_of(received["depth"])
    known = np.isfinite(depth)
    assert known.any()
    points = cloud["points"]
    assert np.array_equal(np.isfinite(points[..., 2]), known)
    rows, columns = np.nonzero(known)
    x = depth[known] * (columns - (WIDTH - 1) / 2) / 100.0
    y = depth[known] * (rows - (HEIGHT - 1) / 2) / 100.0
    assert np.allclose(points[known], np.stack([x, y, depth[known]], axis=-1), rtol=1e-5, atol=1e-5)
    assert np.array_equal(cloud["rgb"], np.frombuffer(sent.data, np.uint8).reshape(HEIGHT, WIDTH, 3))
    assert np.array_equal(cloud["label"], array_of(received["labels"]))
    assert np.array_equal(cloud["confidence"], array_of(received["confidence"]))
    assert np.array_equal(cloud["foreground"], array_of(received["foreground"]))


def test_the_legend_decodes_the_labels(client):
    legend = json.loads(client.transient_local("legend").data)
    assert [c["name"] for c in legend["classes"]] == ["floor", "wall", "ceiling", "furniture", "object", "other"]
    assert [c["id"] for c in legend["classes"]] == list(range(6))
    assert legend["outputs"] == ["labels", "confidence", "depth", "normals", "foreground"]
    assert legend["model"] == "everything" and len(legend["weights_sha256"]) == 64 and legend["depth_kind"] == "metric"


@pytest.fixture(scope="module")
def reference(client, everything):
    """A grey picture with 2x2 blocks of one value, and its depth as rgb8."""
    rgb = np.repeat(picture(HEIGHT, WIDTH, seed=3)[..., :1], 3, axis=-1)
    return rgb, array_of(client.exchange(image(rgb), topics=["depth"])["depth"])


def wide(values):
    """16-bit samples, little-endian, whose high byte is the value."""
    return (values.astype("<u2") << 8) + 37


def padded(rgb):
    return np.pad(rgb, ((0, 0), (0, 7), (0, 0)), constant_values=99)


LOSSLESS = {
    "rgb8": lambda rgb: image(rgb),
    "bgr8": lambda rgb: image(rgb[..., ::-1], "bgr8"),
    "rgba8": lambda rgb: image(np.dstack([rgb, rgb[..., 0]]), "rgba8"),
    "bgra8": lambda rgb: image(np.dstack([rgb[..., ::-1], rgb[..., 0]]), "bgra8"),
    "8UC3": lambda rgb: image(rgb[..., ::-1], "8UC3"),
    "mono8": lambda rgb: image(rgb[..., 0], "mono8"),
    "8UC1": lambda rgb: image(rgb[..., 0], "8UC1"),
    "mono16": lambda rgb: image(wide(rgb[..., 0]), "mono16"),
    "rgb16": lambda rgb: image(wide(rgb), "rgb16"),
    "bgr16, big-endian": lambda rgb: image(wide(rgb[..., ::-1]).astype(">u2"), "bgr16", is_bigendian=1),
    "rgb8, padded rows": lambda rgb: image(padded(rgb), width=WIDTH),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_encodings_give_the_same_depth(client, reference, name):
    rgb, depth = reference
    received = client.exchange(LOSSLESS[name](rgb), topics=["depth"])["depth"]
    assert np.array_equal(array_of(received), depth, equal_nan=True)


def yuv(rgb, order):
    """Packed 4:2:2 of a grey picture: luma as it is, chroma neutral."""
    grey = np.full_like(rgb[..., 0], 128)
    return np.dstack([rgb[..., 0], grey] if order == "yuyv" else [grey, rgb[..., 0]])


def planes(rgb):
    return np.concatenate([rgb[..., 0], np.full((HEIGHT // 2, WIDTH), 128, np.uint8)])


SUBSAMPLED = {
    **{f"bayer_{p}8": lambda rgb, p=p: image(rgb[..., 0], f"bayer_{p}8") for p in ("rggb", "bggr", "gbrg", "grbg")},
    "yuv422": lambda rgb: image(yuv(rgb, "uyvy"), "yuv422"),
    "uyvy": lambda rgb: image(yuv(rgb, "uyvy"), "uyvy"),
    "yuv422_yuy2": lambda rgb: image(yuv(rgb, "yuyv"), "yuv422_yuy2"),
    "yuyv": lambda rgb: image(yuv(rgb, "yuyv"), "yuyv"),
    "nv12": lambda rgb: image(planes(rgb), "nv12", height=HEIGHT),
}


@pytest.mark.parametrize("name", SUBSAMPLED)
def test_camera_encodings_give_the_same_picture_nearly(client, reference, name):
    """The overlay shows the picture where nothing changed; luma of limited range spreads by up to 255 / 219."""
    rgb, _ = reference
    received = client.exchange(SUBSAMPLED[name](rgb), topics=["points"])["points"]
    seen = unpack_cloud(received.data, WIDTH, HEIGHT)["rgb"].astype(float)
    expected = np.clip((rgb.astype(float) - 16) * 255 / 219, 0, 255) if "bayer" not in name else rgb.astype(float)
    assert np.median(np.abs(seen - expected)) <= 2


def test_compressed_images_come_on_the_resolved_topic(client, reference):
    rgb, _ = reference
    assert client.set_parameter("image_transport", "compressed") == (True, "")
    try:
        for data, kind in ((encode_jpeg(rgb, 95), "jpeg"), (cv2.imencode(".png", rgb)[1].tobytes(), "png")):
            message = CompressedImage(header=header(), format=kind)
            message.data.frombytes(data)
            client.send(message, "/camera/image_raw/compressed")
            wait_until(lambda m=message: client.of_stamp("depth", stamp_of(m)), what=f"depth of a {kind}")
    finally:
        client.set_parameter("image_transport", "raw")


def test_depth_in_millimetres_and_another_frame(client, reference):
    rgb, depth = reference
    client.set_parameter("depth.encoding", "16UC1")
    client.set_parameter("frame_id", "elsewhere")
    try:
        message = client.exchange(image(rgb), topics=["depth"])["depth"]
    finally:
        client.set_parameter("depth.encoding", "32FC1")
        client.set_parameter("frame_id", "")
    assert (message.encoding, message.step, message.header.frame_id) == ("16UC1", 2 * WIDTH, "elsewhere")
    expected = np.where(np.isfinite(depth) & (depth < 65.535), np.rint(depth * 1e3), 0)
    assert np.abs(array_of(message) - expected).max() <= 1
