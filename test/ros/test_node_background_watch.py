"""The background looks after itself, over DDS: moved, other light, covered, captured by itself, kept through changes."""

import itertools
import json
import threading
import time

import cv2
import numpy as np
import pytest
from camera_messages import camera_info, image
from harness import wait_until
from std_srvs.srv import Trigger

HEIGHT, WIDTH = 240, 320
FAULTS = ("camera moved", "light changed", "camera blocked")


class StillCamera:
    """Publishes what it is told to show at some 20 Hz, with noise, and notes when the node answers with a mask."""

    def __init__(self, client, rgb):
        self.client, self.rgb = client, rgb
        self.frozen = None
        self._random = np.random.default_rng(0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def frame(self):
        rgb = self.rgb
        noise = self._random.normal(0, 2, rgb.shape)
        return np.clip(rgb + noise, 0, 255).astype(np.uint8) if self.frozen is None else self.frozen

    def _run(self):
        publisher = self.client.publisher(type(image(self.rgb)), "/camera/image_raw")
        while not self._stop.wait(0.05):
            publisher.publish(image(self.frame()))

    def stop(self):
        self._stop.set()
        self._thread.join()


def shifted(rgb, x):
    return cv2.warpAffine(rgb, np.float64([[1, 0, x], [0, 1, 0]]), rgb.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


@pytest.fixture(scope="module")
def view(picture):
    return picture(3, HEIGHT, WIDTH)


@pytest.fixture(scope="module")
def watching(start):
    """A node that watches, and its client."""
    node, client = start({"background.watch_rate": 10.0})
    client.subscribe("labels", "foreground")
    return node, client


@pytest.fixture
def camera(watching, view):
    _, client = watching
    camera = StillCamera(client, view)
    wait_until(lambda: capture(client), what="a capture")
    calm(client)
    yield camera
    camera.stop()
    for name, value in (("background.on_motion", "suspend"), ("background.on_light", "report"), ("background.recapture_after", 10.0)):
        client.set_parameter(name, value)


def capture(client):
    return client.call(Trigger, "background/capture", Trigger.Request()).success


def held(client):
    states = client.diagnostics()
    return {name for name in FAULTS if states[name][0] > 0}


def calm(client):
    wait_until(lambda: held(client) == set() and masks_come(client), what="no fault and a mask")


def masks_come(client):
    """Whether the next frames that have labels have a mask, too."""
    labels, masks = client.count("labels"), client.count("foreground")
    wait_until(lambda: client.count("labels") >= labels + 4, what="frames")
    return client.count("foreground") > masks + 1


def test_no_mask_while_the_camera_is_moved_and_again_when_it_is_back(watching, camera, view):
    _, client = watching
    camera.rgb = shifted(view, 12)
    message = client.wait_for_fault("camera moved", "x +12")
    assert "/camera/image_raw" in message
    wait_until(lambda: not masks_come(client), what="the end of the mask")
    assert held(client) == {"camera moved"} and client.diagnostics()["background unusable"][0] == 0
    camera.rgb = view
    calm(client)


def test_a_capture_ends_the_fault(watching, camera, view):
    _, client = watching
    camera.rgb = shifted(view, 40)
    client.wait_for_fault("camera moved")
    wait_until(lambda: capture(client), what="a capture")
    calm(client)


def test_light_is_reported_and_the_mask_goes_on(watching, camera, view):
    _, client = watching
    camera.rgb = view * 0.3
    client.wait_for_fault("light changed", "brightness is 0.3")
    assert held(client) == {"light changed"} and masks_come(client)
    camera.rgb = view
    calm(client)


def test_a_covered_camera(watching, camera, view):
    _, client = watching
    camera.rgb = np.zeros_like(view)
    client.wait_for_fault("camera blocked", "black")
    assert held(client) == {"camera blocked"}
    wait_until(lambda: not masks_come(client), what="the end of the mask")
    camera.rgb = view
    calm(client)


def test_a_frozen_camera(watching, camera, view):
    _, client = watching
    client.set_parameter("frozen_after", 1.0)
    before = client.count("labels")
    wait_until(lambda: client.count("labels") > before + 80, what="enough frames to know its noise")
    camera.frozen = camera.frame()
    client.wait_for_fault("camera blocked", "frozen")
    camera.frozen = None
    calm(client)
    client.set_parameter("frozen_after", 5.0)


def test_compensation_brings_the_mask_back(watching, camera, view):
    _, client = watching
    client.set_parameter("background.on_motion", "compensate")
    camera.rgb = shifted(view, 8)
    client.wait_for_fault("camera moved", "compensated")
    wait_until(lambda: masks_come(client), what="a mask")


def test_a_new_background_is_captured_when_nothing_has_moved_for_a_while(watching, camera, view):
    node, client = watching
    client.set_parameter("background.on_motion", "recapture")
    client.set_parameter("background.recapture_after", 2.0)
    before = node.log().count("captured anew")
    camera.rgb = shifted(view, 40)
    wait_until(lambda: node.log().count("captured anew") > before, what="the capture")
    calm(client)
    assert "no mask until a new background is captured" in node.log()


def test_diagnostics_say_what_is_measured(watching, camera, view):
    _, client = watching
    camera.rgb = shifted(view, 2) * 0.7
    client.wait_for_value("background moved by (px)", lambda v: 1.0 < float(v) < 3.0)
    client.wait_for_value("background brightness", lambda v: 0.6 < float(v) < 0.8)


def test_the_first_frame_that_shows_something_is_the_background(start, view):
    node, client = start({"background.watch_rate": 10.0, "background.capture_on_start": True})
    camera = StillCamera(client, np.zeros_like(view))
    try:
        client.subscribe("labels", "foreground")
        client.wait_for_fault("no background")
        time.sleep(1.0)
        assert client.diagnostics()["no background"][0] > 0, "black frames are none"
        camera.rgb = view
        calm(client)
        assert "captured at the start" in node.log()
        assert client.transition("deactivate") and client.transition("activate")
        calm(client)
        assert node.log().count("captured at the start: reference frame") == 1, "it has one"
    finally:
        camera.stop()


def test_the_reference_is_kept_when_the_camera_model_or_the_network_changes(start, view):
    """The raw frame is rectified, and encoded by the next network, by itself."""
    node, client = start({"weights": "everything", "background.watch_rate": 10.0})
    camera, stop = StillCamera(client, view), threading.Event()
    bent = camera_info(HEIGHT, WIDTH, 200.0, d=(-0.3, 0.1, 0.0, 0.0, 0.0))
    try:
        client.send(bent, "/camera/camera_info")
        client.subscribe("labels", "foreground")
        wait_until(lambda: capture(client), what="a capture")
        calm(client)
        client.set_parameter("camera_model", "rectify")
        infos = threading.Thread(target=lambda: [client.send(bent, "/camera/camera_info") for _ in iter(lambda: stop.wait(0.2), True)])
        infos.start()
        calm(client)
        assert client.transition("deactivate") and client.transition("cleanup")
        client.set_parameter("weights", ["two_tasks", "mdeas_small"])
        assert client.transition("configure") and client.transition("activate")
        calm(client)
        assert "the reference frame of before is used again" in node.log()
        legend = json.loads(client.transient_local("legend").data)
        assert [n["model"] for n in legend["networks"]] == ["two_tasks", "mdeas_small"]
        camera.rgb = shifted(view, 12)
        client.wait_for_fault("camera moved")
    finally:
        stop.set()
        infos.join()
        camera.stop()


def test_a_saved_reference_is_checked_after_a_restart(start, view, tmp_path):
    """Same camera: used. Moved meanwhile: found. Another size: refused with the remedy."""
    path = str(tmp_path / "reference.png")
    _, client = start({"background.watch_rate": 10.0, "background.path": path, "background.capture_on_start": True})
    camera = StillCamera(client, view)
    client.subscribe("labels", "foreground")
    calm(client)
    assert client.call(Trigger, "background/save", Trigger.Request()).success
    camera.stop()
    _, again = start({"background.watch_rate": 10.0, "background.path": path})
    sights = itertools.cycle([view, shifted(view, 15)])
    camera = StillCamera(again, next(sights))
    try:
        again.subscribe("labels", "foreground")
        calm(again)
        camera.rgb = next(sights)
        again.wait_for_fault("camera moved")
        camera.rgb = cv2.resize(view, (160, 120))
        assert "320x240" in again.wait_for_fault("background unusable", "160x120")
        wait_until(lambda: held(again) == set(), what="the end of what cannot be seen any more")
    finally:
        camera.stop()
