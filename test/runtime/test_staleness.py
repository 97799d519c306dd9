"""Ages and clocks by hand-made times: no ROS."""

import pytest

from mtdense_ros.runtime.staleness import Age, ClockWatch

S = 1_000_000_000


@pytest.mark.parametrize(
    "waited_s, stamp_age_s, max_age, source, late, mismatch",
    [
        (0.5, 0.6, 1.0, "arrival", False, False),
        (1.5, 1.6, 1.0, "arrival", True, False),
        (1.5, 1.6, 0.0, "arrival", False, False),  # 0: off
        (0.1, 5.0, 1.0, "arrival", False, False),  # a slow link, but fresh here
        (0.1, 5.0, 1.0, "stamp", True, False),
        (0.1, 9.9, 0.0, "arrival", False, False),
        (0.1, 10.1, 1.0, "arrival", False, True),  # a bag: said, not dropped
        (0.1, -0.1, 1.0, "arrival", False, True),  # from the future
        (0.1, -0.1, 1.0, "stamp", False, True),
    ],
)
def test_judgement(waited_s, stamp_age_s, max_age, source, late, mismatch):
    now = 1000 * S
    age = Age.of(int(waited_s * S), now - int(stamp_age_s * S), now)
    assert (age.is_stale(max_age, source), age.mismatch) == (late, mismatch)
    assert age.arrival_s == pytest.approx(waited_s)
    assert age.stamp_s == pytest.approx(stamp_age_s)


def test_a_looping_bag_jumps_once():
    clocks = ClockWatch()
    stamps = [10 * S, 11 * S, 12 * S, 10 * S, 11 * S]
    assert [clocks.jumped(stamp, i * S) for i, stamp in enumerate(stamps)] == [False, False, False, True, False]


def test_a_clock_that_is_reset_jumps_once():
    clocks = ClockWatch()
    times = [50 * S, 51 * S, 0, S]
    assert [clocks.jumped(i * S, clock) for i, clock in enumerate(times)] == [False, False, True, False]


def test_frames_out_of_order_by_little_are_no_jump():
    clocks = ClockWatch()
    assert clocks.jumped(10 * S, 10 * S) is False
    assert clocks.jumped(10 * S - S // 10, 10 * S) is False
