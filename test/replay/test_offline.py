"""A folder of pictures through the pipeline without ROS: files, figures, and the background's choice."""

import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mtdense_ros.errors import ConfigError, InputError, WeightsError
from mtdense_ros.models import create_model
from mtdense_ros.replay import demo
from mtdense_ros.replay.contact_sheet import sheet_hw
from mtdense_ros.replay.demo_sequence import DemoSource
from mtdense_ros.replay.offline import replay_offline
from mtdense_ros.replay.plan import make_plan
from mtdense_ros.replay.sources import open_source
from mtdense_ros.utils.command_line import Console
from mtdense_ros.weights import save_weights

pytestmark = pytest.mark.slow

FRAMES = 6


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A small mtdense with random weights."""
    path = tmp_path_factory.mktemp("weights") / "random"
    card = {
        "arch": "mtdense",
        "input": {"height": 64, "width": 96, "resize": "area", "multiple": 32, "mean": (0.5, 0.5, 0.5), "std": (0.2, 0.2, 0.2)},
        "label_space": "indoor",
        "depth": {"kind": "metric", "min_m": 0.01, "max_m": 50.0, "focal_px": 80.0},
        "foreground": {"threshold": 0.5},
        "metrics": (),
        "data": (),
        "licence": "CC0-1.0",
        "attribution": "",
        "commit": "",
        "command": "test",
    }
    save_weights(path, create_model("mtdense", width=16, head_width=8, change_widths=(8, 8, 8, 8)), card)
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures")
    for index in range(FRAMES):
        picture = np.random.default_rng(index).integers(0, 256, (48, 72, 3), dtype=np.uint8)
        cv2.imwrite(str(path / f"{index}.png"), picture)
    return path


def replay(folder, weights, out, background="", frames=0):
    return replay_offline(make_plan(open_source(folder), weights, background, frames), out, Console("test"), device="cpu")


def test_results_of_every_frame(folder, weights, tmp_path):
    report = replay(folder, weights, tmp_path, "first")
    assert report.frames_in == FRAMES and {o.frames for o in report.outputs} == {FRAMES}
    assert {o.name for o in report.outputs} >= {"labels", "depth", "normals", "foreground"}
    for name in ("labels", "depth", "normals", "foreground"):
        assert len(list((tmp_path / name).glob("*.png"))) == FRAMES
    depth = cv2.imread(str(tmp_path / "depth" / "000000.png"), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16 and depth.shape == (48, 72) and depth.max() > 0
    assert cv2.imread(str(tmp_path / "labels" / "000005.png"), cv2.IMREAD_UNCHANGED).max() < 6
    assert cv2.imread(str(tmp_path / "sheet.png")).shape[:2] == sheet_hw(5)
    assert json.loads((tmp_path / "report.json").read_text())["frames_in"] == FRAMES


def test_without_a_background_there_is_no_foreground(folder, weights, tmp_path):
    report = replay(folder, weights, tmp_path)
    assert "foreground" not in {o.name for o in report.outputs} and not (tmp_path / "foreground").exists()
    assert any("foreground" in note for note in report.notes)


def test_background_from_a_picture_is_what_first_captures(folder, weights, tmp_path):
    replay(folder, weights, tmp_path / "first", "first")
    replay(folder, weights, tmp_path / "picture", str(folder / "0.png"))
    for first in sorted((tmp_path / "first" / "foreground").iterdir()):
        assert first.read_bytes() == (tmp_path / "picture" / "foreground" / first.name).read_bytes()


def test_at_most_so_many_frames(folder, weights, tmp_path):
    assert replay(folder, weights, tmp_path, frames=2).frames_in == 2
    assert len(list((tmp_path / "labels").iterdir())) == 2


def test_background_of_another_size(folder, weights, tmp_path):
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((10, 20, 3), np.uint8))
    with pytest.raises(InputError, match=r"is 20x10, the frames are 72x48"):
        make_plan(open_source(folder), weights, str(tmp_path / "small.png"))


def test_negative_rate(folder, weights):
    with pytest.raises(ConfigError, match="must not be negative"):
        make_plan(open_source(folder), weights, "", rate=-1.0)


def test_unknown_weights(folder, tmp_path):
    with pytest.raises(WeightsError, match="no_such_weights"):
        replay(folder, "no_such_weights", tmp_path)


def test_truth_is_scored(weights, tmp_path, monkeypatch):
    """A sequence with truth brings accuracies of every output, and its pictures are called rendered."""
    normals = np.zeros((48, 72, 3), np.float32)
    normals[..., 2] = -1
    mask = np.zeros((48, 72), bool)
    mask[:10] = True
    frames = list(open_source(two_pictures(tmp_path)).frames())
    truth = [
        SimpleNamespace(frame=f, labels=np.zeros((48, 72), np.uint8), depth=np.ones((48, 72), np.float32), normals=normals, foreground=mask)
        for f in frames
    ]
    monkeypatch.setattr(DemoSource, "truth", truth)
    report = replay_offline(make_plan(DemoSource(), weights, "first"), tmp_path / "out", Console("test"), device="cpu")
    assert {name.split()[0] for name in report.accuracy} == {"labels", "depth", "normals", "foreground"}
    assert 0 <= report.accuracy["labels pixel accuracy"] <= 1 and report.accuracy["depth abs rel"] > 0


def test_the_demo_without_ros_says_so_and_runs_the_pipeline(folder, weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    assert demo.main([str(folder), "--weights", weights, "--out", str(tmp_path), "--frames", "3"]) == 0
    assert "no ROS 2 here" in capsys.readouterr().out
    assert json.loads((tmp_path / "report.json").read_text())["frames_in"] == 3


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("/nowhere",), "/nowhere does not exist"),
        (("--image-topic", "/a"), "not a rosbag2"),
        (("--background", "/no.png"), "/no.png: cannot be read"),
    ],
)
def test_what_the_demo_refuses(folder, weights, tmp_path, capsys, arguments, error):
    path = () if arguments[0].startswith("/") else (str(folder),)
    assert demo.main([*path, *arguments, "--weights", weights, "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("demo: ") and error in told and not (tmp_path / "out").exists()


def two_pictures(tmp_path):
    for index in range(2):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((48, 72, 3), 80 * index, np.uint8))
    return tmp_path
