"""The command `mtdense`, as a user calls it."""

import cv2
import numpy as np
import pytest

from mtdense_ros.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def weights(make_random_weights):
    return make_random_weights("mtdense")


@pytest.fixture
def images(tmp_path, picture):
    paths = [tmp_path / f"{name}.png" for name in ("empty", "first", "second")]
    for seed, path in enumerate(paths):
        cv2.imwrite(str(path), picture(seed, 119, 161))
    return [str(path) for path in paths]


def test_predict(weights, images, tmp_path, capsys):
    empty, *frames = images
    options = ["--weights", str(weights), "--background", empty, "--focal", "120", "--out", str(tmp_path / "out")]
    assert main(["predict", *frames, *options]) == 0
    found = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.png"))
    folders = ("depth", "foreground", "foreground_overlay", "labels", "labels_color", "normals")
    assert found == [f"{folder}/{i:06d}.png" for folder in folders for i in (0, 1)]
    labels = cv2.imread(str(tmp_path / "out" / "labels" / "000001.png"), cv2.IMREAD_UNCHANGED)
    assert (labels.shape, labels.dtype) == ((119, 161), np.uint8)
    assert labels.max() < 6
    assert "focal" not in capsys.readouterr().out


def test_predict_says_what_is_missing(weights, images, tmp_path, capsys):
    assert main(["predict", images[0], "--weights", str(weights), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "no foreground: no background" in told
    assert "depth assumes the focal length of the weights" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "IMAGE", "--weights", "nothing"], "mtdense: weights: no 'nothing.safetensors' in "),
        (["predict", "/nowhere.png", "--weights", "WEIGHTS"], "mtdense: image /nowhere.png: cannot be read"),
        (["predict", "IMAGE", "--weights", "WEIGHTS", "--device", "tpu"], "mtdense: device: 'tpu' is unknown"),
        (["predict", "IMAGE", "--weights", "WEIGHTS", "--focal", "0"], "mtdense: intrinsics: focal length"),
        (["weights", "info", "/nowhere/net"], "mtdense: weights: the file /nowhere/net.safetensors does not exist"),
        (["weights", "verify", "nothing"], "mtdense: weights: no 'nothing.safetensors'"),
        (["weights", "import", "/nowhere.pth", "--arch", "mdeas", "--name", "x"], "mtdense: checkpoint /nowhere.pth: the file does not"),
    ],
)
def test_errors_are_one_line_and_exit_2(arguments, message, weights, images, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    places = {"IMAGE": images[0], "WEIGHTS": str(weights)}
    assert main([places.get(argument, argument) for argument in arguments]) == 2
    told = capsys.readouterr().err
    assert told.startswith(message)
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "option"), [("train", "--data"), ("eval", "--unchanged"), ("precision", "--variants"), ("mdeas-set", "--from-renders")]
)
def test_commands_about_data_and_training_parse_their_own_arguments(command, option, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert f"usage: mtdense {command} " in text and option in text


def test_scoring_unknown_weights_is_told_in_one_line(capsys):
    assert main(["eval", "mtdense_indor"]) == 2
    assert capsys.readouterr().err.startswith("mtdense: weights: no 'mtdense_indor.safetensors'")


@pytest.mark.parametrize("arguments", [[], ["predikt"], ["predict"], ["weights"]])
def test_wrong_use_exits_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: mtdense" in capsys.readouterr().err
