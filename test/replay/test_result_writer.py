"""Depth as files: metres as millimetres, values without a unit as they are."""

import cv2
import numpy as np
import pytest

from mtdense_ros.cli import main
from mtdense_ros.replay.result_writer import clear_results, write_results


def test_metres_become_millimetres_and_relative_values_stay(tmp_path):
    depth = np.array([[1.5, -0.25], [np.nan, 3.0]], np.float32)
    write_results(tmp_path, 7, {"depth": depth}, depth_is_relative=False)
    assert cv2.imread(str(tmp_path / "depth" / "000007.png"), cv2.IMREAD_UNCHANGED).tolist() == [[1500, 0], [0, 3000]]
    write_results(tmp_path, 8, {"depth": depth}, depth_is_relative=True)
    assert np.array_equal(np.load(tmp_path / "depth" / "000008.npy"), depth, equal_nan=True)


@pytest.mark.parametrize("command", ["predict", "replay"])
def test_commands_give_no_unit_to_relative_depth(command, make_random_weights, picture, tmp_path):
    image, background, out = (str(tmp_path / name) for name in ("frame.png", "empty.png", "out"))
    for seed, path in enumerate((image, background)):
        cv2.imwrite(path, picture(seed, 96, 128))
    options = ["--weights", str(make_random_weights("mdeas")), "--background", background, "--out", out]
    assert main([command, image, *options]) == 0
    assert [p.name for p in (tmp_path / "out" / "depth").iterdir()] == ["000000.npy"]


def test_frames_of_an_earlier_run_do_not_stay(tmp_path):
    for name in ("labels/000007.png", "depth/000007.npy", "labels/mine.png", "labels/123456.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    clear_results(tmp_path)
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*")) == ["labels/123456.txt", "labels/mine.png"]
