"""Faults by a hand-driven clock: no ROS."""

import pytest

from mtdense_ros.runtime.faults import FAULTS, Faults
from mtdense_ros.runtime.log_schedule import MOST_MESSAGES


@pytest.fixture
def time():
    return [100.0]


@pytest.fixture
def log():
    return []


@pytest.fixture
def faults(time, log):
    return Faults(lambda is_error, text: log.append(text), lambda: time[0])


def state(faults, name):
    return next(s for s in faults.states() if s.name == name)


def test_every_fault_is_listed_once_and_inactive_at_first(faults):
    assert [s.name for s in faults.states()] == list(FAULTS)
    assert not any(s.active for s in faults.states())


def test_a_lasting_fault_is_counted_each_time_and_logged_after_1_10_and_60_minutes(faults, time, log):
    logged_at = []
    for second in range(2 * 3600 + 60):
        faults.report("size mismatch", f"{second}.5 s old")  # a measured value makes no new message
        logged_at += [second] * (len(log) - len(logged_at))
        time[0] += 1.0
    assert state(faults, "size mismatch").count == 7260
    assert logged_at == [0, 60, 600, 3600, 7200]


def test_another_message_of_a_fault_is_logged_at_once(faults, log):
    for _ in range(3):
        for topic in ("foreground", "foreground_overlay"):
            faults.report("no background", f"~/{topic}: no background")
    assert log == ["no background: ~/foreground: no background", "no background: ~/foreground_overlay: no background"]


def test_no_sender_can_fill_the_log(faults, log):
    for number in range(1000):
        faults.report("unknown encoding", f"image: encoding 'rgb{number}' is unknown")
    assert len(log) == MOST_MESSAGES + 1


def test_a_fault_that_comes_and_goes_is_not_said_each_time(faults, time, log):
    for _ in range(20):  # a bag that loops every 2 s
        faults.report("clock jump", "header.stamp ran back")
        faults.clear("clock jump")
        time[0] += 2.0
    assert log == ["clock jump: header.stamp ran back"]


def test_a_fault_that_comes_back_after_a_long_time_is_new(faults, time, log):
    for pause in (0.0, 3000.0, 3601.0):
        time[0] += pause
        faults.report("no publisher", "a")
    assert len(log) == 3
    time[0] += 1.0
    faults.report("no publisher", "a")
    assert len(log) == 3


def test_what_answers_to_a_person_is_always_logged(faults, log):
    for _ in range(2):
        faults.report("configuration", "parameter x: is wrong")
    assert len(log) == 2


def test_a_fault_ends_when_cleared_or_no_longer_reported(faults, time):
    faults.report("size mismatch", "a")
    faults.report("weights missing or changed", "b")
    faults.report("background unusable", "c", lasting=True)
    faults.report("background unusable", "d")
    assert state(faults, "size mismatch").active
    time[0] += 60.0
    assert not state(faults, "size mismatch").active
    assert state(faults, "weights missing or changed").active and state(faults, "background unusable").active
    faults.clear("weights missing or changed")
    assert not state(faults, "weights missing or changed").active


def test_a_fault_of_a_single_moment_is_shown_once(faults, time):
    faults.report("bad image", "cut short")
    faults.clear("bad image")
    assert state(faults, "bad image").active
    assert not state(faults, "bad image").active


def test_what_is_judged_and_not_reported_is_cleared(faults):
    for name in ("size mismatch", "no camera_info", "clock mismatch"):
        faults.report(name, "before")
    faults.states()
    with faults.judging("size mismatch", "no camera_info"):
        faults.report("no camera_info", "still")
    active = {s.name for s in faults.states() if s.active}
    assert active == {"no camera_info", "clock mismatch"}


def test_cameras_have_their_own_faults_and_the_node_keeps_what_concerns_all(faults, log):
    of_cameras = faults.divide(["front", "rear"])
    of_cameras["front"].report("bad image", "cut short")
    of_cameras["rear"].report("GPU lost", "gone")
    assert log == ["front: bad image: cut short", "GPU lost: gone"]
    states = faults.states()
    assert {(s.camera, s.name) for s in states if s.active} == {("front", "bad image"), ("", "GPU lost")}
    of_node = [name for name, kind in FAULTS.items() if kind.of_node]
    of_camera = [name for name in FAULTS if name not in of_node]
    expected = [("", name) for name in of_node] + [(camera, name) for camera in ("front", "rear") for name in of_camera]
    assert [(s.camera, s.name) for s in states] == expected
    of_cameras["front"].clear("bad image", "GPU lost")
    assert not any(s.active for s in faults.states())


def test_a_camera_judges_its_own_faults_only(faults):
    front, rear = faults.divide(["front", "rear"]).values()
    for each in (front, rear):
        each.report("no publisher", "before")
    with front.judging("no publisher"):
        pass
    faults.states()
    assert [s.camera for s in faults.states() if s.active] == ["rear"]


def test_the_unnamed_camera_has_the_faults_of_the_node(faults):
    assert faults.divide([""]) == {"": faults}
    assert [s.name for s in faults.states()] == list(FAULTS)
