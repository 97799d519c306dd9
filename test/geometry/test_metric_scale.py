"""The robust scale: wrong scales of 0.3 to 3, a third of the points wrong, and when the evidence is too weak."""

import numpy as np
import pytest

from mtdense_ros.geometry.metric_scale import MIN_POINTS, Evidence, apply_scale, estimate_scale

WRONG = (0.3, 0.5, 1.0, 2.0, 3.0)
POINTS = 400


def true_metres(count=POINTS):
    return np.random.default_rng(1).uniform(0.5, 8.0, count)


def outliers(metres, share, kind):
    """The metres with a share of wrong ones: too near (things in front of the sensor), too far, or anything."""
    wrong = metres.copy()
    count = round(share * len(metres))
    random = np.random.default_rng(2)
    factors = {"near": random.uniform(0.1, 0.6, count), "far": random.uniform(2.0, 6.0, count)}
    wrong[:count] = metres[:count] * factors[kind] if kind in factors else random.uniform(0.2, 20.0, count)
    return wrong


def evidence(values, metres):
    return Evidence(values, metres, np.ones(len(values)))


@pytest.mark.parametrize("kind", ["near", "far", "any"])
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_scale_is_found_among_30_percent_outliers(wrong, kind):
    metres = true_metres()
    noisy = metres * wrong * np.exp(0.1 * np.random.default_rng(3).standard_normal(POINTS))
    found = estimate_scale(evidence(noisy, outliers(metres, 0.3, kind)))
    assert found.weakness == "" and found.points == POINTS
    assert found.scale == pytest.approx(1 / wrong, rel=0.03)
    assert found.shift == 0.0
    assert 0.1 < found.spread < 0.25


@pytest.mark.parametrize("kind", ["near", "far", "any"])
@pytest.mark.parametrize("shift", [-0.05, 0.0, 0.2])
@pytest.mark.parametrize("wrong", WRONG)
def test_scale_and_shift_of_inverse_depth_are_found_among_30_percent_outliers(wrong, shift, kind):
    metres = true_metres()
    noisy = (1 / metres - shift) / wrong * np.exp(0.03 * np.random.default_rng(3).standard_normal(POINTS))
    found = estimate_scale(evidence(noisy, outliers(metres, 0.3, kind)), inverse=True)
    assert found.weakness == ""
    restored = apply_scale(((1 / metres - shift) / wrong).astype(np.float32), found.scale, found.shift, True, np.empty(POINTS, np.float32))
    assert np.median(np.abs(restored / metres - 1)) < 0.03


def test_points_of_small_weight_do_not_decide():
    values = np.ones(100)
    metres = np.where(np.arange(100) < 60, 5.0, 2.0)
    weights = np.where(np.arange(100) < 60, 0.1, 1.0)
    assert estimate_scale(Evidence(values, metres, weights)).scale == pytest.approx(2.0)


def test_the_same_points_give_the_same_scale():
    metres = true_metres()
    pairs = evidence(outliers(metres, 0.3, "any"), metres)
    assert estimate_scale(pairs) == estimate_scale(pairs)
    assert estimate_scale(pairs, inverse=True) == estimate_scale(pairs, inverse=True)


def test_weak_evidence_says_why():
    few = estimate_scale(evidence(np.ones(MIN_POINTS - 1), np.ones(MIN_POINTS - 1)))
    assert few.weakness == f"{MIN_POINTS - 1} points, {MIN_POINTS} are needed"
    assert estimate_scale(Evidence.none("a reason")).weakness == "a reason"
    random = np.random.default_rng(0)
    unrelated = evidence(random.uniform(0.1, 10, POINTS), true_metres())
    assert "the points disagree by" in estimate_scale(unrelated).weakness


def test_weak_evidence_of_inverse_depth_says_why():
    wall = np.full(POINTS, 2.0) * np.linspace(0.97, 1.03, POINTS)
    assert "needs several distances" in estimate_scale(evidence(1 / wall, wall), inverse=True).weakness
    depth = true_metres()
    for values in (depth, np.ones(POINTS)):
        assert "does not grow towards the camera" in estimate_scale(evidence(values, depth), inverse=True).weakness


def test_inverse_depth_beyond_infinity_is_infinite_and_unknown_stays_unknown():
    values = np.array([0.5, 0.1, 0.0, np.nan], np.float32)
    metres = apply_scale(values, 2.0, -0.5, True, np.empty_like(values))
    np.testing.assert_array_equal(metres, np.array([2.0, np.inf, np.inf, np.nan], np.float32))
    metric = apply_scale(values, 2.0, 0.0, False, np.empty_like(values))
    np.testing.assert_array_equal(metric, np.array([1.0, 0.2, 0.0, np.nan], np.float32))
