"""When an engine or a worker is given up."""

import pytest

from mtdense_ros.runtime.failure_policy import FailurePolicy


@pytest.fixture
def policy():
    return FailurePolicy()


def test_nothing_is_given_up_without_a_reason(policy):
    assert policy.verdict(0, "", 0.0, 8.0, 100.0) is None
    assert policy.verdict(2, "engine failed", 7.9, 8.0, 100.0) is None


@pytest.mark.parametrize("fault", ["engine failed", "GPU lost"])
def test_three_failed_frames_in_a_row_end_the_trust_in_an_engine(policy, fault):
    failure = policy.verdict(3, fault, 0.0, 8.0, 100.0)
    assert (failure.fault, failure.of_engine) == (fault, True) and "3 frames in a row" in failure.message


def test_a_frame_that_never_comes_out_is_a_hang_unless_there_is_no_limit(policy):
    failure = policy.verdict(0, "", 8.1, 8.0, 100.0)
    assert (failure.fault, failure.of_engine) == ("engine failed", True) and "engine_timeout 8 s" in failure.message
    assert policy.verdict(0, "", 1e6, 0.0, 100.0) is None


def test_three_deaths_within_a_minute_are_too_many(policy):
    for at in (0.0, 30.0):
        policy.died(at)
    assert policy.verdict(0, "", 0.0, 8.0, 30.0) is None
    policy.died(60.0)
    failure = policy.verdict(0, "", 0.0, 8.0, 60.0)
    assert (failure.fault, failure.of_engine) == ("worker restarted", False)


def test_deaths_that_lie_apart_are_not(policy):
    for at in (0.0, 30.0, 61.0, 95.0):
        policy.died(at)
        assert policy.verdict(0, "", 0.0, 8.0, at) is None
