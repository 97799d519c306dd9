"""The reference frame: captured, cleared, saved, loaded, sent in; and what is refused."""

import threading
import time

import cv2
import numpy as np
import pytest
from camera_messages import array_of, camera_info, image, picture, stamp_of
from harness import wait_until
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool, Trigger


def background(client, name):
    return client.call(Trigger, f"background/{name}", Trigger.Request())


def has_foreground(client, seed=9):
    """Whether a frame gets a mask: labels come of every frame, the mask is published with them or not at all."""
    sent = image(picture(seed=seed))
    client.exchange(sent, topics=["labels"])
    time.sleep(0.1)
    return bool(client.of_stamp("foreground", stamp_of(sent)))


@pytest.fixture
def heard(client):
    """Labels and mask are heard, there is no reference."""
    client.hear("labels", "foreground")
    assert background(client, "clear").success
    yield client
    client.unhear()


def test_the_mask_is_silent_without_a_reference_and_says_so(heard):
    assert not has_foreground(heard)
    assert "foreground" in heard.wait_for_fault("no background")


def test_capture_answers_when_the_next_frame_is_the_reference(heard):
    heard.exchange(image(picture()), topics=["labels"])
    heard.wait_for_fault("no background")
    response = heard.capture(image(picture(seed=1)))
    assert response.success and "1 frame" in response.message
    assert heard.diagnostics()["no background"][0] == 0, "the fault ends with its cause"
    assert has_foreground(heard)


def test_capture_needs_no_listener(client):
    publisher = client.publisher(Image, "/camera/image_raw")
    wait_until(lambda: publisher.get_subscription_count() == 0, what="the end of the last test's subscription")
    answer = client.call_async(Trigger, "background/capture", Trigger.Request())
    client.send(image(picture(seed=1)))
    assert answer().success


def test_capture_fails_after_two_seconds_while_the_node_goes_on(heard):
    began = time.monotonic()
    answer = heard.call_async(Trigger, "background/capture", Trigger.Request())
    assert heard.state() == "active"
    assert heard.call(SetBool, "enable", SetBool.Request(data=True)).success
    served = time.monotonic() - began
    response = answer()
    waited = time.monotonic() - began
    assert not response.success and "2 s" in response.message
    assert served < waited and waited >= 2.0


def test_a_median_of_a_second_ignores_what_passes(heard):
    assert heard.set_parameter("background.seconds", 1.0)[0]
    try:
        answer = heard.call_async(Trigger, "background/capture", Trigger.Request())
        end = time.monotonic() + 1.3
        while time.monotonic() < end:
            heard.send(image(picture(seed=1)))
            time.sleep(0.1)
        response = answer()
    finally:
        heard.set_parameter("background.seconds", 0.0)
    frames = int(response.message.split(" frames")[0].split()[-1])
    assert response.success and frames >= 3


def test_clear_forgets_the_reference(heard):
    assert heard.capture(image(picture(seed=1))).success and has_foreground(heard)
    assert background(heard, "clear").success
    assert not has_foreground(heard)


def test_save_and_load_bring_the_same_mask_back(heard, tmp_path):
    path = tmp_path / "reference.png"
    assert heard.set_parameter("background.path", str(path))[0]
    assert heard.capture(image(picture(seed=1))).success
    before = array_of(heard.exchange(image(picture(seed=5)), topics=["foreground"])["foreground"])
    assert background(heard, "save").success and path.is_file()
    assert background(heard, "clear").success
    assert background(heard, "load").success
    after = array_of(heard.exchange(image(picture(seed=5)), topics=["foreground"])["foreground"])
    assert np.array_equal(before, after)


def test_save_and_load_say_what_they_lack(heard, tmp_path):
    heard.set_parameter("background.path", "")
    assert "background.path" in background(heard, "save").message
    heard.set_parameter("background.path", str(tmp_path / "missing.png"))
    response = background(heard, "load")
    assert not response.success and "missing.png" in response.message
    nothing = background(heard, "save")
    assert not nothing.success and nothing.message
    heard.set_parameter("background.path", "")


def test_a_reference_from_outside(heard):
    heard.exchange(image(picture()), topics=["labels"])
    heard.send(image(picture(seed=1)), "/background")
    wait_until(lambda: has_foreground(heard), what="a mask")


def test_a_reference_of_another_size_is_refused_and_the_old_one_stays(heard):
    assert heard.capture(image(picture(seed=1))).success
    heard.send(image(picture(48, 64)), "/background")
    message = heard.wait_for_fault("background unusable", "background")
    assert "64x48" in message and "128x96" in message
    assert has_foreground(heard)


def test_a_reference_of_an_unknown_encoding_is_no_fault_of_the_camera(heard):
    heard.exchange(image(picture()), topics=["labels"])
    heard.send(image(picture(seed=1), encoding="rgb88"), "/background")
    assert "rgb88" in heard.wait_for_fault("background unusable", "/background")
    heard.exchange(image(picture()), topics=["labels"])
    states = heard.diagnostics()
    assert states["background unusable"][0] > 0 and states["unknown encoding"][0] == 0
    heard.send(image(picture(seed=1)), "/background")
    wait_until(lambda: heard.diagnostics()["background unusable"][0] == 0, what="the end of the fault")


def test_a_camera_of_another_size_than_the_reference_keeps_its_other_outputs(heard):
    assert heard.capture(image(picture(seed=1))).success
    sent = image(picture(48, 64))
    heard.send(sent)
    wait_until(lambda: heard.of_stamp("labels", stamp_of(sent)), what="labels of another size")
    assert "64x48" in heard.wait_for_fault("background unusable", "~/foreground")
    assert not heard.of_stamp("foreground", stamp_of(sent))
    assert has_foreground(heard)
    assert heard.diagnostics()["background unusable"][0] == 0


def test_nothing_of_it_works_on_a_node_that_is_not_active(client):
    assert client.transition("deactivate")
    response = background(client, "capture")
    assert not response.success and "not active" in response.message
    assert client.transition("activate")


def test_disabled_means_no_work_until_enabled(heard):
    assert heard.call(SetBool, "enable", SetBool.Request(data=False)).success
    assert not background(heard, "capture").success
    publisher = heard.publisher(Image, "/camera/image_raw")
    wait_until(lambda: publisher.get_subscription_count() == 0, what="the end of the subscription")
    assert heard.call(SetBool, "enable", SetBool.Request(data=True)).success
    heard.exchange(image(picture()), camera_info(), topics=["labels"])


OUTCOMES = ("processed", "dropped", "late", "refused", "unheard")


def test_thirty_times_off_and_on_lose_no_frame(heard):
    """A stream of 100 Hz, so that frames wait and are in work when the node is stopped."""
    publisher, stop = heard.publisher(Image, "/camera/image_raw"), threading.Event()
    messages = [image(picture(seed=seed)) for seed in range(5)]

    def stream():
        while not stop.wait(0.01):
            publisher.publish(messages[0])
            messages.append(messages.pop(0))

    thread = threading.Thread(target=stream)
    thread.start()
    try:
        for _ in range(30):
            for on in (False, True):
                assert heard.call(SetBool, "enable", SetBool.Request(data=on)).success
            received = int(heard.values()["received"])
            heard.wait_for_value("received", lambda v, received=received: int(v) > received)
        assert heard.transition("deactivate") and heard.transition("activate")
    finally:
        stop.set()
        thread.join()
    heard.wait_for_value("in flight", lambda v: v == "0")
    values = heard.values()
    assert int(values["received"]) > 100
    assert int(values["received"]) == sum(int(values[name]) for name in OUTCOMES)


def broken_file(folder):
    path = folder / "broken.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    return path


@pytest.mark.parametrize("kind", ["broken", "missing"])
def test_a_file_that_cannot_be_read_costs_the_mask_only(start, tmp_path, kind):
    path = broken_file(tmp_path) if kind == "broken" else tmp_path / "missing.png"
    _, client = start({"background.path": str(path)})
    client.hear("labels", "foreground")
    client.exchange(image(picture()), topics=["labels"])
    assert str(path) in client.wait_for_fault("background unusable", "background.path")
    assert client.capture(image(picture(seed=1))).success
    assert client.diagnostics()["background unusable"][0] == 0
    assert has_foreground(client)


def test_a_png_from_elsewhere_is_loaded_at_the_start(start, tmp_path):
    path = tmp_path / "plain.png"
    cv2.imwrite(str(path), picture(seed=1))
    node, client = start({"background.path": str(path)})
    client.hear("labels", "foreground")
    assert has_foreground(client)
    assert "its camera is unknown" in node.log()
