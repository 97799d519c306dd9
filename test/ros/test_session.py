"""A session in this process with a pipeline that misbehaves: each failure has its name, and the next frame passes."""

import threading
import time
from types import SimpleNamespace

import harness
import numpy as np
import pytest
import rclpy
from camera_messages import camera_info, image, picture
from harness import wait_until
from rclpy.executors import SingleThreadedExecutor

from mtdense_ros.errors import ConfigError, DeviceError, InputError
from mtdense_ros.geometry.camera_model import rectify
from mtdense_ros.pipeline.background import Background
from mtdense_ros.ros.publishers import Publishers
from mtdense_ros.ros.session import Session
from mtdense_ros.runtime.faults import Faults
from mtdense_ros.runtime.frame_statistics import OUTCOMES
from mtdense_ros.weights.card import DepthSpec


def fake_networks(**fields):
    """Networks that notice that they are closed."""
    networks = SimpleNamespace(**{"closed": threading.Event(), "label_space": None, **fields})
    networks.close = networks.closed.set
    return networks


class FakePipeline:
    """Raises what is put into `raises`, once; waits for `may_go_on`, and counts its frames otherwise."""

    raises = None
    frames = 0

    def __init__(self):
        self.networks = fake_networks()
        self.background = Background(lambda rgb: {})
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        self.may_go_on.set()

    def process(self, frame, wanted, rays, buffers):
        error, self.raises = self.raises, None
        if error is not None:
            raise error
        self.begun.set()
        assert self.may_go_on.wait(30.0)
        self.frames += 1
        results = type("Results", (dict,), {"missing": {}, "warnings": {}, "faults": {}, "timings": {"network": 1.0}})
        return results(labels=frame.rgb[..., 0])


@pytest.fixture
def node():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=harness.new_domain())
    node = rclpy.create_node("mtdense", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    yield node
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown(context=context)


@pytest.fixture
def log():
    return []


@pytest.fixture
def session(node, log):
    faults = Faults(lambda is_error, text: log.append(text))
    session = Session(node, {"": FakePipeline()}, faults)
    session.serve()
    node.create_subscription(harness.Image, "/mtdense/labels", lambda m: None, 5)
    wait_until(lambda: session.cameras[""].publishers.subscribed(), what="a subscriber")
    yield session
    session.close()


@pytest.fixture
def camera(session):
    """The session's only camera."""
    return session.cameras[""]


def feed(session, expected_frames):
    (camera,) = session.cameras.values()
    camera.receive(image(picture()), "/camera/image_raw")
    wait_until(lambda: session.tick() or camera.pipeline.frames == expected_frames, what="the frame")


@pytest.mark.parametrize(
    "error, fault",
    [
        (DeviceError("device cuda: lost; restart the process"), "GPU lost"),
        (ZeroDivisionError("a bug"), "worker restarted"),
        (SystemExit("a library that ends its thread"), "worker restarted"),
    ],
    ids=lambda e: type(e).__name__ if isinstance(e, BaseException) else "",
)
def test_a_failure_has_its_name_and_the_next_frame_passes(session, camera, log, error, fault):
    feed(session, 1)
    camera.pipeline.raises = error
    camera.receive(image(picture()), "/camera/image_raw")
    wait_until(lambda: session.tick() or any(text.startswith(fault) for text in log), what=fault)
    assert camera.pipeline.frames == 1
    feed(session, 2)


def test_late_frames_are_not_begun(session, camera):
    camera.processor.parameters = camera.processor.parameters.updated({"max_age": 0.001})
    may_go_on = threading.Event()
    session._worker.submit(may_go_on.wait)
    camera.receive(image(picture()), "/camera/image_raw")
    received = time.monotonic()
    wait_until(lambda: time.monotonic() > received + 0.001, what="the age")
    may_go_on.set()
    wait_until(lambda: camera.statistics.summary(0.0)["late"] == "1", what="the late frame")
    assert camera.pipeline.frames == 0


def test_the_lack_of_camera_info_matters_to_those_who_need_a_camera(node, session, camera, log):
    feed(session, 1)
    assert not any("camera_info" in text for text in log)
    node.create_subscription(harness.Image, "/mtdense/depth", lambda m: None, 5)
    wait_until(lambda: len(camera.publishers.subscribed()) == 2, what="a subscriber of depth")
    feed(session, 2)
    assert any(text.startswith("no camera_info: /camera_info: nothing received") for text in log)


@pytest.fixture
def with_info(node, session, camera):
    """A session whose camera has a publisher of camera_info, and a subscriber that needs it."""
    node.create_publisher(harness.CameraInfo, "/camera_info", 5)
    node.create_subscription(harness.Image, "/mtdense/depth", lambda m: None, 5)
    wait_until(lambda: len(camera.publishers.subscribed()) == 2, what="a subscriber of depth")
    wait_until(lambda: session.refresh(True) or camera._info_published, what="the publisher of camera_info")


@pytest.mark.usefixtures("with_info")
def test_the_first_frame_waits_for_a_camera_info_that_is_published(camera, log):
    camera.receive(image(picture()), "/camera/image_raw")
    assert camera.pipeline.frames == 0 and camera.statistics.summary(0.0)["in flight"] == "1"
    camera.receive_info(camera_info())
    wait_until(lambda: camera.pipeline.frames == 1, what="the frame")
    assert not any("camera_info" in text for text in log)


@pytest.mark.usefixtures("with_info")
def test_after_a_time_of_silence_the_first_frame_waits_for_a_newer_one(session, camera, log):
    camera.receive_info(camera_info(48, 64))
    session.refresh(False)  # nobody listens
    session.refresh(True)
    camera.receive(image(picture()), "/camera/image_raw")
    camera.receive_info(camera_info())
    wait_until(lambda: camera.pipeline.frames == 1, what="the frame")
    assert not any("size mismatch" in text for text in log)


@pytest.mark.usefixtures("with_info")
def test_an_old_camera_info_serves_when_no_newer_comes(session, camera, log):
    camera.receive_info(camera_info())
    session.refresh(False)
    session.refresh(True)
    camera.receive(image(picture()), "/camera/image_raw")
    assert camera.pipeline.frames == 0
    wait_until(lambda: session.tick() or camera.pipeline.frames == 1, what="the frame")
    assert not any("camera_info" in text for text in log)


@pytest.mark.usefixtures("with_info")
def test_a_camera_info_that_does_not_come_is_waited_for_once(session, camera, log):
    for _ in range(2):
        camera.receive(image(picture()), "/camera/image_raw")
    wait_until(lambda: session.tick() or camera.pipeline.frames == 1, what="the newer frame")
    assert camera.statistics.summary(0.0)["dropped"] == "1"
    camera.receive(image(picture()), "/camera/image_raw")
    wait_until(lambda: camera.pipeline.frames == 2, what="a frame without a wait")
    assert any(text.startswith("no camera_info: /camera_info: nothing received") for text in log)


@pytest.mark.usefixtures("with_info")
def test_a_frame_that_waits_is_counted_when_the_node_stops(session, camera):
    camera.receive(image(picture()), "/camera/image_raw")
    session.pause()
    camera.receive_info(camera_info())
    assert camera.statistics.summary(0.0)["dropped"] == "1"


@pytest.mark.parametrize("limits", [{"depth.min": 25.0}, {"depth.max": 0.2}])
def test_depth_limits_that_contradict_the_card_are_refused_and_nothing_is_taken(session, camera, limits):
    camera.pipeline.networks = fake_networks(depth=DepthSpec("metric", 0.3, 20.0, 100.0))
    before = camera.processor.parameters
    with pytest.raises(ConfigError, match="depth.min and depth.max.*no range"):
        session.apply(before.updated(limits))
    assert camera.processor.parameters is before
    session.apply(before.updated({"depth.min": 1.0, "depth.max": 10.0}))
    assert camera.pipeline.options.depth_max == 10.0


@pytest.mark.parametrize(
    ("values", "message"),
    [({"depth.max": 5.0}, "are metres, the depth is relative"), ({"depth.encoding": "16UC1"}, "is millimetres, the depth is relative")],
)
def test_metres_of_relative_depth_are_refused_until_it_has_a_scale(session, camera, values, message):
    camera.pipeline.networks = fake_networks(depth=DepthSpec("relative"))
    before = camera.processor.parameters
    with pytest.raises(ConfigError, match=message):
        session.apply(before.updated(values))
    session.apply(before.updated({**values, "depth.scale_mode": "fixed"}))


def test_a_fixed_factor_on_inverse_depth_is_refused(session):
    session._pipelines[""].networks = fake_networks(depth=DepthSpec("inverse"))
    before = session.cameras[""].processor.parameters
    with pytest.raises(ConfigError, match="fixed has no shift"):
        session.apply(before.updated({"depth.scale_mode": "fixed"}))
    session.apply(before.updated({"depth.scale_mode": "range"}))


def test_publishers_made_before_one_that_fails_are_removed(node, monkeypatch):
    create, before = node.create_publisher, len(list(node.publishers))

    def failing(kind, topic, *args, **more):
        if topic == "~/points":
            raise RuntimeError("no more")
        return create(kind, topic, *args, **more)

    monkeypatch.setattr(node, "create_publisher", failing)
    with pytest.raises(RuntimeError, match="no more"):
        Publishers(node)
    assert len(list(node.publishers)) == before


def test_a_lost_gpu_is_found_again_by_the_next_frame(session, camera):
    camera.processor.note_failure("/background", DeviceError("device cuda: lost for a moment"))
    assert any(s.active for s in session._faults.states() if s.name == "GPU lost")
    feed(session, 1)
    wait_until(lambda: not any(s.active for s in session._faults.states() if s.name == "GPU lost"), what="the end of the fault")


@pytest.fixture
def bent(session, camera):
    """A camera whose images are rectified, as it is distorted."""
    camera.pipeline.networks = fake_networks(depth=None, needs_background=lambda output: False)
    session.apply(camera.processor.parameters.updated({"camera_model": "rectify"}))
    return camera


def test_without_a_camera_info_nothing_is_published_as_rectified(session, bent, log):
    bent.receive(image(picture()), "/camera/image_raw")
    wait_until(lambda: any("camera_model is 'rectify', so images are refused" in text for text in log), 10.0)
    assert bent.pipeline.frames == 0
    bent.infos.update(camera_info(d=(-0.3, 0.1, 0.0, 0.0, 0.0)))
    feed(session, 1)


def test_a_reference_from_outside_is_rectified_even_before_the_first_frame(bent):
    bent.infos.update(camera_info(d=(-0.3, 0.1, 0.0, 0.0, 0.0)))
    bent.background.receive(image(picture(seed=1)), "/background")
    wait_until(lambda: bent.pipeline.background.is_set, what="the reference")
    view = bent.infos.view((96, 128), "camera_optical_frame", False, "rectify")
    assert np.array_equal(bent.pipeline.background.rgb, rectify(picture(seed=1), view.model))
    assert not np.array_equal(bent.pipeline.background.rgb, picture(seed=1))
    assert bent.pipeline.background.rectified


def test_a_reference_that_cannot_be_rectified_is_refused(bent, log):
    bent.background.receive(image(picture(seed=1)), "/background")
    refused = "/background: camera_model is 'rectify' and there is no usable camera_info"
    wait_until(lambda: any(refused in text for text in log), what="the fault")
    assert not bent.pipeline.background.is_set


def balance(camera):
    """What was received, and the sum of its outcomes."""
    values = camera.statistics.summary(0.0)
    return int(values["received"]), sum(int(values[name]) for name in OUTCOMES)


def test_frames_that_are_in_flight_when_the_node_stops_are_counted(session, camera):
    camera.pipeline.may_go_on.clear()
    camera.receive(image(picture()), "/camera/image_raw")
    assert camera.pipeline.begun.wait(10.0)
    camera.receive(image(picture()), "/camera/image_raw")  # waits while the first is in work
    assert camera.statistics.summary(0.0)["in flight"] == "2"
    session.pause()
    camera.pipeline.may_go_on.set()
    wait_until(lambda: balance(camera) == (2, 2), what="an outcome of both")
    assert camera.statistics.summary(0.0)["dropped"] == "2"


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), SystemExit("a library"), InputError("odd")], ids=lambda e: type(e).__name__)
def test_a_frame_that_fails_has_an_outcome(session, camera, error):
    camera.pipeline.raises = error
    camera.receive(image(picture()), "/camera/image_raw")
    wait_until(lambda: balance(camera) == (1, 1), what="an outcome")
    assert camera.statistics.summary(0.0)["refused"] == "1"


def test_networks_are_closed_after_a_frame_that_outlasts_the_close(session, camera):
    camera.pipeline.may_go_on.clear()
    camera.receive(image(picture()), "/camera/image_raw")
    assert camera.pipeline.begun.wait(10.0)
    session.close(0.01)
    assert not camera.pipeline.networks.closed.is_set()
    camera.pipeline.may_go_on.set()
    assert camera.pipeline.networks.closed.wait(10.0)


def test_a_gpu_that_is_lost_while_a_reference_is_made_has_its_name(bent, log):
    def lost(*arguments):
        raise DeviceError("device cuda: lost; restart the process")

    bent.infos.update(camera_info())
    bent.pipeline.background.capture = lost
    bent.background.receive(image(picture(seed=1)), "/background")
    wait_until(lambda: any(text.startswith("GPU lost: /background: device cuda") for text in log), what="the fault")


def test_camera_faults_end_with_the_frame_that_has_none(session, camera):
    def active():
        return {state.name for state in session._faults.states() if state.active}

    camera.infos.update(camera_info(48, 64))
    feed(session, 1)
    assert "size mismatch" in active()
    camera.infos.update(camera_info())
    feed(session, 2)
    assert not active()


def test_cameras_look_for_publishers_in_turn(node, monkeypatch):
    session = Session(node, {"front": FakePipeline(), "rear": FakePipeline()}, Faults(lambda *_: None))
    seen = []
    for name, camera in session.cameras.items():
        monkeypatch.setattr(camera, "refresh", lambda enabled, name=name: seen.append(name))
    for _ in range(4):
        session.refresh_next(True)
    assert seen == ["front", "rear", "front", "rear"]
    session.close()
