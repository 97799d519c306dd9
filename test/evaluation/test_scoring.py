"""Scoring of made-up predictions: pooled and per frame, in a common label space, and what is skipped and why."""

from types import SimpleNamespace

import numpy as np
import pytest

from mtdense_ros.datatypes import LabelSpace, Prediction
from mtdense_ros.errors import ConfigError
from mtdense_ros.evaluation.baselines import TrainingStatistics
from mtdense_ros.evaluation.frames import EvaluationFrame
from mtdense_ros.evaluation.label_alignment import align
from mtdense_ros.evaluation.robustness import CHANGES, backgrounds, pair
from mtdense_ros.evaluation.scores import Scores
from mtdense_ros.evaluation.scoring import NETWORK, score_set
from mtdense_ros.imaging.label_spaces import load_label_space

STATISTICS = TrainingStatistics(majority_class=3, median_depth_m=2.0)
SIZE = (4, 6)
BLACK = np.zeros((*SIZE, 3), np.uint8)


def full(value, dtype=np.float32):
    return np.full(SIZE, value, dtype)


def predictor_of(prediction, space=None, needs=(), kind="metric"):
    outputs = [name for name in ("labels", "depth", "normals", "foreground") if getattr(prediction, name) is not None]
    return SimpleNamespace(
        label_space=load_label_space(space) if space else None,
        outputs=(*outputs, *needs),
        card=SimpleNamespace(depth=SimpleNamespace(kind=kind)),
        needs_background=lambda output: output in needs,
        encode_background=lambda rgb: rgb,
        predict=lambda *_: prediction,
    )


def network_entry(result, output):
    return next(e for e in result.entries if e["method"] == NETWORK and e["output"] == output)


def test_figures_are_pooled_and_kept_per_frame():
    scores = Scores(())
    for name, truth in (("a", 2.0), ("b", 4.0)):
        scores.add(EvaluationFrame(name, BLACK, depth=full(truth)), {"depth": {"net": full(2.0)}})
    (entry,) = scores.results()
    assert entry["frames"] == 2 and entry["abs_rel_all"] == pytest.approx(0.25)
    assert {name: figures["abs_rel_all"] for name, figures in entry["per_frame"].items()} == {"a": 0, "b": pytest.approx(0.5)}
    assert entry["per_frame"]["b"]["abs_rel_scaled_all"] == 0


def test_frames_of_a_difference_are_scored_at_the_threshold_that_is_best_for_the_set():
    scores = Scores(())
    mask = np.zeros(SIZE, bool)
    mask[0] = True
    for name, level in (("a", 50), ("b", 20)):
        frame = EvaluationFrame(name, BLACK, foreground=mask, foreground_valid=np.ones(SIZE, bool))
        scores.add(frame, {"foreground": {"difference": np.where(mask, level, 30).astype(np.uint8)}})
    (entry,) = scores.results()
    assert entry["method"] == "difference, best t = 30"  # finds frame a's and nothing false; below 30 all is foreground
    assert entry["iou"] == pytest.approx(0.5)
    assert [figures["iou"] for figures in entry["per_frame"].values()] == [1, 0]


def test_means_over_the_indoor_surfaces():
    scores = Scores(load_label_space("indoor").names)
    truth = np.repeat(np.array([[0, 1, 2, 3, 4, 5]], np.uint8), 4, axis=0)
    found = truth.copy()
    found[:, 2] = 1  # ceiling taken for wall: wall 1/2, ceiling 0
    scores.add(EvaluationFrame("a", BLACK, labels=truth), {"labels": {"net": found}})
    (entry,) = scores.results()
    assert entry["mean_iou_surfaces"] == pytest.approx(1.5 / 3)
    assert entry["mean_iou_five"] == pytest.approx(3.5 / 5)
    assert entry["mean_iou"] == pytest.approx(4.5 / 6)


def test_labels_of_another_space_are_scored_in_that_of_the_truth():
    sofa = load_label_space("nyud40").names.index("sofa")
    frame = EvaluationFrame("made up", BLACK, labels=full(3, np.uint8))
    result = score_set(predictor_of(Prediction(labels=full(sofa, np.uint8)), "nyud40"), [frame], STATISTICS)
    assert network_entry(result, "labels")["iou"] == {"furniture": 1.0}


def test_labels_meet_where_mappings_lead():
    nyud40, nyud13 = load_label_space("nyud40"), load_label_space("nyud13")
    assert align(nyud40, "nyud13").space.name == "nyud13"
    assert align(load_label_space("indoor"), "nyud40").space.name == "indoor"
    back = align(nyud13, "nyud40")  # the truth goes to the network's
    assert back.space.name == "nyud13"
    assert back.network[nyud13.names.index("sofa")] == back.truth[nyud40.names.index("sofa")]
    with pytest.raises(ConfigError, match="no mapping"):
        align(load_label_space("camvid11"), "indoor")


def test_what_cannot_be_scored_is_told_and_not_raised():
    prediction = Prediction(labels=full(1, np.uint8), depth=full(2))
    frame = EvaluationFrame("made up", BLACK, labels=full(1, np.uint8), depth=full(4), foreground=full(True, bool))
    result = score_set(predictor_of(prediction, "camvid11", needs=("foreground",)), [frame, frame], STATISTICS)
    assert {entry["output"] for entry in result.entries} == {"depth"}
    mapping, needs, card, ground = result.skipped
    assert mapping.startswith("label spaces: 'camvid11' and 'indoor' have no mapping")
    assert needs == "foreground: the network needs a background for it, and the frames have none"
    assert card.startswith("depth: baselines that need median_depth_per_focal_m of the training set")
    assert ground == "depth: no ground plane for frames without intrinsics"


def test_relative_depth_has_scaled_figures_alone():
    frame = EvaluationFrame("made up", BLACK, depth=full(4))
    entry = network_entry(score_set(predictor_of(Prediction(depth=full(0.5)), kind="relative"), [frame], STATISTICS), "depth")
    assert entry["abs_rel_scaled_all"] == 0 and "abs_rel_all" not in entry


def test_baselines_stand_beside_the_network_for_its_outputs():
    frame = EvaluationFrame("made up", BLACK, labels=full(3, np.uint8), depth=full(4))
    result = score_set(predictor_of(Prediction(depth=full(2))), [frame], STATISTICS)
    methods = [entry["method"] for entry in result.entries]
    assert methods == [NETWORK, "training median", "constant at the true median"]


def test_a_shifted_pair_shows_the_same_place():
    background = np.arange(5 * 8 * 3, dtype=np.uint8).reshape(5, 8, 3)
    seen, reference = pair(background, *CHANGES["shift 2 px"])
    assert seen.shape == reference.shape == (5, 6, 3)
    np.testing.assert_array_equal(seen[:, 0], reference[:, 2])
    np.testing.assert_array_equal(pair(background, *CHANGES["gain 0.6"])[0][0, 7], (0.6 * background[0, 7]).astype(np.uint8))


def test_each_background_counts_once():
    frames = [EvaluationFrame(str(i), BLACK, background=np.full((*SIZE, 3), i // 2, np.uint8)) for i in range(4)]
    assert [frame.name for frame in backgrounds([*frames, EvaluationFrame("none", BLACK)])] == ["0", "2"]


def test_people_are_scored_by_the_labels_alone_where_their_truth_is_known():
    labels = full(1, np.uint8)
    labels[0] = 6  # six pixels
    truth, known = np.zeros(SIZE, bool), np.ones(SIZE, bool)
    truth[:2, :3] = True  # six pixels, three of which are found
    known[0, 5] = False
    frame = EvaluationFrame("a", BLACK, person=truth, person_valid=known)
    result = score_set(predictor_of(Prediction(labels=labels), "indoor"), [frame], STATISTICS)
    assert network_entry(result, "person")["iou"] == pytest.approx(3 / 8)
    before = predictor_of(Prediction(labels=full(1, np.uint8)), "indoor")
    before.label_space = LabelSpace("indoor", before.label_space.classes[:6])
    result = score_set(before, [frame], STATISTICS)
    assert result.entries == [] and "person: the network's label space has no such class" in result.skipped
