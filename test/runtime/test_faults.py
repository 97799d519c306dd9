"""Faults by a hand-driven clock: no ROS."""

import pytest

from mtdense_ros.runtime.faults import FAULTS, Faults


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


def test_a_repeated_fault_is_counted_each_time_and_logged_every_five_seconds(faults, time, log):
    for _ in range(12):
        faults.report("size mismatch", "a")
        time[0] += 1.0
    assert state(faults, "size mismatch").count == 12
    assert log == ["size mismatch: a"] * 3


def test_a_changed_message_is_logged_soon(faults, time, log):
    faults.report("size mismatch", "a")
    faults.report("size mismatch", "b")
    time[0] += 1.0
    faults.report("size mismatch", "b")
    assert log == ["size mismatch: a", "size mismatch: b"]


def test_a_fault_of_the_clock_is_said_once_while_it_holds(faults, time, log):
    for age in range(30):
        faults.report("clock mismatch", f"{age} s old")
        time[0] += 1.0
    assert log == ["clock mismatch: 0 s old"]
    faults.clear("clock mismatch")
    faults.report("clock mismatch", "again")
    assert log[1:] == ["clock mismatch: again"]


def test_a_fault_ends_when_cleared_or_no_longer_reported(faults, time):
    faults.report("size mismatch", "a")
    faults.report("weights missing or changed", "b")
    time[0] += 60.0
    assert not state(faults, "size mismatch").active
    assert state(faults, "weights missing or changed").active
    faults.clear("weights missing or changed")
    assert not state(faults, "weights missing or changed").active
