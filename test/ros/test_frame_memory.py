"""Frames through a session and real publishers: nothing of their size is allocated, and each message keeps its own frame's values."""

import threading
import time

import harness
import numpy as np
import pytest
import rclpy
from camera_messages import array_of, camera_info, image, picture, stamp_of
from harness import IMAGES, OUTPUT_TYPES, wait_until
from memory_use import Recorded, peak_bytes
from rclpy.executors import SingleThreadedExecutor

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.ros.frame_processor import ReceivedImage
from mtdense_ros.ros.session import Session
from mtdense_ros.runtime.faults import Faults

H, W = 480, 640
TOPICS = (*IMAGES, "points", "camera_info")


@pytest.fixture
def session(weights_folder):
    """A session at work on a node, with its predictor's answers known beforehand; nothing spins."""
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=harness.new_domain())
    node = rclpy.create_node("mtdense", context=context)
    predictor = Predictor.load(weights_folder / "everything", device="cpu")
    predictor._engine = Recorded(predictor._engine)
    session = Session(node, {"": Pipeline(predictor)}, Faults(lambda is_error, text: None))
    session.serve()
    camera = session.cameras[""]
    camera.processor.parameters = camera.processor.parameters.updated({"max_age": 0.0})
    yield session
    session.close()
    node.destroy_node()
    rclpy.try_shutdown(context=context)


@pytest.fixture
def camera(session):
    """The session's only camera."""
    return session.cameras[""]


@pytest.fixture
def listener(session):
    """A node that subscribes to every topic, and what it has got so far, by topic, once it is spun."""
    node, messages = rclpy.create_node("listener", context=session._context), {topic: [] for topic in TOPICS}
    for topic in TOPICS:
        node.create_subscription(OUTPUT_TYPES[topic], f"/mtdense/{topic}", messages[topic].append, 20)
    wait_until(lambda: len(session.cameras[""].publishers.subscribed()) == len(TOPICS), what="a subscriber of each topic")
    yield node, messages
    node.destroy_node()


@pytest.fixture
def received(session, listener):
    """What the listener has got so far, with a thread that spins it."""
    node, messages = listener
    executor = SingleThreadedExecutor(context=session._context)
    executor.add_node(node)
    threading.Thread(target=executor.spin, daemon=True).start()
    yield messages
    executor.shutdown()


def take(camera, message):
    camera.processor.take(ReceivedImage(message, "/camera/image_raw", False, time.monotonic_ns()))


def prepared(camera, height, width):
    camera.infos.update(camera_info(height, width))
    camera.pipeline.background.capture(picture(height, width))


def test_messages_keep_their_own_frames_values(camera, received):
    sizes = {1: (96, 128), 2: (96, 128), 3: (90, 122), 4: (90, 122), 5: (96, 128)}
    expected = {}
    for seed, (height, width) in sizes.items():
        prepared(camera, height, width)
        message = image(picture(height, width, seed))
        intrinsics = Intrinsics(width, height, 100.0, 100.0, (width - 1) / 2, (height - 1) / 2)
        frame = Frame(picture(height, width, seed), intrinsics=intrinsics)
        expected[stamp_of(message)] = camera.pipeline.process(frame, {*IMAGES, "points"})
        take(camera, message)
    for topic in TOPICS:
        wait_until(lambda topic=topic: len(received[topic]) == len(sizes), what=f"all of {topic}")
    for stamp, results in expected.items():
        of_frame = {topic: next(m for m in messages if stamp_of(m) == stamp) for topic, messages in received.items()}
        for topic in ("labels", "labels_color", "depth", "normals", "normals_color", "foreground_overlay"):
            np.testing.assert_array_equal(array_of(of_frame[topic]), results[topic])
        np.testing.assert_array_equal(array_of(of_frame["foreground"]), np.where(results["foreground"], 255, 0))
        assert bytes(of_frame["points"].data) == results["points"].tobytes()


@pytest.mark.parametrize("depth_encoding", ["32FC1", "16UC1"])
@pytest.mark.usefixtures("listener")
def test_a_frame_allocates_nothing_of_its_size(camera, depth_encoding):
    prepared(camera, H, W)
    camera.processor.parameters = camera.processor.parameters.updated({"depth.encoding": depth_encoding})
    messages = [image(picture(H, W, seed), "bgr8") for seed in (1, 2)]

    def work():
        for message in messages:
            take(camera, message)

    work()
    assert peak_bytes(work) < H * W
    assert camera.pipeline.frames == 4
