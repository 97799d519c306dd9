"""Every fault has a cause over DDS that a test brings about: it is named on /diagnostics by its own message, and ends with its cause."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from camera_messages import camera_info, header, image, picture
from harness import BEST_EFFORT, RELIABLE, wait_until
from sensor_msgs.msg import Image

from mtdense_ros.runtime.faults import FAULTS

TOPIC = "/camera/image_raw"


@dataclass(frozen=True)
class Case:
    """What brings a fault about, words of its message, and what ends it."""

    cause: object
    words: tuple
    cure: object


def frame(client):
    client.exchange(image(picture(seed=time.monotonic_ns() % 97)), topics=["labels"])


def send(**changes):
    return lambda client: client.send(image(picture(), **changes))


def tell(*infos, **frame_changes):
    """Sends a camera_info, then a frame that is judged by it."""

    def do(client):
        for info in infos:
            client.send(info, "/camera/camera_info")
        time.sleep(0.3)  # two topics: the frame must not overtake the camera_info
        frame(client)

    return do


def set_to(name, value, then=frame):
    def do(client):
        assert client.set_parameter(name, value)[0]
        then(client)

    return do


def late(client):
    assert client.set_parameter("max_age", 1e-4)[0]
    client.send(image(picture()))


def mute(client):
    client.drop_publisher(Image, TOPIC, RELIABLE)


def unreliable(client):
    mute(client)
    assert client.set_parameter("reliability", "reliable")[0]
    client.publisher(Image, TOPIC, BEST_EFFORT)


def reliable_again(client):
    assert client.set_parameter("reliability", "auto")[0]
    client.drop_publisher(Image, TOPIC, BEST_EFFORT)
    frame(client)


def backwards(client):
    for seconds in (70, 60):
        client.exchange(image(picture(), head=header(seconds * 10**9 + time.monotonic_ns() % 10**6)), topics=["labels"])


def bent(client):
    assert client.set_parameter("camera_model", "refuse")[0]
    client.send(camera_info(d=(-0.3, 0.1, 0.0, 0.0, 0.0)), "/camera/camera_info")
    time.sleep(0.3)
    client.send(image(picture()))


def straight(client):
    assert client.set_parameter("camera_model", "rays")[0]
    tell(camera_info())(client)


def mask_wanted(client):
    client.subscribe("foreground")
    frame(client)


def captured(client):
    assert client.capture(image(picture(seed=1))).success
    frame(client)


def background(height, width):
    def do(client):
        client.send(image(picture(height, width, seed=2)), "/background")
        frame(client)

    return do


def old(client):
    client.exchange(image(picture(), head=header(time.time_ns() - 60 * 10**9)), topics=["labels"])


def wait(client):
    """The fault ends by itself."""


CASES = {
    "no publisher": Case(mute, (TOPIC, "start the camera"), frame),
    "incompatible QoS": Case(unreliable, (TOPIC, "best effort", "set reliability to auto"), reliable_again),
    "unknown encoding": Case(send(encoding="rgb88"), (TOPIC, "rgb88"), frame),
    "bad image": Case(send(step=7), (TOPIC, "step 7"), frame),
    "size mismatch": Case(tell(camera_info(48, 64)), ("/camera/camera_info", "64x48", "128x96"), tell(camera_info())),
    "no camera_info": Case(tell(camera_info(focal=0.0)), ("/camera/camera_info", "focal"), tell(camera_info())),
    "clock mismatch": Case(old, (TOPIC, "header.stamp"), frame),
    "clock jump": Case(backwards, (TOPIC, "ran back"), wait),
    "late frames": Case(late, (TOPIC, "max_age"), set_to("max_age", 0.0)),
    "no background": Case(mask_wanted, ("~/foreground", "capture, load or publish"), captured),
    "background unusable": Case(background(48, 64), ("/background", "64x48"), background(96, 128)),
    "distorted camera": Case(bent, ("/camera/camera_info", "plumb_bob"), straight),
}


@pytest.fixture(scope="module")
def listening(client):
    client.subscribe("labels", "points")
    client.exchange(image(picture()), camera_info(), topics=["labels"])
    return client


@pytest.mark.parametrize("fault", CASES)
def test_it_comes_with_its_cause_and_goes_with_it(listening, fault):
    case = CASES[fault]
    case.cause(listening)
    message = listening.wait_for_fault(fault, case.words[0])
    assert all(word in message for word in case.words)
    case.cure(listening)
    wait_until(lambda: listening.diagnostics()[fault][0] == 0, what=f"the end of '{fault}'")


def test_no_fault_is_without_such_a_test():
    """Those that need a node of their own are caused in another file of this folder."""
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_node_*.py") if path != Path(__file__)]
    missing = [fault for fault in FAULTS if fault not in CASES and not any(f'"{fault}"' in text for text in texts)]
    assert missing == []
