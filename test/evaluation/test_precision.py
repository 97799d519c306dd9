"""The measurement of what lower precisions cost, on a tiny rendered set."""

import json

import numpy as np
import pytest
import torch
from training_data import write_set

from mtdense_ros.cli import main
from mtdense_ros.engines.measured_choice import allowed_precisions
from mtdense_ros.engines.torch_engine import TorchEngine
from mtdense_ros.evaluation import precision
from mtdense_ros.evaluation.emulated_precision import EmulatedFp16Engine
from mtdense_ros.evaluation.precision_report import PrecisionReport
from mtdense_ros.weights import read_card


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("sets") / "val", 4)


@pytest.mark.slow
def test_the_command_reports_and_fills_in_the_card(rendered, make_random_weights, tmp_path, capsys):
    weights = make_random_weights("mtdense", name="tiny")
    options = ["--data", f"renders:{rendered}", "--real", "--frames", "3", "--out", str(tmp_path), "--variants", "torch:bf16", "torch:fp16"]
    assert main(["precision", str(weights), *options, "--into-card"]) == 0
    report = PrecisionReport.read(tmp_path / "precision" / "tiny.json")
    assert [(e["set"], e["frames"], e["precision"]) for e in report.results] == [("renders:val", 3, p) for p in ("fp32", "bf16", "fp16")]
    assert report.sha256 == read_card(weights).sha256
    assert "--data renders:val --real" in report.command and str(tmp_path) not in report.command
    exact, bf16, fp16 = report.results
    names = {"mean_iou", "abs_rel", "normals_deg", "foreground_iou"}
    assert set(exact["figures"]) == names and "loss" not in exact
    for entry in (bf16, fp16):
        assert set(entry["loss"]) == names
        assert entry["loss"]["abs_rel"] == pytest.approx(entry["figures"]["abs_rel"] - exact["figures"]["abs_rel"], abs=1e-9)
    card = read_card(weights)
    assert card.precision == report.spec()
    within = all(abs(value) <= 0.005 for name, value in fp16["loss"].items() if name != "normals_deg")
    assert ("fp16" in allowed_precisions(card, "torch")) or not within


def test_a_format_that_fails_is_told_and_the_others_are_measured(rendered, make_random_weights, tmp_path, monkeypatch, capsys):
    real = precision._scored

    def failing(net, card, variant, sets, frames):
        if variant == ("torch", "bf16"):
            raise RuntimeError("no such instruction")
        return real(net, card, variant, sets, frames)

    monkeypatch.setattr(precision, "_scored", failing)
    monkeypatch.setenv("MTDENSE_DATA", str(tmp_path / "nothing"))
    weights = make_random_weights("mtdense", name="tiny")
    options = ["--data", f"renders:{rendered}", "--frames", "1", "--out", str(tmp_path), "--variants", "torch:bf16", "torch:fp16"]
    assert main(["precision", str(weights), *options]) == 0
    report = PrecisionReport.read(tmp_path / "precision" / "tiny.json")
    assert [entry["precision"] for entry in report.results] == ["fp32", "fp16"]
    real_frames, bf16 = report.skipped
    assert real_frames.startswith("real frames: evaluation data") and bf16 == "torch bf16: no such instruction"
    assert "precision" not in json.loads(weights.with_suffix(".json").read_text())


def test_sets_of_one_name_are_refused(rendered, make_random_weights, capsys):
    """Their losses would be counted against each other's figures."""
    assert main(["precision", str(make_random_weights("mtdense")), "--data", f"renders:{rendered}", "renders:elsewhere/val"]) == 2
    assert "--data: renders:val, renders:val have the same name in a report" in capsys.readouterr().err


def test_variants_of_a_machine(monkeypatch):
    monkeypatch.setattr(precision, "installed_engines", lambda: {"torch": None, "openvino": "not here"})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert precision.variants_here() == [("torch", "bf16"), ("torch", "fp16")]
    monkeypatch.setattr(precision, "installed_engines", lambda: {"torch": None, "openvino": None})
    assert precision.variants_here() == [("openvino", "bf16"), ("torch", "bf16"), ("torch", "fp16")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--frames", "0"], "--frames 0: is too few"),
        (["--data", "renders:/nowhere/at/all"], "'/nowhere/at/all' is no folder that exists"),
    ],
)
def test_wrong_options_are_told_in_one_line(options, message, rendered, make_random_weights, capsys):
    assert main(["precision", str(make_random_weights("mtdense")), "--data", f"renders:{rendered}", "--real", *options]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


def test_unknown_variants_name_the_known(capsys):
    with pytest.raises(SystemExit):
        main(["precision", "net", "--data", "renders:x", "--variants", "torch:int4"])
    assert "torch:bf16" in capsys.readouterr().err


def test_rounding_to_fp16_is_that_of_the_format(make_net):
    net = make_net("mtdense")
    image = np.random.default_rng(0).standard_normal((1, 3, 64, 96)).astype(np.float32)
    exact, rounded = TorchEngine(net, "cpu", "fp32"), EmulatedFp16Engine(net)
    assert rounded.precision == "fp16"
    a, b = (engine.run(image, engine.encode_background(image[..., ::-1].copy())) for engine in (exact, rounded))
    for key, value in a.items():
        error = np.abs(value - b[key]).max() / np.abs(value).max()
        assert 1e-5 < error < 1e-2, f"{key}: fp16 has 11 bits, one rounding is 2.4e-4 to 4.9e-4 of a value"
        assert value.dtype == b[key].dtype == np.float32
    np.testing.assert_array_equal(b["labels"], b["labels"].astype(np.float16))
    big = make_net("mtdense")
    torch.nn.init.constant_(big.heads["labels"][-1].bias, 1e5)
    assert np.isinf(EmulatedFp16Engine(big).run(image, outputs=("labels",))["labels"]).all(), "beyond fp16's largest number"
