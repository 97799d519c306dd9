"""Depth as files: metres as millimetres, values without a unit as they are."""

import cv2
import numpy as np
import pytest

from mtdense_ros.cli import main
from mtdense_ros.errors import InputError
from mtdense_ros.replay.result_writer import MARKER, claim_folder, write_results


def test_metres_become_millimetres_and_relative_values_stay(tmp_path):
    depth = np.array([[1.5, -0.25], [np.nan, 3.0]], np.float32)
    write_results(tmp_path, 7, {"depth": depth}, depth_is_relative=False)
    assert cv2.imread(str(tmp_path / "depth" / "000007.png"), cv2.IMREAD_UNCHANGED).tolist() == [[1500, 0], [0, 3000]]
    write_results(tmp_path, 8, {"depth": depth}, depth_is_relative=True)
    assert np.array_equal(np.load(tmp_path / "depth" / "000008.npy"), depth, equal_nan=True)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["predict", "replay"])
def test_commands_give_no_unit_to_relative_depth(command, make_random_weights, picture, tmp_path):
    image, background, out = (str(tmp_path / name) for name in ("frame.png", "empty.png", "out"))
    for seed, path in enumerate((image, background)):
        cv2.imwrite(path, picture(seed, 96, 128))
    options = ["--weights", str(make_random_weights("mdeas")), "--background", background, "--out", out]
    assert main([command, image, *options]) == 0
    assert [p.name for p in (tmp_path / "out" / "depth").iterdir()] == ["000000.npy"]


def files_in(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*.*") if p.name != MARKER)


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()


def test_frames_of_an_earlier_run_do_not_stay(tmp_path):
    claim_folder(tmp_path)
    touch(tmp_path, "labels/000007.png", "depth/000007.npy", "labels/mine.png", "labels/123456.txt")
    claim_folder(tmp_path)
    assert files_in(tmp_path) == ["labels/123456.txt", "labels/mine.png"]


@pytest.mark.parametrize("name", ["labels/000000.png", "labels_color/000000.png", "demo.mcap/metadata.yaml", "report.json"])
def test_a_folder_with_files_of_others_is_refused_and_left_alone(name, tmp_path):
    touch(tmp_path, name, "image/000000.png")
    with pytest.raises(InputError, match=f"--out .*: {name.partition('/')[0]} there.*choose another folder, or remove it yourself"):
        claim_folder(tmp_path)
    assert files_in(tmp_path) == sorted([name, "image/000000.png", *([name.partition("/")[0]] if "demo" in name else [])])


def test_a_folder_with_other_files_is_taken(tmp_path):
    touch(tmp_path, "image/000000.png", "notes.txt")
    claim_folder(tmp_path)
    assert files_in(tmp_path) == ["image/000000.png", "notes.txt"]


@pytest.mark.parametrize("command", ["predict", "replay"])
def test_commands_do_not_replace_the_labels_of_a_data_set(command, make_random_weights, picture, tmp_path, capsys):
    touch(tmp_path, "labels/000000.png")
    cv2.imwrite(str(tmp_path / "frame.png"), picture(0, 48, 64))
    options = ["--weights", str(make_random_weights("mtdense")), "--out", str(tmp_path)]
    assert main([command, str(tmp_path / "frame.png"), *options]) == 2
    assert "labels there would be replaced" in capsys.readouterr().err
    assert files_in(tmp_path) == ["frame.png", "labels/000000.png"] and not (tmp_path / "labels/000000.png").read_bytes()
