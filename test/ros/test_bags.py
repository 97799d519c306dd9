"""Real recordings through the node in lock-step, with the package's own weights: the next frame after the last output."""


import cv2
import numpy as np
import pytest
from camera_messages import array_of, stamp_of
from harness import OUTPUT_TYPES
from project import DATA
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, Image

from mtdense_ros.weights import list_weights

WEIGHTS = "mtdense_indoor"
TRUTH = {0: False, 50: False, 255: True}  # static, shadow, moving; the rest is outside or unknown


@pytest.fixture(scope="module")
def bag_reader():
    return pytest.importorskip("rosbags.highlevel", reason="needs rosbags to read the recordings").AnyReader


def frames_of(reader, name):
    """[(image, camera_info)] of a bag, by stamp."""
    path = DATA / "bags" / name
    if not path.is_dir():
        pytest.skip(f"no recording {path}; set MTDENSE_DATA to the folder of the evaluation data")
    found = {Image: {}, CameraInfo: {}}
    with reader([path]) as bag:
        for connection, _, data in bag.messages():
            kind = {"/camera/color/image_raw": Image, "/camera/color/camera_info": CameraInfo}.get(connection.topic)
            if kind is not None:
                message = deserialize_message(bytes(data), kind)
                found[kind][stamp_of(message)] = message
    return [(found[Image][stamp], found[CameraInfo][stamp]) for stamp in sorted(found[Image])]


@pytest.fixture(scope="module")
def client(start):
    if WEIGHTS not in list_weights():
        pytest.skip(f"no weights {WEIGHTS} yet")
    return start({"weights": WEIGHTS, "warm_up": ""})[1]


def capture_first(client, frame):
    """Makes a frame the background; returns its own outputs."""
    image, info = frame
    response = client.capture(image, info)
    assert response.success, response.message
    return client.received(stamp_of(image))


def test_every_frame_of_a_robots_camera_gives_every_output(client, bag_reader):
    frames = frames_of(bag_reader, "openloris_cafe")
    client.subscribe(*OUTPUT_TYPES)
    outputs = [capture_first(client, frames[0]), *(client.exchange(*frame) for frame in frames[1:])]
    assert len(outputs) == 4
    for (image, info), received in zip(frames, outputs, strict=True):
        assert set(received) == set(OUTPUT_TYPES)
        assert {m.header.frame_id for m in received.values()} == {image.header.frame_id}
        sizes = {t: (m.height, m.width) for t, m in received.items() if "compressed" not in t}
        assert {sizes.pop(t)[0] for t in ("obstacles", "clearing")} == {1}
        of_navigation = {sizes.pop(t) for t in list(sizes) if t.startswith("nav/")}
        assert of_navigation == {(round(info.height * 320 / info.width), 320)} and set(sizes.values()) == {(info.height, info.width)}
    client.unsubscribe()


def score(masks, truths):
    """Intersection over union, pooled over all pixels whose truth is known."""
    known = np.isin(truths, list(TRUTH))
    moving = truths == 255
    return (masks & moving & known).sum() / ((masks | moving) & known).sum()


def test_a_person_in_an_office_is_the_foreground_and_an_empty_office_has_none(client, bag_reader, capsys):
    frames = frames_of(bag_reader, "office_static")
    client.subscribe("foreground")
    masks = [capture_first(client, frames[0])["foreground"], *(client.exchange(*frame)["foreground"] for frame in frames[1:])]
    masks = np.stack([array_of(m) == 255 for m in masks])
    truths = np.stack(
        [cv2.imread(str(DATA / f"eval_office/groundtruth/gt{650 + 20 * k:06d}.png"), cv2.IMREAD_GRAYSCALE) for k in range(20)]
    )
    pictures = np.stack([np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3) for image, _ in frames]).astype(np.int16)
    difference = np.abs(pictures - pictures[0]).max(axis=-1) > 40
    ours, plain = score(masks[10::2], truths), score(difference[10::2], truths)
    empty = masks[:10].mean(axis=(1, 2)).max()
    with capsys.disabled():
        print(f"\noffice_static: foreground IoU {ours:.3f}, plain rgb difference {plain:.3f}; empty frames at most {empty:.2%} foreground")
    assert ours >= 0.85
    assert empty < 0.01
    client.unsubscribe()
