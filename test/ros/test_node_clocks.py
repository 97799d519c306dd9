"""Clocks and stamps that are not as they should be: outputs go on, and what is wrong is said."""

import time

import pytest
from builtin_interfaces.msg import Time
from camera_messages import header, image, picture, stamp_of
from harness import wait_until
from rosgraph_msgs.msg import Clock

SECOND = 1_000_000_000


def stamped(stamp_ns, seed=0):
    return image(picture(seed=seed), head=header(stamp_ns))


@pytest.fixture
def subscriber(client):
    client.subscribe("labels")
    yield client
    client.unsubscribe()


@pytest.mark.parametrize(
    "stamps, fault",
    [
        ([time.time_ns()] * 5, None),
        ([0, 0, 0], "clock mismatch"),
        ([70 * SECOND, 60 * SECOND, 50 * SECOND], "clock jump"),
        ([2_000_000_000 * SECOND], "clock mismatch"),
    ],
    ids=["identical", "zero", "decreasing", "far in the future"],
)
def test_stamps_cost_no_frame_and_are_carried_as_they_came(subscriber, stamps, fault):
    subscriber.exchange(image(picture()))
    for number, stamp in enumerate(stamps):
        before = subscriber.count("labels")
        subscriber.send(stamped(stamp, number))
        wait_until(lambda b=before: subscriber.count("labels") > b, what="labels")
        assert len(subscriber.of_stamp("labels", stamp)) == (number + 1 if len(set(stamps)) == 1 else 1)
    if fault:
        assert "header.stamp" in subscriber.wait_for_fault(fault)
    subscriber.exchange(image(picture()))
    wait_until(lambda: subscriber.diagnostics()["clock mismatch"][0] == 0, what="the end of the mismatch with its cause")


@pytest.fixture(scope="module")
def simulated(start):
    """A node on simulated time that nobody publishes yet."""
    _, client = start({"use_sim_time": True})
    client.subscribe("labels")
    return client


def tick(client, seconds):
    """Sets the simulated time (s); the node has it when a frame of this stamp is no mismatch."""
    publisher = client.publisher(Clock, "/clock")
    wait_until(lambda: publisher.get_subscription_count() > 0, what="a subscription of /clock")
    clock = Clock(clock=Time(sec=int(seconds), nanosec=int(seconds % 1 * 1e9)))

    def arrived():
        publisher.publish(clock)
        client.exchange(stamped(int(seconds * SECOND)))
        return client.diagnostics()["clock mismatch"][0] == 0

    wait_until(arrived, what="the simulated time")


def test_before_the_first_clock_frames_are_served_and_their_stamps_doubted(simulated):
    simulated.exchange(stamped(time.time_ns()))
    assert "use_sim_time" in simulated.wait_for_fault("clock mismatch")
    tick(simulated, 100.0)


def test_a_reset_of_the_simulation_is_a_jump_and_the_end_of_nothing(simulated):
    tick(simulated, 200.0)
    tick(simulated, 5.0)
    assert "ran back" in simulated.wait_for_fault("clock jump")
    for number in range(3):
        simulated.exchange(stamped(5 * SECOND + number))


def test_a_leap_forward_makes_old_frames_a_mismatch_until_newer_ones_come(simulated):
    tick(simulated, 300.0)
    simulated.exchange(stamped(200 * SECOND))
    simulated.wait_for_fault("clock mismatch")
    simulated.exchange(stamped(300 * SECOND))
    assert simulated.diagnostics()["clock mismatch"][0] == 0


def test_a_clock_that_stands_still_ages_nothing(simulated):
    """A paused simulation: max_age counts from the arrival on the monotonic clock."""
    assert simulated.set_parameter("max_age", 30.0)[0]
    tick(simulated, 400.0)
    late = int(simulated.values()["late"])
    for number in range(5):
        sent = stamped(400 * SECOND + number)
        assert stamp_of(simulated.exchange(sent)["labels"]) == stamp_of(sent)
    assert int(simulated.values()["late"]) == late
    assert simulated.set_parameter("max_age", 0.0)[0]
