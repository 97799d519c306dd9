"""Plain methods on made-up frames, by hand."""

import numpy as np
import pytest

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import InputError, WeightsError
from mtdense_ros.evaluation.baselines import TrainingStatistics, change_masks, constants, ground_plane
from mtdense_ros.evaluation.change_detection import Subtractors, ThresholdSweep, difference
from mtdense_ros.evaluation.frames import EvaluationFrame

STATISTICS = TrainingStatistics(
    majority_class=3, median_depth_m=2.0, median_depth_per_focal_m=2.5, mean_normal=(0.0, -0.6, -0.8), label_bands=(1, 3, 0)
)
SAME = np.arange(256, dtype=np.uint8)


def test_difference_by_hand():
    background = np.full((4, 4, 3), 100, np.uint8)
    frame = np.full((4, 4, 3), 50, np.uint8)
    frame[0, 0] = 90
    expected = np.zeros((4, 4), int)
    expected[0, 0] = 40
    np.testing.assert_array_equal(difference(frame, background, compensate=True), expected)
    np.testing.assert_array_equal(difference(frame, background, compensate=False), np.where(expected > 0, 10, 50))


def test_a_sweep_finds_the_threshold_with_the_best_iou():
    sweep = ThresholdSweep()
    levels = np.array([[50, 40, 20, 20, 10, 200]], np.uint8)
    target = np.array([[1, 1, 1, 0, 0, 0]], bool)
    sweep.update(levels, target, valid=np.array([[1, 1, 1, 1, 1, 0]], bool))
    assert sweep.at(30).iou == pytest.approx(2 / 3)  # 50 and 40 found, 20 missed
    assert sweep.at(15).iou == pytest.approx(3 / 4)  # all found, one 20 false
    assert sweep.at(15).predicted_share == pytest.approx(4 / 5)
    assert sweep.best == 10  # from 10 to 19 the same mask
    with pytest.raises(InputError, match="camera size"):
        sweep.update(levels, target[:, :3])


def test_change_masks_need_a_background():
    rgb = np.full((2, 3, 3), 131, np.uint8)
    assert change_masks(EvaluationFrame(name="made up", rgb=rgb)) == {}
    found = change_masks(EvaluationFrame(name="made up", rgb=rgb, background=np.full((2, 3, 3), 100, np.uint8)))
    assert (found["rgb difference"] == 31).all()
    assert not found["rgb difference, gain-compensated"].any()
    assert not found["rgb difference, gain-compensated, t = 30"].any()


def test_subtractors_learn_the_empty_pictures_and_see_a_box():
    random = np.random.default_rng(0)
    scene = random.integers(60, 120, (48, 64, 3))
    empty = tuple((scene + random.integers(-2, 3, scene.shape)).astype(np.uint8) for _ in range(20))
    rgb = empty[0].copy()
    rgb[10:30, 20:40] = (250, 20, 20)
    box = np.zeros((48, 64), bool)
    box[10:30, 20:40] = True
    found = Subtractors().masks(EvaluationFrame(name="made up", rgb=rgb, empty=empty))
    assert sorted(found) == [f"OpenCV {name}, {how}" for name in ("KNN", "MOG2") for how in ("frozen", "learning")]
    for mask in found.values():
        assert mask[box].mean() > 0.95 and mask[~box].mean() < 0.05
    assert Subtractors().masks(EvaluationFrame(name="made up", rgb=rgb)) == {}


def test_constants_by_hand():
    frame = EvaluationFrame(
        name="made up",
        rgb=np.zeros((6, 8, 3), np.uint8),
        intrinsics=Intrinsics(8, 6, 6.4, 6.4, 3.5, 2.0),
        depth=np.array([[np.nan] * 8, *[[1.0] * 8] * 2, *[[4.0] * 8] * 3], np.float32),
    )
    found = constants(frame, STATISTICS, SAME)
    assert np.unique(found["labels"]["majority class"]).tolist() == [3]
    assert found["labels"]["bands prior"][:, 0].tolist() == [1, 1, 3, 3, 0, 0]
    assert np.unique(found["depth"]["training median"]).tolist() == [2]
    np.testing.assert_allclose(found["depth"]["training median for the focal length"], 2.5 * 0.8)
    assert np.unique(found["depth"]["constant at the true median"]).tolist() == [4]
    np.testing.assert_allclose(found["normals"]["mean normal"][5, 7], (0, -0.6, -0.8), rtol=1e-6)


def test_constants_without_a_card_that_knows_its_training_set():
    frame = EvaluationFrame(name="made up", rgb=np.zeros((2, 3, 3), np.uint8))
    assert constants(frame, TrainingStatistics(), SAME) == {"labels": {}, "depth": {}, "normals": {}}
    assert constants(frame, STATISTICS, None)["labels"] == {}


def test_ground_plane_by_hand():
    depth = ground_plane(Intrinsics(4, 5, 20.0, 6.0, 1.5, 1.0))
    # rows 0 and 1 are not below the horizon; then fy / (row - cy) = 6, 3, 2
    np.testing.assert_allclose(depth, np.repeat([[np.nan], [np.nan], [6], [3], [2]], 4, axis=1))
    assert np.isnan(ground_plane(Intrinsics(4, 5, 20.0, 11.0, 1.5, 1.0))[2]).all()  # 11 m is beyond the limit


def test_statistics_of_a_card(make_random_weights):
    pytest.importorskip("torch")
    from mtdense_ros.weights import load_weights

    fields = {"majority_class": 3, "median_depth_m": 2.0, "median_depth_per_focal_m": 2.5, "mean_normal": [0.0, -0.6, -0.8]}
    cards = [load_weights(make_random_weights("mtdense", data=data))[1] for data in (
        [], [{"name": "x", "statistics": fields | {"label_bands": [1, 3, 0]}}], [{"name": "x", "statistics": {"major_class": 3}}],
    )]  # fmt: skip
    assert TrainingStatistics.of_card(cards[0]) == TrainingStatistics()
    assert TrainingStatistics.of_card(cards[1]) == STATISTICS
    with pytest.raises(WeightsError, match="major_class"):
        TrainingStatistics.of_card(cards[2])
