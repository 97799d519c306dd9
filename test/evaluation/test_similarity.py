"""Structural similarity in an evaluation: by hand, as in training, and of a network's raw answer on pairs of MDEAS."""

import json

import cv2
import numpy as np
import pytest
import torch

from mtdense_ros.data.datasets.registry import open_source
from mtdense_ros.evaluation import evaluate
from mtdense_ros.evaluation.frames import EvaluationFrame, frames_of
from mtdense_ros.evaluation.scores import Scores
from mtdense_ros.evaluation.similarity import similarities, structural_similarity
from mtdense_ros.evaluation.tables import markdown, per_frame
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.training.losses import ssim

pytestmark = pytest.mark.slow


def test_constants_by_hand():
    a, b = np.full((400, 400), 0.5), np.full((400, 400), 0.25)
    assert structural_similarity(a, a) == pytest.approx(1)
    # without variance only means are compared: (2 ab + c) / (a^2 + b^2 + c), but for five pixels at the border
    assert structural_similarity(a, b) == pytest.approx((2 * 0.125 + 1e-4) / (0.3125 + 1e-4), abs=0.01)
    assert np.isnan(structural_similarity(a, np.full((400, 400), np.nan)))


def test_it_is_that_of_the_training():
    rng = np.random.default_rng(0)
    found, truth = rng.random((2, 33, 47)).astype(np.float32)
    truth[5:9, 7:20] = np.nan
    expected = ssim(*(torch.from_numpy(values)[None, None].double() for values in (found, truth)))
    assert structural_similarity(found, truth) == pytest.approx(float(expected), abs=1e-6)  # whose window is float32


@pytest.fixture
def pairs(tmp_path):
    """Two pairs of MDEAS, 64x64."""
    root, rng = tmp_path / "mdeas", np.random.default_rng(0)
    rows = ["bg;fg_bg;mask;depth"]
    for name in ("0000/0000-00", "0001/0001-00"):
        row = [f"{kind}/{name}.png" for kind in ("bg", "fg_bg", "mask", "depth")]
        for path, channels in zip(row, ((3,), (3,), (), ()), strict=True):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            picture = cv2.GaussianBlur(rng.integers(0, 255, (64, 64, *channels)).astype(np.uint8), (9, 9), 3)
            cv2.imwrite(str(root / path), picture)
        rows.append(";".join(row))
    (root / "index.csv").write_text("\n".join(rows))
    return root


def test_a_network_on_pairs_of_mdeas(pairs, make_random_weights, tmp_path, monkeypatch):
    weights = make_random_weights("mdeas")
    predictor = Predictor.load(weights, device="cpu", engine="torch", size=(32, 32))
    frame = next(iter(frames_of(open_source(f"mdeas:{pairs}"))))
    found = similarities(predictor, frame, frame.background)
    raw = predictor.raw(frame.rgb, frame.background)
    assert {key: values.shape for key, values in raw.items()} == {"depth": (1, 32, 32), "foreground": (1, 32, 32)}
    truths = (frame.depth[1::2, 1::2], frame.foreground_share[1::2, 1::2])
    for key, values, truth in zip(raw, (raw["depth"][0], 1 / (1 + np.exp(-raw["foreground"][0]))), truths, strict=True):
        assert found[key] == pytest.approx(structural_similarity(values, truth), abs=1e-6)
    evaluate.main([str(weights), "--data", f"mdeas:{pairs}", "--out", str(tmp_path / "out")])
    (report,) = (tmp_path / "out").glob("*.json")
    entries = {entry["output"]: entry for entry in json.loads(report.read_text())["results"] if entry["method"] == "network"}
    assert set(entries) == {"depth", "foreground"} and "iou" in entries["foreground"]
    for entry in entries.values():
        assert entry["ssim"] == pytest.approx(np.mean([figures["ssim"] for figures in entry["per_frame"].values()]), abs=1e-4)
    monkeypatch.setattr(evaluate, "FRAMES_LISTED", 1)
    for limit, listed in (("2", 0), ("1", 1)):
        evaluate.main([str(weights), "--data", f"mdeas:{pairs}", "--out", str(tmp_path / "out"), "--limit", limit])
        results = json.loads(report.read_text())["results"]
        assert {entry["frames"] for entry in results} == {int(limit)} and all(len(entry["per_frame"]) == listed for entry in results)
        assert ("### " in per_frame(results)) == bool(listed)


def test_only_relative_depth_has_one(make_random_weights):
    predictor = Predictor.load(make_random_weights("mtdense"), device="cpu", engine="torch")
    frame = EvaluationFrame("a", np.zeros((96, 128, 3), np.uint8), depth=np.ones((96, 128), np.float32), depth_kind="relative")
    assert similarities(predictor, frame, None) == {}
    assert set(predictor.raw(frame.rgb)) == {"labels", "depth", "normals"}  # without a background no change


def test_a_noted_figure_is_a_mean_over_frames_and_a_column_where_there_is_one():
    scores = Scores(())
    for name, value in (("a", 0.5), ("b", 0.9), ("c", float("nan"))):
        frame = EvaluationFrame(name, np.zeros((4, 4, 3), np.uint8), depth=np.ones((4, 4), np.float32))
        scores.add(frame, {"depth": {"net": frame.depth, "other": frame.depth}})
        scores.note(frame, "net", "ssim", {"depth": value})
    ours, other = scores.results()
    assert ours["ssim"] == pytest.approx(0.7) and ours["per_frame"]["b"]["ssim"] == 0.9 and "ssim" not in ours["per_frame"]["c"]
    assert "SSIM" in markdown([{"set": "s", **ours}, {"set": "s", **other}]) and "SSIM" not in markdown([{"set": "s", **other}])
