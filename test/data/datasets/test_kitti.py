"""KITTI's depth and labels, in folders that are written here."""

import cv2
import numpy as np
import pytest

from mtdense_ros.data.datasets.kitti import KittiDepthSource, KittiLabelsSource, open_kitti
from mtdense_ros.errors import InputError
from mtdense_ros.imaging.label_spaces import load_label_space

DRIVE = "2011_09_26_drive_0001_sync"
TRUTH = f"{DRIVE}/proj_depth/groundtruth/image_02"


def put(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


def depth_set(root, raw=f"2011_09_26/{DRIVE}"):
    """Pictures 4 to 6, of which 5 has depth: 10 m, but for the first pixel."""
    for number in (4, 5, 6):
        put(root / raw / f"image_02/data/000000000{number}.png", np.full((6, 8, 3), (0, 0, number), np.uint8))
    stored = np.full((6, 8), 2560, np.uint16)
    stored[0, 0] = 0
    put(root / "train" / TRUTH / "0000000005.png", stored)
    return root


@pytest.mark.parametrize("raw", [f"2011_09_26/{DRIVE}", f"raw/2011_09_26/{DRIVE}", f"train/{DRIVE}"])
def test_depth_is_matched_with_its_raw_picture(tmp_path, raw):
    source = open_kitti(depth_set(tmp_path, raw), "train")
    (sample,) = source
    assert sample.image[0, 0, 0] == 5 and sample.depth[0, 1] == 10 and np.isnan(sample.depth[0, 0]) and sample.intrinsics is None
    assert sample.name == f"{tmp_path.name}@train/{DRIVE}/0000000005"
    assert (source.targets, source.depth_kind, source.label_space) == (("depth",), "metric", None)


@pytest.mark.parametrize(("file", "key"), [("calib_cam_to_cam.txt", "P_rect_02"), (f"{DRIVE}/calib.txt", "P2")])
def test_the_camera_is_that_of_the_projection(tmp_path, file, key):
    depth_set(tmp_path)
    other = "P_rect_00: " + "1 " * 12
    (tmp_path / "2011_09_26" / file).write_text(f"{other}\n{key}: 7 0 4 44.8 0 8 3 0.2 0 0 1 0.003\n")
    camera = KittiDepthSource(tmp_path)[0].intrinsics
    assert (camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy) == (8, 6, 7, 8, 4, 3)
    (tmp_path / "2011_09_26" / file).write_text(f"{other}\n")
    with pytest.raises(InputError, match=f"calib.*no {key}"):
        KittiDepthSource(tmp_path)[0]


def test_depth_without_pictures_is_named(tmp_path):
    with pytest.raises(InputError, match="no val/DRIVE/proj_depth"):
        KittiDepthSource(depth_set(tmp_path), "val")
    put(tmp_path / "train" / TRUTH / "0000000009.png", np.ones((6, 8), np.uint16))
    with pytest.raises(InputError, match=r"0000000009\.png: no picture is called"):
        KittiDepthSource(tmp_path)
    (tmp_path / "2011_09_26").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="its pictures are in none of"):
        KittiDepthSource(tmp_path)


def labels_set(root):
    names = load_label_space("camvid11").names
    colours = dict(zip(names, load_label_space("camvid11").colors, strict=True))
    for group, name in (("Training_00", "000005"), ("Validation_07", "000100")):
        put(root / group / "RGB" / f"{name}.png", np.full((6, 8, 3), 9, np.uint8))
        picture = np.full((6, 8, 3), colours["tree"], np.uint8)
        picture[0, 0], picture[0, 1], picture[0, 2] = (0, 0, 0), colours["pavement"], colours["pole"]
        put(root / group / "GT" / f"{name}.png", picture[..., ::-1])
    return root


def test_labels_become_the_six_classes(tmp_path):
    source = open_kitti(labels_set(tmp_path))
    six = load_label_space("kitti6").names
    assert len(source) == 2 and source.label_space == "kitti6" and source.targets == ("labels",)
    assert source[0].labels[0, :4].tolist() == [255, six.index("sidewalk"), 255, six.index("vegetation")]
    assert [sample.name for sample in KittiLabelsSource(tmp_path, "val")] == [f"{tmp_path.name}@val/Validation_07/000100"]


def test_labels_that_are_wrong_are_named(tmp_path):
    labels_set(tmp_path)
    with pytest.raises(InputError, match="no split 'test'; known: train, val"):
        KittiLabelsSource(tmp_path, "test")
    put(tmp_path / "Training_00/GT/000005.png", np.full((6, 8, 3), 77, np.uint8))
    with pytest.raises(InputError, match=r"Training_00/GT/000005\.png: colour \(77, 77, 77\) at x=0 y=0"):
        KittiLabelsSource(tmp_path, "train")[0]
    put(tmp_path / "Training_00/GT/000006.png", np.full((6, 8, 3), 77, np.uint8))
    with pytest.raises(InputError, match=r"000006\.png: no picture"):
        KittiLabelsSource(tmp_path, "train")
