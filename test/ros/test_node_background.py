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
    """Whether a frame gets a mask: all its outputs are published before the next frame is begun."""
    sent = image(picture(seed=seed))
    client.exchange(sent, topics=["labels"])
    client.exchange(image(picture(seed=seed)), topics=["labels"])
    return bool(client.of_stamp("foreground", stamp_of(sent)))


@pytest.fixture
def subscriber(client):
    """Labels and mask are subscriber, there is no reference."""
    client.subscribe("labels", "foreground")
    assert background(client, "clear").success
    yield client
    client.unsubscribe()


def test_the_mask_is_silent_without_a_reference_and_says_so(subscriber):
    assert not has_foreground(subscriber)
    assert "foreground" in subscriber.wait_for_fault("no background")


def test_capture_answers_when_the_next_frame_is_the_reference(subscriber):
    subscriber.exchange(image(picture()), topics=["labels"])
    subscriber.wait_for_fault("no background")
    response = subscriber.capture(image(picture(seed=1)))
    assert response.success and "1 frame" in response.message
    assert subscriber.diagnostics()["no background"][0] == 0, "the fault ends with its cause"
    assert has_foreground(subscriber)


def test_capture_needs_no_listener(client):
    publisher = client.publisher(Image, "/camera/image_raw")
    wait_until(lambda: publisher.get_subscription_count() == 0, what="the end of the last test's subscription")
    answer = client.call_async(Trigger, "background/capture", Trigger.Request())
    client.send(image(picture(seed=1)))
    assert answer().success


def test_capture_fails_after_two_seconds_while_the_node_goes_on(subscriber):
    began = time.monotonic()
    answer = subscriber.call_async(Trigger, "background/capture", Trigger.Request())
    assert subscriber.state() == "active"
    assert subscriber.call(SetBool, "enable", SetBool.Request(data=True)).success
    served = time.monotonic() - began
    response = answer()
    waited = time.monotonic() - began
    assert not response.success and "2 s" in response.message
    assert served < waited and waited >= 2.0


def test_a_median_of_a_second_ignores_what_passes(subscriber):
    assert subscriber.set_parameter("background.seconds", 1.0)[0]
    try:
        answer = subscriber.call_async(Trigger, "background/capture", Trigger.Request())
        end = time.monotonic() + 1.3
        while time.monotonic() < end:
            subscriber.send(image(picture(seed=1)))
            time.sleep(0.1)
        response = answer()
    finally:
        subscriber.set_parameter("background.seconds", 0.0)
    frames = int(response.message.split(" frames")[0].split()[-1])
    assert response.success and frames >= 3


def test_clear_forgets_the_reference(subscriber):
    assert subscriber.capture(image(picture(seed=1))).success and has_foreground(subscriber)
    assert background(subscriber, "clear").success
    assert not has_foreground(subscriber)


def test_save_and_load_bring_the_same_mask_back(subscriber, tmp_path):
    path = tmp_path / "reference.png"
    assert subscriber.set_parameter("background.path", str(path))[0]
    assert subscriber.capture(image(picture(seed=1))).success
    before = array_of(subscriber.exchange(image(picture(seed=5)), topics=["foreground"])["foreground"])
    assert background(subscriber, "save").success and path.is_file()
    assert background(subscriber, "clear").success
    assert background(subscriber, "load").success
    after = array_of(subscriber.exchange(image(picture(seed=5)), topics=["foreground"])["foreground"])
    assert np.array_equal(before, after)


def test_save_and_load_say_what_they_lack(subscriber, tmp_path):
    subscriber.set_parameter("background.path", "")
    assert "background.path" in background(subscriber, "save").message
    subscriber.set_parameter("background.path", str(tmp_path / "missing.png"))
    response = background(subscriber, "load")
    assert not response.success and "missing.png" in response.message
    nothing = background(subscriber, "save")
    assert not nothing.success and nothing.message
    subscriber.set_parameter("background.path", "")


def test_a_reference_from_outside(subscriber):
    subscriber.exchange(image(picture()), topics=["labels"])
    subscriber.send(image(picture(seed=1)), "/background")
    wait_until(lambda: has_foreground(subscriber), what="a mask")


def test_a_reference_of_another_size_is_refused_and_the_old_one_stays(subscriber):
    assert subscriber.capture(image(picture(seed=1))).success
    subscriber.send(image(picture(48, 64)), "/background")
    message = subscriber.wait_for_fault("background unusable", "background")
    assert "64x48" in message and "128x96" in message
    assert has_foreground(subscriber)


def test_a_reference_of_an_unknown_encoding_is_no_fault_of_the_camera(subscriber):
    subscriber.exchange(image(picture()), topics=["labels"])
    subscriber.send(image(picture(seed=1), encoding="rgb88"), "/background")
    assert "rgb88" in subscriber.wait_for_fault("background unusable", "/background")
    subscriber.exchange(image(picture()), topics=["labels"])
    states = subscriber.diagnostics()
    assert states["background unusable"][0] > 0 and states["unknown encoding"][0] == 0
    subscriber.send(image(picture(seed=1)), "/background")
    wait_until(lambda: subscriber.diagnostics()["background unusable"][0] == 0, what="the end of the fault")


def test_a_camera_of_another_size_than_the_reference_keeps_its_other_outputs(subscriber):
    assert subscriber.capture(image(picture(seed=1))).success
    sent = image(picture(48, 64))
    subscriber.send(sent)
    wait_until(lambda: subscriber.of_stamp("labels", stamp_of(sent)), what="labels of another size")
    assert "64x48" in subscriber.wait_for_fault("background unusable", "~/foreground")
    assert not subscriber.of_stamp("foreground", stamp_of(sent))
    assert has_foreground(subscriber)
    assert subscriber.diagnostics()["background unusable"][0] == 0


def test_nothing_of_it_works_on_a_node_that_is_not_active(client):
    assert client.transition("deactivate")
    response = background(client, "capture")
    assert not response.success and "not active" in response.message
    assert client.transition("activate")


def test_disabled_means_no_work_until_enabled(subscriber):
    assert subscriber.call(SetBool, "enable", SetBool.Request(data=False)).success
    assert not background(subscriber, "capture").success
    publisher = subscriber.publisher(Image, "/camera/image_raw")
    wait_until(lambda: publisher.get_subscription_count() == 0, what="the end of the subscription")
    assert subscriber.call(SetBool, "enable", SetBool.Request(data=True)).success
    subscriber.exchange(image(picture()), camera_info(), topics=["labels"])


OUTCOMES = ("processed", "dropped", "late", "refused", "unheard")


def test_thirty_times_off_and_on_lose_no_frame(subscriber):
    """A stream of 100 Hz, so that frames wait and are in work when the node is stopped."""
    publisher, stop = subscriber.publisher(Image, "/camera/image_raw"), threading.Event()
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
                assert subscriber.call(SetBool, "enable", SetBool.Request(data=on)).success
            received = int(subscriber.values()["received"])
            subscriber.wait_for_value("received", lambda v, received=received: int(v) > received)
        assert subscriber.transition("deactivate") and subscriber.transition("activate")
    finally:
        stop.set()
        thread.join()
    subscriber.wait_for_value("in flight", lambda v: v == "0")
    values = subscriber.values()
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
    client.subscribe("labels", "foreground")
    client.exchange(image(picture()), topics=["labels"])
    assert str(path) in client.wait_for_fault("background unusable", "background.path")
    assert client.capture(image(picture(seed=1))).success
    assert client.diagnostics()["background unusable"][0] == 0
    assert has_foreground(client)


def test_a_png_from_elsewhere_is_loaded_at_the_start(start, tmp_path):
    path = tmp_path / "plain.png"
    cv2.imwrite(str(path), picture(seed=1))
    node, client = start({"background.path": str(path)})
    client.subscribe("labels", "foreground")
    assert has_foreground(client)
    assert "its camera is unknown" in node.log()
