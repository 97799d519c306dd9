"""Metrics against values worked out by hand."""

import math

import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.evaluation.metrics import ConfusionMatrix, DepthMetrics, MaskMetrics, NormalMetrics


def test_confusion_by_hand():
    matrix = ConfusionMatrix(4)
    matrix.update(np.array([[0, 1, 1], [1, 2, 0]]), np.array([[0, 0, 1], [1, 1, 255]]))
    # class 0: 1 hit of truth 2, predicted 1 -> 1/2; class 1: 2 hits, truth 3, predicted 3 -> 2/4; class 2: 0/1; class 3 absent
    np.testing.assert_allclose(matrix.iou, [0.5, 0.5, 0.0, np.nan])
    assert matrix.mean_iou == pytest.approx(1 / 3)
    assert matrix.accuracy == pytest.approx(3 / 5)


def test_confusion_counts_an_unlabelled_prediction_as_missed_and_skips_foreign_truth():
    matrix = ConfusionMatrix(2)
    matrix.update(np.array([255, 0, 1]), np.array([0, 0, 7]))
    assert matrix.counts.sum() == 2
    np.testing.assert_allclose(matrix.iou, [0.5, np.nan])


def test_confusion_streams():
    rng = np.random.default_rng(0)
    pred, target = rng.integers(0, 5, (2, 100))
    whole, parts = ConfusionMatrix(5), ConfusionMatrix(5)
    whole.update(pred, target)
    for part in np.split(np.arange(100), 4):
        parts.update(pred[part], target[part])
    np.testing.assert_array_equal(whole.counts, parts.counts)


def test_mask_by_hand():
    metrics = MaskMetrics()
    pred = np.array([1, 1, 1, 0, 0, 1], bool)
    target = np.array([1, 1, 0, 1, 0, 0], bool)
    metrics.update(pred, target, valid=np.array([1, 1, 1, 1, 1, 0], bool))  # 2 hits, 1 false, 1 missed
    assert (metrics.iou, metrics.precision, metrics.recall) == (0.5, pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert metrics.f1 == pytest.approx(2 / 3)
    assert metrics.predicted_share == pytest.approx(3 / 5)


def test_depth_by_hand():
    metrics = DepthMetrics()
    metrics.update(np.array([1.0, 4.0, np.inf, 3.0]), np.array([2.0, 4.0, 5.0, np.nan]))
    found = metrics.result()
    assert found["rmse_m"] == pytest.approx(math.sqrt(1 / 2))
    assert found["abs_rel"] == pytest.approx(0.25)
    assert found["sq_rel_m"] == pytest.approx(0.25)
    assert found["rmse_log"] == pytest.approx(math.log(2) / math.sqrt(2))
    assert (found["delta1"], found["delta2"], found["delta3"]) == (0.5, 0.5, 0.5)  # the ratio 2 exceeds 1.25^3 = 1.953
    assert found["valid_share"] == pytest.approx(2 / 3)


def test_a_missing_depth_counts_as_an_error_of_one():
    metrics = DepthMetrics()
    metrics.update(np.array([np.nan, 2.0, 3.0, 0.0]), np.array([4.0, 2.0, 3.0, 1.0]))
    found = metrics.result()
    assert found["abs_rel"] == found["rmse_m"] == 0 and found["delta1"] == 1
    assert found["abs_rel_all"] == found["abs_rel_scaled_all"] == 0.5
    assert found["rmse_m_all"] == pytest.approx(math.sqrt((16 + 1) / 4))
    assert found["delta1_all"] == found["valid_share"] == 0.5


def test_depth_is_pooled_over_pixels_and_scaled_per_frame():
    metrics = DepthMetrics()
    metrics.update(np.full(3, 1.0), np.full(3, 2.0))
    metrics.update(np.full(1, 3.0), np.full(1, 1.0))
    found = metrics.result()
    assert found["rmse_m"] == pytest.approx(math.sqrt((3 * 1 + 4) / 4))
    assert found["rmse_m_scaled"] == pytest.approx(0)
    assert found["delta1_scaled"] == 1


def test_normals_by_hand():
    metrics = NormalMetrics()
    pred = np.array([[0, 0, -2], [0, -1, 0], [np.nan] * 3, [1, 0, 0]], float)
    target = np.array([[0, 0, -1], [0, 0, -1], [0, 0, -1], [0, 0, 0]], float)
    metrics.update(pred, target)  # angles 0 and 90; one unknown prediction, one unknown truth
    found = metrics.result()
    assert found["mean_deg"] == pytest.approx(45)
    assert found["rmse_deg"] == pytest.approx(90 / math.sqrt(2))
    assert found["within_11"] == found["within_30"] == 0.5
    assert found["valid_share"] == pytest.approx(2 / 3)


def test_normals_within_the_usual_angles():
    metrics = NormalMetrics()
    angles = np.radians([11.23, 11.27, 22.47, 22.53, 29.97, 30.03, 60.02, 180.0])
    metrics.update(np.stack([np.sin(angles), 0 * angles, -np.cos(angles)], -1), np.tile([0.0, 0.0, -1.0], (8, 1)))
    found = metrics.result()
    assert [found[key] for key in ("within_11", "within_22", "within_30")] == [1 / 8, 3 / 8, 5 / 8]


def test_nothing_scored_is_nan():
    assert math.isnan(MaskMetrics().iou)
    assert math.isnan(ConfusionMatrix(3).mean_iou)
    assert math.isnan(DepthMetrics().result()["abs_rel"])
    assert math.isnan(NormalMetrics().result()["mean_deg"])


@pytest.mark.parametrize("metric", [ConfusionMatrix(2), DepthMetrics(), MaskMetrics()])
def test_other_shapes_are_refused(metric):
    with pytest.raises(InputError, match="differ in shape"):
        metric.update(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))
