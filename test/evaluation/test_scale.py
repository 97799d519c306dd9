"""Depth at a metric scale: what sparse truth makes of a wrong network, in a file, and as the document's section."""

from types import SimpleNamespace

import numpy as np
import pytest

from mtdense_ros.datatypes import Intrinsics, LabelClass, LabelSpace, Prediction
from mtdense_ros.errors import InputError
from mtdense_ros.evaluation.document import document
from mtdense_ros.evaluation.frames import EvaluationFrame
from mtdense_ros.evaluation.report import Report
from mtdense_ros.evaluation.scale import INVERSE_METHOD, METHODS, SHARE, drawn, main, score, with_wrong
from mtdense_ros.evaluation.scale_report import ScaleReport, section
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.weights.card import DepthSpec

CAMERA = Intrinsics(160, 120, 130.0, 130.0, 79.5, 59.5)
FLOOR = np.minimum(0.5 / np.maximum(RayTable.of(CAMERA).y, 1e-6), 6.0).astype(np.float32)
"""A level camera 0.5 m above a floor, and a wall 6 m away."""


METRIC = DepthSpec("metric", 0.1, 12.0, 130.0)


class WrongPredictor:
    """A network whose depth is a multiple of the truth, and whose labels are right."""

    outputs = ("labels", "depth")
    label_space = LabelSpace("two", (LabelClass(0, "floor", (0, 0, 0), traversable=True), LabelClass(1, "wall", (9, 9, 9))))

    def __init__(self, factor, spec=METRIC):
        self.factor, self.card = factor, SimpleNamespace(depth=spec)

    def needs_background(self, output):
        return False

    def predict(self, rgb, intrinsics=None, background=None, outputs=None, options=None):
        return Prediction(labels=(FLOOR == 6).astype(np.uint8), depth=self.factor * FLOOR)


def frame(**changes):
    return EvaluationFrame("a", np.zeros((120, 160, 3), np.uint8), **{"intrinsics": CAMERA, "depth": FLOOR, **changes})


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_every_method_finds_the_factor(factor):
    entries = {entry["method"]: entry for entry in score(WrongPredictor(factor), [frame(), frame()])}
    assert list(entries) == ["raw", *METHODS, INVERSE_METHOD]
    assert (entries["raw"]["scaled"], entries["raw"]["frames"]) == (0, 2)
    assert entries["raw"]["abs_rel"] == pytest.approx(abs(factor - 1), rel=1e-3)
    for name in (*METHODS, INVERSE_METHOD):
        assert entries[name]["scaled"] == 2 and entries[name]["abs_rel"] < 1e-4 and entries[name]["delta1"] == 1, name
        assert name == INVERSE_METHOD or entries[name]["scale"] == pytest.approx(1 / factor, rel=1e-3)


def test_relative_depth_has_no_figures_as_it_is():
    entries = score(WrongPredictor(0.01, DepthSpec("relative")), [frame()])
    assert [entry["method"] for entry in entries] == list(METHODS)
    assert all(entry["abs_rel"] < 1e-4 for entry in entries)


def test_without_evidence_metric_depth_counts_as_it_is_and_relative_depth_as_missing():
    truth = np.full_like(FLOOR, np.nan)
    truth[::10, ::10] = FLOOR[::10, ::10]  # one percent of these are two pixels
    for spec, expected in ((METRIC, 0.2), (DepthSpec("relative"), 1.0)):
        (entry,) = [e for e in score(WrongPredictor(1.2, spec), [frame(depth=truth)]) if e["method"] == "range, 1 %"]
        assert entry["scaled"] == 0 and entry["abs_rel"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("changes", [{"depth": None}, {"intrinsics": None}, {"depth_kind": "relative"}])
def test_frames_without_metric_truth_are_left_out(changes):
    assert score(WrongPredictor(1.0), [frame(**changes)]) == []


def test_the_drawn_pixels():
    truth = FLOOR.copy()
    truth[:60] = np.nan
    samples = drawn(truth, seed=0)
    assert len(samples.metres) == round(SHARE * 60 * 160) and samples.rows.min() >= 60
    assert np.array_equal(samples.metres, truth[samples.rows, samples.columns])
    assert len({*zip(samples.rows, samples.columns, strict=True)}) == len(samples.rows)
    changed = with_wrong(drawn(FLOOR, seed=0)).metres != drawn(FLOOR, seed=0).metres
    assert 0.2 < changed.mean() < 0.4


def test_a_command_writes_the_file_and_the_document_has_its_section(tmp_path, make_random_weights, monkeypatch):
    monkeypatch.setattr("mtdense_ros.evaluation.scale.read_set", lambda name: [frame()])
    main([str(make_random_weights("mtdense", name="net")), "--data", "nyuv2", "--out", str(tmp_path)])
    report = ScaleReport.read(tmp_path / "scale" / "net.json")
    assert [entry["set"] for entry in report.results] == ["nyuv2"] * len(report.results)
    (tmp_path / "net.json").write_text(Report("net", "0" * 64, "mtdense eval net").to_json())
    assert section(report) in document(tmp_path)
    assert "| nyuv2 | 1 | raw | - |" in section(report)


def test_a_file_that_is_no_report(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(InputError, match="no report of metric scales"):
        ScaleReport.read(tmp_path / "a.json")
