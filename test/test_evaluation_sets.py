"""The readers of the real sets (skipped where the data is absent), and baselines on made-up frames."""

from types import SimpleNamespace

import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.evaluation.baselines import TrainingStatistics, baselines, rgb_difference
from mtdense_ros.evaluation.metrics import MaskMetrics
from mtdense_ros.evaluation.scoring import NETWORK, Scores, score_set
from mtdense_ros.evaluation.sets import SETS, EvaluationFrame, data_root, read_set
from mtdense_ros.labels import load_label_space
from mtdense_ros.records import Intrinsics, Prediction

STATISTICS = TrainingStatistics(majority_class=3, median_depth_m=2.0, median_depth_per_focal_m=2.5, mean_normal=(0.0, -0.6, -0.8))


@pytest.fixture(scope="module")
def data():
    try:
        return data_root()
    except InputError as error:
        pytest.skip(f"no evaluation data: {error}")


@pytest.mark.parametrize("name", SETS)
def test_first_frames_are_well_formed(data, name):
    for _, frame in zip(range(2), read_set(name, data), strict=False):
        size = frame.rgb.shape[:2]
        for truth in (frame.labels, frame.depth, frame.foreground, frame.foreground_valid):
            assert truth is None or truth.shape == size
        if frame.labels is not None:
            assert set(np.unique(frame.labels)) <= {0, 1, 2, 3, 4, 5, 255}
        if frame.depth is not None:
            assert 0.2 < np.nanmedian(frame.depth) < 6
        if frame.foreground is not None:
            assert frame.background.shape == frame.rgb.shape and 0.5 < frame.foreground_valid.mean() <= 1


def test_set_sizes(data):
    names = ("nyuv2", "mosd_A", "mosd_B", "mosd_D", "office", "openloris")
    assert [sum(1 for _ in read_set(name, data)) for name in names] == [7, 14, 16, 7, 75, 4]


def test_normals_are_in_the_optical_frame(data):
    frame = next(frame for frame in read_set("nyuv2", data) if frame.normals is not None)
    floor, wall = (np.nanmean(frame.normals[frame.labels == label], axis=0) for label in (0, 1))
    assert floor[1] < -0.9  # the floor's points up, which is -y
    assert wall[2] < -0.5  # the wall's towards the camera, which is -z


def test_gain_compensated_difference_has_its_known_accuracy(data):
    metrics = MaskMetrics()
    for frame in read_set("mosd_A", data):
        metrics.update(rgb_difference(frame.rgb, frame.background, compensate=True), frame.foreground, frame.foreground_valid)
    assert metrics.iou == pytest.approx(0.771, abs=0.002)


def test_difference_by_hand():
    background = np.full((4, 4, 3), 100, np.uint8)
    frame = np.full((4, 4, 3), 50, np.uint8)
    frame[0, 0] = 90
    expected = np.zeros((4, 4), bool)
    expected[0, 0] = True
    np.testing.assert_array_equal(rgb_difference(frame, background, compensate=True), expected)
    assert rgb_difference(frame, background, compensate=False).sum() == 15


def test_baselines_of_the_mask_are_named_with_their_threshold():
    size = (2, 3)
    frame = EvaluationFrame(name="made up", rgb=np.full((*size, 3), 131, np.uint8), background=np.full((*size, 3), 100, np.uint8))
    found = baselines(frame, STATISTICS)["foreground"]
    assert found["rgb difference, t = 30"].all()
    assert not found["rgb difference, gain-compensated, t = 30"].any()


def test_baselines_are_constants_and_scored_beside_the_network():
    size = (4, 6)
    frame = EvaluationFrame(
        name="made up",
        rgb=np.zeros((*size, 3), np.uint8),
        intrinsics=Intrinsics(6, 4, 4.8, 4.8, 2.5, 1.5),
        labels=np.full(size, 3, np.uint8),
        depth=np.full(size, 4.0, np.float32),
    )
    found = baselines(frame, STATISTICS)
    assert np.unique(found["labels"]["majority class"]).tolist() == [3]
    np.testing.assert_allclose(found["depth"]["training median for the focal length"], 2.5 * 0.8)
    assert "foreground" not in found
    scores = Scores(("floor", "wall", "ceiling", "furniture"))
    scores.add(frame, found)
    by_method = {(entry["output"], entry["method"]): entry for entry in scores.results()}
    assert by_method["labels", "majority class"]["mean_iou"] == 1
    assert by_method["depth", "training median"]["abs_rel"] == pytest.approx(0.5)
    assert ("normals", "mean normal") not in by_method  # no truth


def test_labels_of_another_space_are_scored_in_that_of_the_truth():
    size = (4, 6)
    sofa = load_label_space("nyud40").names.index("sofa")
    prediction = Prediction(labels=np.full(size, sofa, np.uint8))
    predictor = SimpleNamespace(label_space=load_label_space("nyud40"), predict=lambda *_: prediction)
    frame = EvaluationFrame(name="made up", rgb=np.zeros((*size, 3), np.uint8), labels=np.full(size, 3, np.uint8))
    found = next(entry for entry in score_set(predictor, [frame], STATISTICS) if entry["method"] == NETWORK)
    assert found["iou"] == {"furniture": 1.0}


def test_absent_data_is_said_clearly(tmp_path, monkeypatch):
    monkeypatch.setenv("MTDENSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="MTDENSE_DATA"):
        data_root()
    with pytest.raises(InputError, match="eval_nyuv2"):
        list(read_set("nyuv2", tmp_path))
    with pytest.raises(InputError, match="unknown"):
        read_set("imagenet", tmp_path)
