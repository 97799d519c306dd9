"""Counts and percentiles by hand: no ROS."""

from mtdense_ros.runtime.frame_statistics import COUNTERS, Statistics


def test_counts_start_at_zero_and_are_all_there():
    summary = Statistics().summary(0.0)
    assert {name: summary[name] for name in COUNTERS} == dict.fromkeys(COUNTERS, "0")
    assert summary["rate (Hz)"] == "0.00"


def test_rate_ages_and_stages():
    statistics = Statistics()
    for i in range(101):  # ages 0 .. 100 ms, one frame every 0.1 s
        statistics.finish(i * 0.1, i * 1e-3, 0.25, {"decode": 2.0, "publish": float(i)})
    summary = statistics.summary(10.0)
    assert summary["processed"] == "101"
    assert summary["rate (Hz)"] in ("10.00", "10.20")  # 50 or 51 frames in the last 5 s
    assert (summary["age p50 (ms)"], summary["age p95 (ms)"], summary["age p99 (ms)"]) == ("50.0", "95.0", "99.0")
    assert summary["age from stamp (s)"] == "0.250"
    assert (summary["stage decode p50 (ms)"], summary["stage publish p50 (ms)"]) == ("2.00", "50.00")


def test_a_reset_forgets_ages_but_no_totals():
    statistics = Statistics()
    statistics.finish(1.0, 0.5, 0.5, {"decode": 2.0})
    statistics.reset_ages()
    summary = statistics.summary(1.0)
    assert summary["processed"] == "1"
    assert "age p50 (ms)" not in summary and "stage decode p50 (ms)" not in summary
