"""NYU Depth v2 in both its forms, written here at a few pixels."""

import sys

import cv2
import numpy as np
import pytest

from mtdense_ros.data.datasets import nyuv2
from mtdense_ros.data.datasets.nyuv2 import NyuFolderSource, NyuMatSource, open_nyuv2
from mtdense_ros.errors import InputError
from mtdense_ros.evaluation.sets import data_root, read_set
from mtdense_ros.imaging.label_spaces import load_label_space


def labels(first_pixel, others):
    array = np.full((6, 8), others, np.uint8)
    array[0, 0] = first_pixel
    return array


@pytest.fixture
def folders(tmp_path):
    """Frames 000001 and 000002; the second is colour alone."""
    for name in ("rgb", "labels40", "depth", "normals"):
        (tmp_path / name).mkdir()
    for number in (1, 2):
        cv2.imwrite(str(tmp_path / f"rgb/00000{number}.png"), np.full((6, 8, 3), (0, 0, number), np.uint8))
    cv2.imwrite(str(tmp_path / "labels40/000001.png"), labels(255, 39))
    cv2.imwrite(str(tmp_path / "depth/000001.png"), np.full((6, 8), 12500, np.uint16))
    cv2.imwrite(str(tmp_path / "normals/000001.png"), np.full((6, 8, 3), (255, 127, 127), np.uint8))  # B = up
    return tmp_path


def test_folders(folders):
    source = open_nyuv2(folders)
    first, second = source
    assert (source.targets, source.label_space, source.depth_kind) == (("labels", "depth", "normals"), "nyud40", "metric")
    assert first.image[0, 0].tolist() == [1, 0, 0] and first.labels[0, :2].tolist() == [255, 39] and first.depth[0, 0] == 2.5
    np.testing.assert_allclose(first.normals[0, 0], (0, -1, 0), atol=0.01)
    assert second.targets == () and second.intrinsics is None


def test_labels_that_count_from_one(folders):
    cv2.imwrite(str(folders / "labels40/000001.png"), labels(0, 40))
    assert NyuFolderSource(folders)[0].labels[0, :2].tolist() == [255, 39]
    cv2.imwrite(str(folders / "labels40/000002.png"), labels(255, 1))
    with pytest.raises(InputError, match=r"000002\.png: value 255 at x=0 y=0"):
        NyuFolderSource(folders)[1]


def test_labels_that_do_not_tell_are_refused(folders):
    cv2.imwrite(str(folders / "labels40/000001.png"), labels(0, 1))
    with pytest.raises(InputError, match="ids count from 0 or 1"):
        NyuFolderSource(folders)


def test_a_split_in_the_format_of_several_columns(folders):
    (folders / "val.txt").write_text("rgb/000002.png\tdepth/000002.png\n")
    assert [sample.name for sample in NyuFolderSource(folders, "val")] == [f"{folders.name}@val/000002"]
    with pytest.raises(InputError, match=r"train\.txt: no readable list"):
        NyuFolderSource(folders, "train")


def test_full_frames_have_the_known_camera(tmp_path):
    (tmp_path / "rgb").mkdir()
    cv2.imwrite(str(tmp_path / "rgb/a.png"), np.zeros((480, 640, 3), np.uint8))
    source = NyuFolderSource(tmp_path)
    assert source[0].intrinsics == nyuv2.CAMERA and (source.targets, source.label_space, source.depth_kind) == ((), None, None)


def test_a_real_frame_reads_as_the_evaluation_does(tmp_path):
    try:
        data = data_root()
    except InputError as error:
        pytest.skip(f"no evaluation data: {error}")
    for folder, end in (("rgb", "rgb"), ("labels40", "label40"), ("depth", "depth5000"), ("normals", "normal")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "0433.png").symlink_to(data / "eval_nyuv2" / f"0433_{end}.png")
    (sample,) = NyuFolderSource(tmp_path)
    frame = next(frame for frame in read_set("nyuv2", data) if frame.name == "0433")
    np.testing.assert_array_equal(sample.depth, frame.depth)
    np.testing.assert_allclose(sample.normals, frame.normals, atol=1e-6)
    assert sample.intrinsics == frame.intrinsics
    floor = sample.labels == load_label_space("nyud40").names.index("floor")
    assert (frame.labels[floor] == load_label_space("indoor").names.index("floor")).mean() > 0.9


@pytest.fixture
def mat(tmp_path):
    """Two frames of 6 rows and 8 columns in MATLAB's order, which HDF5 shows reversed: (frames, 3, columns, rows)."""
    h5py = pytest.importorskip("h5py", reason="h5py is not installed: the reader of the .mat is not tested")
    images, depths, ids = np.zeros((2, 3, 8, 6), np.uint8), np.full((2, 8, 6), 1.5, np.float32), np.full((2, 8, 6), 3, np.uint16)
    images[1, 0, 7, 2] = 200  # red, column 7, row 2
    depths[1, 7, 2] = 0
    ids[1, 7, 2], ids[1, 0, 1] = 0, 2
    with h5py.File(tmp_path / nyuv2.MAT, "w") as file:
        file.update({"images": images, "depths": depths, "labels": ids})
    return tmp_path


def test_mat(mat):
    source = open_nyuv2(mat)
    sample = source[1]
    assert len(source) == 2 and source.targets == ("depth",) and source.label_space is None and sample.labels is None
    assert sample.image[2, 7].tolist() == [200, 0, 0] and sample.image.sum() == 200
    assert np.isnan(sample.depth[2, 7]) and sample.depth[0, 0] == 1.5 and sample.name == f"{mat.name}/2"


def test_mat_with_the_classes_of_the_forty(mat):
    (mat / "classes40.txt").write_text("1\n0\n40\n")
    source = NyuMatSource(mat)
    assert (source.targets, source.label_space) == (("labels", "depth"), "nyud40")
    found = source[1].labels
    assert (found[2, 7], found[1, 0], found[0, 0]) == (255, 255, 39)
    (mat / "classes40.txt").write_text("1\n0\n")
    with pytest.raises(InputError, match=r"frame 1 has class 3, classes40\.txt ends at 2"):
        NyuMatSource(mat)[0]
    (mat / "classes40.txt").write_text("41\n")
    with pytest.raises(InputError, match=r"classes40\.txt: must hold"):
        NyuMatSource(mat)


def test_mat_split_by_numbers(mat):
    (mat / "train.txt").write_text("0002\n")
    assert [sample.name for sample in NyuMatSource(mat, "train")] == [f"{mat.name}@train/2"]
    (mat / "train.txt").write_text("3\n")
    with pytest.raises(InputError, match=r"train\.txt: '3'"):
        NyuMatSource(mat, "train")


def test_mat_without_h5py_or_of_another_format(mat, monkeypatch):
    (mat / nyuv2.MAT).write_bytes(b"MATLAB 5.0")
    with pytest.raises(InputError, match="not a readable HDF5 file"):
        NyuMatSource(mat)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match="needs h5py, which is not installed; pip install h5py"):
        NyuMatSource(mat)
