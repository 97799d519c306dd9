"""An engine that fails, hangs or loses its device, and a worker that dies: named, survived or given up, and back with configure."""

import pytest
from camera_messages import image, picture
from faulty_client import TOPIC, FaultyNode
from harness import wait_until


@pytest.fixture(scope="module")
def faulty(start, tmp_path_factory):
    """Without a fallback; a hang is given up after a second."""
    return FaultyNode(start, tmp_path_factory.mktemp("faulty"), engine_timeout=1.0)


FAILURES = {
    "device lost": ("GPU lost", "unspecified launch failure"),
    "out of memory": ("engine failed", "out of memory"),
    "raises": ("engine failed", "ZeroDivisionError: a bug"),
}


@pytest.mark.parametrize("how", FAILURES)
def test_one_failure_costs_one_frame(faulty, how):
    fault, words = FAILURES[how]
    faulty.fail(how)
    faulty.refuse_one()
    assert words in faulty.client.wait_for_fault(fault, TOPIC)
    faulty.recover()
    faulty.client.exchange(image(picture()), topics=["labels"])
    assert faulty.client.diagnostics()[fault][0] == 0


@pytest.mark.parametrize("how", [*FAILURES, "hangs", "worker dies"])
def test_a_failure_that_stays_is_an_error_state_until_configure(faulty, how):
    fault = {"hangs": "engine failed", "worker dies": "worker restarted"}.get(how) or FAILURES[how][0]
    faulty.give_up(how)
    message = faulty.client.wait_for_fault(fault, "the node is unconfigured; configure and activate it again")
    reason = {"hangs": "engine_timeout 1 s", "worker dies": "died 3 times within 60 s"}.get(how, "frames in a row")
    assert reason in message
    assert faulty.client.node.count_publishers("/mtdense/labels") == 0
    faulty.recover()
    faulty.configure()
    assert faulty.client.diagnostics()[fault][0] == 0


def test_a_worker_that_dies_is_restarted_and_counted(faulty):
    faulty.fail("worker dies")
    faulty.refuse_one()
    faulty.recover()
    assert "a library that ends its thread" in faulty.client.wait_for_fault("worker restarted", "1 times")
    faulty.client.exchange(image(picture()), topics=["labels"])


def test_a_hang_is_reported_and_forgotten_when_it_ends(faulty):
    assert faulty.client.set_parameter("engine_timeout", 0.0)[0]
    faulty.fail("hangs")
    faulty.client.send(image(picture()))
    faulty.client.wait_for_fault("engine failed", "the engine hangs")
    faulty.recover()
    faulty.client.exchange(image(picture()), topics=["labels"])
    wait_until(lambda: faulty.client.diagnostics()["engine failed"][0] == 0, what="the end of the fault")
    assert faulty.client.set_parameter("engine_timeout", 1.0)[0]


@pytest.mark.parametrize("how", ["device lost", "hangs"])
def test_another_engine_takes_over_where_that_is_allowed(start, tmp_path, how):
    faulty = FaultyNode(start, tmp_path, engine_timeout=1.0, engine_fallback="cpu")
    fault = FAILURES.get(how, ("engine failed", ""))[0]
    assert faulty.client.capture(image(picture(seed=1))).success
    faulty.fail(how)
    taken_over = "PyTorch on the CPU has taken over"
    faulty.send_until(lambda: taken_over in faulty.client.diagnostics()[fault][1], "the fallback")
    assert faulty.client.state() == "active"
    faulty.client.exchange(image(picture()))  # with the mask: the reference frame was carried over
    assert taken_over in faulty.client.wait_for_fault(fault)
    for transition in ("deactivate", "cleanup"):
        assert faulty.client.transition(transition)
    faulty.recover()
    faulty.configure()
    assert faulty.client.diagnostics()[fault][0] == 0
