"""Reports: files, tables, the accuracy document and the command, on a tiny data set."""

import json

import cv2
import numpy as np
import pytest
from project import ROOT

from mtdense_ros.errors import InputError
from mtdense_ros.evaluation import tables
from mtdense_ros.evaluation.contact_sheet import colour_output
from mtdense_ros.evaluation.document import document
from mtdense_ros.evaluation.precision_report import PrecisionReport
from mtdense_ros.evaluation.report import Report
from mtdense_ros.evaluation.scale_report import ScaleReport
from mtdense_ros.imaging.visualization import colour_depth


def report(**fields):
    return Report("net", "0" * 64, "mtdense eval net", **fields)


def test_the_document_is_that_of_the_committed_figures():
    made = document(ROOT / "docs" / "accuracy")
    assert made == (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8"), "run python -m mtdense_ros.evaluation.document"


def test_committed_figures_are_of_weights_that_are_here():
    for path in sorted((ROOT / "docs" / "accuracy").glob("*.json")):
        card = json.loads((ROOT / "weights" / path.name).read_text(encoding="utf-8"))
        assert Report.read(path).sha256 == card["sha256"], f"{path} is of other weights; run mtdense eval {path.stem} and copy its JSON"
        losses = path.parent / "precision" / path.name
        if losses.exists():
            assert PrecisionReport.read(losses).sha256 == card["sha256"], f"{losses} is of other weights; run mtdense precision {path.stem}"
        scales = path.parent / "scale" / path.name
        if scales.exists():
            command = f"python -m mtdense_ros.evaluation.scale {path.stem}"
            assert ScaleReport.read(scales).sha256 == card["sha256"], f"{scales} is of other weights; run {command}"


def test_a_report_survives_its_file(tmp_path):
    entry = {"set": "room", "output": "foreground", "method": "network", "iou": float("nan"), "per_frame": {"a": {"iou": 1 / 3}}}
    path = tmp_path / "net.json"
    path.write_text(report(results=[entry], skipped=["labels: none"]).to_json())
    found = Report.read(path)
    assert found.results == [{**entry, "iou": None, "per_frame": {"a": {"iou": 0.3333}}}]
    assert found.skipped == ["labels: none"] and found.unchanged == []
    (metrics,) = found.metrics()
    assert "per_frame" not in metrics and metrics["protocol"] == found.protocol
    path.write_text("[]")
    with pytest.raises(InputError, match=r"net\.json: no report"):
        Report.read(path)


def test_tables_by_hand():
    entries = [
        {"set": "room", "output": "foreground", "method": "network", "frames": 2, "iou": 0.5, "precision": 1.0, "recall": 0.5, "f1": None,
         "per_frame": {"a": {"iou": 0.25}, "b": {"iou": None}}},
        {"set": "room", "output": "foreground", "method": "plain", "frames": 1, "iou": 0.1, "precision": 0.1, "recall": 1.0, "f1": 0.2,
         "per_frame": {"b": {"iou": 0.1}}},
    ]  # fmt: skip
    assert tables.markdown(entries).splitlines()[2:] == [
        "| set | frames | method | IoU | precision | recall | F1 |",
        "|---|---:|---|---:|---:|---:|---:|",
        "| room | 2 | **network** | 0.500 | 1.000 | 0.500 | - |",
        "| room | 1 | plain | 0.100 | 0.100 | 1.000 | 0.200 |",
    ]
    assert tables.per_frame(entries).splitlines()[2:] == [
        "| frame | network | plain |",
        "|---|---:|---:|",
        "| a | 0.250 | - |",
        "| b | - | 0.100 |",
    ]


def test_the_table_of_classes():
    entries = [
        {"set": "room", "output": "labels", "method": "network", "iou": {"floor": 0.5, "wall": 0.25}},
        {"set": "room", "output": "labels", "method": "plain", "iou": {"wall": 0.1}},
        {"set": "room", "output": "depth", "method": "network"},
    ]
    rows = tables.per_class(entries).splitlines()[2:]
    assert rows == ["| room | network | 0.500 | 0.250 |", "| room | plain | - | 0.100 |"]


def test_the_table_of_unchanged_scenes_shows_the_worst_background():
    entries = [
        {"set": name, "background": 0, "change": "gain", "method": method, "false_area": area}
        for name, method, area in (("a", "network", 0.001), ("b", "network", 0.02), ("b", "plain", 0.5))
    ]
    assert tables.unchanged(entries).splitlines() == ["| change | network | plain (b) |", "|---|---:|---:|", "| gain | 2.00 | 50.00 |"]


@pytest.mark.parametrize(("kind", "near", "far"), [("metric", 0.3, 5.0), ("relative", 0.0, 1.0)])
def test_pictures_of_depth_use_all_colours(kind, near, far):
    ends = colour_depth(np.array([[1, 2]], np.float32), 1.0, 2.0)
    np.testing.assert_array_equal(colour_output("depth", np.array([[near, far]], np.float32), None, kind), ends)


@pytest.mark.slow
def test_the_command_writes_figures_pictures_and_the_card(tmp_path, make_random_weights, picture, capsys):
    pytest.importorskip("torch")
    from mtdense_ros.cli import main

    weights = make_random_weights("mtdense", name="tiny")
    for name, content in {
        "rgb/a.png": picture(1, 48, 64), "empty.png": picture(2, 48, 64), "mask/a.png": np.eye(48, 64, dtype=np.uint8) * 255,
        "depth/a.png": np.full((48, 64), 2000, np.uint16),
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), content)
    (tmp_path / "dataset.yaml").write_text(
        "image: rgb/*.png\nbackground: empty.png\nforeground: mask/*.png\ndepth: depth/*.png\ndepth_factor: 1000\n"
    )
    out = tmp_path / "out"
    assert main(["eval", str(weights), "--data", f"folder:{tmp_path}", "--out", str(out), "--into-card", "--unchanged"]) == 0
    found = Report.read(out / "tiny.json")
    assert f"eval tiny.safetensors --data folder:{tmp_path.name} " in found.command
    assert str(tmp_path.parent) not in (out / "tiny.json").read_text()
    depth, mask = ({e["method"].partition(", best")[0] for e in found.results if e["output"] == o} for o in ("depth", "foreground"))
    assert depth == {"network", "constant at the true median"}
    assert mask >= {"network", "rgb difference", "rgb difference, gain-compensated"}
    assert {entry["change"] for entry in found.unchanged} >= {"none", "shift 5 px"}
    (sheet,) = out.glob("tiny_folder_*.png")
    assert cv2.imread(str(sheet)).shape == (9 * 180, 240, 3)  # two inputs, depth in three rows, normals without truth, mask in three
    card = json.loads(weights.with_suffix(".json").read_text())
    assert card["metrics"] == list(found.metrics())


def test_sets_that_a_report_could_not_tell_apart_are_refused(tmp_path, make_random_weights, capsys):
    from mtdense_ros.cli import main

    sets = [f"folder:{tmp_path}/{folder}/office" for folder in ("first", "second")]
    assert main(["eval", str(make_random_weights("mtdense")), "--data", *sets, "--out", str(tmp_path / "out")]) == 2
    assert "--data: folder:office, folder:office have the same name in a report; rename a folder" in capsys.readouterr().err
