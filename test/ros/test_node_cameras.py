"""Several cameras in one node: each with its own topics, background, statistics and faults, and none at the cost of another."""

import threading

import numpy as np
import pytest
from camera_messages import array_of, camera_info, header, image, picture, stamp_of
from harness import IMAGES, wait_until
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import Trigger

from mtdense_ros.inference.predictor import Predictor

SIZES = {"front": (96, 128), "left": (64, 96), "rear": (96, 128)}
TOPICS = (*IMAGES, "points", "camera_info")


@pytest.fixture(scope="module")
def running(start):
    return start({"cameras": list(SIZES)}, remaps=("rear/image:=/robot/rear/image_raw",))


def image_topic(camera):
    return "/robot/rear/image_raw" if camera == "rear" else f"/{camera}/image"


def frame(camera, seed=0, **changes):
    """A frame of a camera, with its own frame_id."""
    return image(picture(*SIZES[camera], seed), head=header(frame_id=f"{camera}_optical_frame"), **changes)


def send(client, camera, message):
    client.send(message, image_topic(camera))


def send_info(client, camera):
    """A camera_info with a focal length of its own; it stands beside the resolved image topic."""
    topic = f"{image_topic(camera).rpartition('/')[0]}/camera_info"
    focal = 100.0 + list(SIZES).index(camera)
    client.send(camera_info(*SIZES[camera], focal=focal, frame_id=f"{camera}_optical_frame"), topic)


def names(camera, *topics):
    return [f"{camera}/{topic}" for topic in topics]


@pytest.fixture
def subscribed(client):
    """The client, and the end of its subscriptions afterwards."""
    yield client
    client.unsubscribe()


@pytest.fixture(scope="module")
def predictor(weights_folder):
    return Predictor.load(weights_folder / "everything", device="cpu")


def test_every_camera_has_all_outputs_with_its_own_stamps_frames_and_sizes(subscribed, predictor):
    client, sent = subscribed, {}
    for camera in SIZES:
        client.subscribe(*names(camera, *TOPICS))
    for camera in SIZES:
        send_info(client, camera)
        assert client.capture(frame(camera, 9), topic=image_topic(camera), service=f"{camera}/background/capture").success
    for seed, camera in enumerate(SIZES):
        sent[camera] = frame(camera, seed)
        send(client, camera, sent[camera])
    for seed, (camera, (height, width)) in enumerate(SIZES.items()):
        received = client.received(stamp_of(sent[camera]), names(camera, *TOPICS))
        for topic, message in received.items():
            assert message.header == sent[camera].header, topic
            assert (message.height, message.width) == (height, width), topic
        assert received[f"{camera}/camera_info"].k[0] == 100.0 + seed
        labels = predictor.predict(picture(height, width, seed), outputs=["labels"]).labels
        assert (array_of(received[f"{camera}/labels"]) == labels).mean() > 0.999
        mask = predictor.predict(picture(height, width, seed), background=picture(height, width, 9), outputs=["foreground"]).foreground
        assert ((array_of(received[f"{camera}/foreground"]) > 0) == mask).mean() > 0.999


def test_there_is_one_legend_and_no_topic_without_a_camera(client):
    assert '"model": "everything"' in client.transient_local("legend").data
    assert client.node.count_publishers("/mtdense/labels") == 0
    assert client.node.count_publishers("/mtdense/front/legend") == 0


def test_a_camera_without_subscribers_is_not_subscribed_to(subscribed):
    client = subscribed
    publishers = {camera: client.publisher(Image, image_topic(camera)) for camera in SIZES}
    wait_until(lambda: not any(p.get_subscription_count() for p in publishers.values()), what="no subscription")
    client.subscribe("left/labels")
    sent = frame("left")
    send(client, "left", sent)
    client.received(stamp_of(sent))
    assert [camera for camera, p in publishers.items() if p.get_subscription_count()] == ["left"]
    client.subscribe("rear/labels")
    wait_until(lambda: publishers["rear"].get_subscription_count(), what="a subscription of rear")
    assert publishers["front"].get_subscription_count() == 0


def background(client, camera, job):
    return client.call(Trigger, f"{camera}/background/{job}", Trigger.Request())


def test_every_camera_has_its_own_background_and_file(subscribed, tmp_path):
    client = subscribed
    assert client.set_parameter("background.path", str(tmp_path / "empty.png"))[0]
    for camera in SIZES:
        client.subscribe(f"{camera}/foreground")
        assert background(client, camera, "clear").success
    assert client.capture(frame("front", 9), topic=image_topic("front"), service="front/background/capture").success
    sent = {camera: frame(camera, 1) for camera in SIZES}
    for camera in SIZES:
        send(client, camera, sent[camera])
    client.received(stamp_of(sent["front"]), ["front/foreground"])
    assert "~/left/foreground" in client.wait_for_fault("left: no background")
    states = client.diagnostics()
    assert states["front: no background"][0] == 0 and states["left: no background"][0] > 0
    assert not client.of_stamp("left/foreground", stamp_of(sent["left"]))

    assert background(client, "front", "save").success and not background(client, "left", "save").success
    assert [path.name for path in tmp_path.iterdir()] == ["empty_front.png"]
    assert background(client, "front", "clear").success and background(client, "front", "load").success
    again = frame("front", 1)
    send(client, "front", again)
    first, second = (client.received(stamp_of(m), ["front/foreground"])["front/foreground"] for m in (sent["front"], again))
    assert first.data == second.data


def test_dead_broken_and_slow_cameras_cost_the_others_nothing_and_are_named(start):
    """front works; left has no publisher, rear sends an unknown encoding, slow sends now and then and never a camera_info."""
    cameras = ("front", "left", "rear", "slow")
    _, client = start({"cameras": list(cameras)}, remaps=())
    for camera in cameras:
        client.subscribe(f"{camera}/labels", f"{camera}/points")
    client.publisher(CameraInfo, "/slow/camera_info")
    client.send(camera_info(), "/front/camera_info")
    stop, message = threading.Event(), image(picture(), encoding="rgb88")
    client.send(message, "/rear/image")

    def flood():
        while not stop.wait(0.005):
            client.send(message, "/rear/image")

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        for seed in range(30):
            sent = image(picture(seed=seed))
            client.send(sent, "/front/image")
            if seed % 10 == 0:
                slow = image(picture(seed=seed), head=header(frame_id="slow"))
                client.send(slow, "/slow/image")
                assert client.received(stamp_of(slow), ["slow/labels"])["slow/labels"].header.frame_id == "slow"
            client.received(stamp_of(sent), ["front/labels", "front/points"])
        assert "/left/image: expected a publisher" in client.wait_for_fault("left: no publisher", "remap 'left/image'")
        assert "/rear/image" in client.wait_for_fault("rear: unknown encoding", "rgb88")
        assert "/slow/camera_info" in client.wait_for_fault("slow: no camera_info")
        states = client.diagnostics()
    finally:
        stop.set()
        thread.join()
    holding = {name for name, (level, _, _) in states.items() if level > 0 and not name.endswith("frames")}
    assert holding == {"left: no publisher", "rear: unknown encoding", "slow: no camera_info"}
    assert states["front: frames"][0] == 0 and states["front: frames"][1] == "active; no fault"
    assert "left: no publisher" in states["frames"][1]
    processed = {camera: states[f"{camera}: frames"][2]["processed"] for camera in cameras}
    assert processed == {"front": "30", "left": "0", "rear": "0", "slow": "3"}
    assert int(states["rear: frames"][2]["refused"]) > 30


def test_cameras_that_are_all_faster_than_the_node_get_a_fair_share(subscribed):
    """One of them sends five times as often as the others."""
    client, stop = subscribed, threading.Event()
    messages = {camera: frame(camera) for camera in SIZES}
    for camera, message in messages.items():
        client.subscribe(*names(camera, *TOPICS))
        send_info(client, camera)
        send(client, camera, message)
    before = client.diagnostics()

    def flood():
        while not stop.wait(0.001):
            for camera in ("front",) * 5 + ("left", "rear"):
                client.publisher(Image, image_topic(camera)).publish(messages[camera])

    def since(counter):
        after = client.diagnostics()
        return [int(after[f"{camera}: frames"][2][counter]) - int(before[f"{camera}: frames"][2][counter]) for camera in SIZES]

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        wait_until(lambda: min(since("processed")) >= 40 and min(since("dropped")) >= 10, what="processed and dropped frames of all")
        processed = since("processed")
    finally:
        stop.set()
        thread.join()
    assert min(processed) > 0.6 * max(processed)


@pytest.mark.parametrize(
    ("cameras", "message"),
    [
        (["front", "front"], "cameras: 'front' comes twice"),
        (["front", ""], "cameras: a name is empty"),
        (["front camera"], "cameras: 'front camera' cannot begin a topic's name"),
    ],
    ids=str,
)
def test_names_that_cannot_be_leave_the_node_unconfigured(start, cameras, message):
    node, client = start({"cameras": cameras}, wait_for=None)
    assert message in client.wait_for_fault("configuration")
    assert client.state() == "unconfigured" and node.alive()


def test_other_cameras_are_taken_at_configure(start):
    _, client = start({"autostart": False}, remaps=(), wait_for="unconfigured")
    successful, reason = client.set_parameter("cameras", ["front", "front"])
    assert not successful and "comes twice" in reason
    assert client.set_parameter("cameras", ["front", "rear"])[0]
    assert client.transition("configure") and client.transition("activate")
    successful, reason = client.set_parameter("cameras", ["front"])
    assert not successful and "takes effect at configure" in reason
    client.subscribe("rear/labels")
    sent = image(picture())
    client.send(sent, "/rear/image")
    client.received(stamp_of(sent))
    client.unsubscribe()

    assert client.transition("deactivate") and client.transition("cleanup")
    wait_until(lambda: client.node.count_publishers("/mtdense/rear/labels") == 0, what="no output while unconfigured")
    assert client.set_parameter("cameras", "")[0]
    assert client.transition("configure") and client.transition("activate")
    client.subscribe("labels", "foreground")
    assert client.capture(image(picture()), topic="/image").success
    assert not any(": " in name for name in client.diagnostics())


def test_every_camera_has_its_own_range_and_scale(subscribed):
    client, unscaled = subscribed, {}
    cameras = ("front", "rear")
    client.subscribe(*(f"{camera}/depth" for camera in cameras))
    for camera in cameras:
        sent = frame(camera)
        send(client, camera, sent)
        unscaled[camera] = array_of(client.received(stamp_of(sent), [f"{camera}/depth"])[f"{camera}/depth"])
    factors = {"front": 0.5, "rear": 2.0}
    assert client.set_parameter("depth.scale_mode", "range")[0]

    def scaled(camera):
        sent = frame(camera)
        client.send(image(factors[camera] * unscaled[camera], "32FC1", sent.header), f"/{camera}/range")
        send(client, camera, sent)
        found = array_of(client.received(stamp_of(sent), [f"{camera}/depth"])[f"{camera}/depth"])
        return np.allclose(found, factors[camera] * unscaled[camera], rtol=0.01)

    try:
        for camera in cameras:
            wait_until(lambda c=camera: scaled(c), what=f"the scale of {camera}")
            value = client.diagnostics()[f"{camera}: frames"][2]["depth scale"]
            assert float(value) == pytest.approx(factors[camera], rel=0.01)
    finally:
        client.set_parameter("depth.scale_mode", "none")
