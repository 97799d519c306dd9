"""Losses of lower precisions: by hand, in a file, on a card, and as the document's section."""

import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.evaluation.document import document
from mtdense_ros.evaluation.precision_report import PrecisionReport, figures_of, precision_drops, section
from mtdense_ros.evaluation.report import Report
from mtdense_ros.weights import PrecisionSpec

EXACT = {"mean_iou": 0.5, "abs_rel": 0.125, "normals_deg": 20.0, "foreground_iou": 0.9}


def entry(name, precision, figures, engine="torch", **more):
    return {"set": name, "frames": 4, "engine": engine, "device": "cpu", "precision": precision, "figures": figures, **more}


def report(**loss):
    """Of fp32 and bf16 on a rendered set and on nyuv2."""
    results = [
        entry("renders:val", "fp32", EXACT), entry("renders:val", "bf16", {}, loss={**dict.fromkeys(EXACT, 0.001), **loss}),
        entry("nyuv2", "fp32", {"mean_iou": 0.4}), entry("nyuv2", "bf16", {}, loss={"mean_iou": -0.02}),
    ]  # fmt: skip
    return PrecisionReport("net", "0" * 64, ["labels", "depth", "normals", "foreground"], "mtdense precision net", {}, results=results)


def test_the_compared_figures():
    entries = [
        {"output": "labels", "mean_iou": 0.123456, "pixel_accuracy": 1.0},
        {"output": "depth", "abs_rel_all": 0.2, "abs_rel_scaled_all": 0.1},
        {"output": "foreground", "iou": float("nan")},
        {"output": "person", "iou": 0.5},
    ]
    assert figures_of(entries) == {"mean_iou": 0.1235, "abs_rel": 0.2}
    assert figures_of([{"output": "depth", "abs_rel_scaled_all": 0.1}]) == {"abs_rel": 0.1}, "relative depth is scaled"


def test_a_loss_is_positive_where_it_is_worse():
    worse = {"mean_iou": 0.49, "abs_rel": 0.135, "normals_deg": 20.5, "foreground_iou": 0.89}
    assert precision_drops(EXACT, worse) == {"mean_iou": 0.01, "abs_rel": 0.01, "normals_deg": 0.5, "foreground_iou": 0.01}
    assert precision_drops(worse, EXACT) == {"mean_iou": -0.01, "abs_rel": -0.01, "normals_deg": -0.5, "foreground_iou": -0.01}
    assert precision_drops(EXACT, {"abs_rel": 0.125}) == {"abs_rel": 0.0}


def test_a_report_survives_its_file(tmp_path):
    path = tmp_path / "net.json"
    path.write_text(report().to_json())
    assert PrecisionReport.read(path) == report()
    path.write_text("[]")
    with pytest.raises(InputError, match=r"net\.json: no report of precision drops"):
        PrecisionReport.read(path)


def test_a_card_keeps_what_was_measured_elsewhere():
    elsewhere = [{"precision": p, "engine": "openvino", "set": "renders:val", "loss": {}} for p in ("bf16", "fp16")]
    replaced = {"precision": "bf16", "engine": "torch", "set": "nyuv2", "loss": {"mean_iou": 1.0}}
    spec = report().spec(PrecisionSpec({}, [*elsewhere, replaced]))
    assert [(e["engine"], e["precision"], e["set"]) for e in spec.measured] == [
        ("openvino", "bf16", "renders:val"), ("openvino", "fp16", "renders:val"),
        ("torch", "bf16", "renders:val"), ("torch", "bf16", "nyuv2"),
    ]  # fmt: skip
    assert spec.measured[3]["loss"] == {"mean_iou": -0.02} and spec.refusal("bf16", "torch", ("labels",)) == ""


def test_the_section_by_hand():
    lines = section(report(abs_rel=0.006)).splitlines()
    assert lines[2:] == [
        "| set | frames | engine | precision | mean IoU | abs rel | normals, deg | foreground IoU |",
        "|---|---:|---|---|---:|---:|---:|---:|",
        "| renders:val | 4 | torch, cpu | fp32 | 0.500 | 0.125 | 20.000 | 0.900 |",
        "| renders:val | 4 | torch, cpu | bf16 | +0.0010 | +0.0060 | +0.0010 | +0.0010 |",
        "| nyuv2 | 4 | torch, cpu | fp32 | 0.400 | - | - | - |",
        "| nyuv2 | 4 | torch, cpu | bf16 | -0.0200 | - | - | - |",
        "",
        "- `auto` must not use bf16 in torch: bf16 in torch loses 0.0060 of abs_rel, the card allows 0.0050",
    ]
    assert section(report()).endswith("\n- `auto` may use bf16 in torch\n")


def test_the_document_has_the_section_of_weights_with_drops(tmp_path):
    for name in ("net", "other"):
        (tmp_path / f"{name}.json").write_text(Report(name, "0" * 64, f"mtdense eval {name}").to_json())
    (tmp_path / "precision").mkdir()
    (tmp_path / "precision" / "net.json").write_text(report().to_json())
    made = document(tmp_path)
    assert made.count("### Reduced precision") == 1
    assert f"### Reduced precision\n\n{section(report())}" in made.partition("## other")[0]
