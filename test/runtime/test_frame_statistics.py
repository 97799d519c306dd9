"""Counts and percentiles by hand: no ROS."""

import pytest

from mtdense_ros.runtime.frame_statistics import COUNTERS, Statistics


def test_counts_start_at_zero_and_are_all_there():
    summary = Statistics().summary(0.0)
    assert {name: summary[name] for name in COUNTERS} == dict.fromkeys(COUNTERS, "0")
    assert summary["rate (Hz)"] == "0.00"


def test_rate_ages_and_stages():
    statistics = Statistics()
    for i in range(101):  # ages 0 .. 100 ms, one frame every 0.1 s
        statistics.published(i * 0.1, i * 1e-3, 0.25, {"decode": 2.0, "publish": float(i)})
    summary = statistics.summary(10.0)
    assert summary["rate (Hz)"] == "10.00"
    assert (summary["age p50 (ms)"], summary["age p95 (ms)"], summary["age p99 (ms)"]) == ("50.0", "95.0", "99.0")
    assert summary["age from stamp (s)"] == "0.250"
    assert (summary["stage decode p50 (ms)"], summary["stage publish p50 (ms)"]) == ("2.00", "50.00")


@pytest.mark.parametrize("hz", [2, 30, 400])
@pytest.mark.parametrize("start", [0.0, 1000.0])
def test_the_rate_is_right_from_the_first_second_on_after_a_pause_and_above_100_hz(hz, start):
    statistics = Statistics()
    for began in (start, start + 60.0):
        for i in range(10 * hz + 1):
            now = began + i / hz
            statistics.published(now, 0.0, 0.0, {})
            if i >= hz and i % hz == 0:
                assert float(statistics.summary(now)["rate (Hz)"]) == pytest.approx(hz, rel=0.11 if hz == 2 else 0.01)
    assert statistics.summary(start + 80.0)["rate (Hz)"] == "0.00"


def test_a_bag_that_loops_every_two_seconds_keeps_its_rate():
    statistics = Statistics()
    for i in range(101):
        if i % 20 == 0:
            statistics.reset_ages()
        statistics.published(i * 0.1, 0.0, 0.0, {})
    assert statistics.summary(10.0)["rate (Hz)"] == "10.00"


def test_a_reset_forgets_ages_and_nothing_else():
    statistics = Statistics()
    statistics.count("received")
    statistics.count("processed")
    statistics.published(1.0, 0.5, 0.5, {"decode": 2.0})
    statistics.reset_ages()
    summary = statistics.summary(1.0)
    assert summary["processed"] == "1" and summary["stage decode p50 (ms)"] == "2.00"
    assert "age p50 (ms)" not in summary and "age from stamp (s)" not in summary


def test_what_has_no_outcome_yet_is_in_flight():
    statistics = Statistics()
    for name in ("received", "received", "received", "dropped"):
        statistics.count(name)
    assert statistics.summary(0.0)["in flight"] == "2"
