"""CamVid in the layouts in which it is passed on, written here."""

import cv2
import numpy as np
import pytest

from mtdense_ros.data.datasets.camvid import CamVidSource
from mtdense_ros.errors import InputError
from mtdense_ros.imaging.label_spaces import load_label_space

ROAD, SKY, VOID = (load_label_space("camvid32").names.index(name) for name in ("Road", "Sky", "Void"))


def put(root, pictures, labels, first, others, name="0001TP_1", mark=""):
    """One picture, and labels whose first pixel differs from the others: ids, or colours RGB."""
    for folder in (pictures, labels):
        (root / folder).mkdir(exist_ok=True)
    cv2.imwrite(str(root / pictures / f"{name}.png"), np.full((6, 8, 3), (3, 2, 1), np.uint8))
    array = np.empty((6, 8, *np.shape(first)), np.uint8)
    array[:], array[0, 0] = others, first
    cv2.imwrite(str(root / labels / f"{name}{mark}.png"), array[..., ::-1] if array.ndim == 3 else array)


def test_colours_of_the_original(tmp_path):
    put(tmp_path, "701_StillsRaw_full", "LabeledApproved_full", (128, 64, 128), (0, 0, 0), mark="_L")
    source = CamVidSource(tmp_path)
    assert (source.targets, source.label_space, source.depth_kind) == (("labels",), "camvid32", None)
    assert source[0].labels[0, :2].tolist() == [ROAD, 255] and source[0].image[0, 0].tolist() == [1, 2, 3]
    assert source[0].name == f"{tmp_path.name}/0001TP_1"


def test_an_unknown_colour_is_named_or_void(tmp_path):
    put(tmp_path, "images", "labels", (1, 2, 3), (128, 128, 128), mark="_L")
    with pytest.raises(InputError, match=r"0001TP_1_L\.png: colour \(1, 2, 3\) at x=0 y=0"):
        CamVidSource(tmp_path)[0]
    assert CamVidSource(tmp_path, void_colours=[(1, 2, 3)])[0].labels[0, :2].tolist() == [255, SKY]


def test_ids_and_lists(tmp_path):
    put(tmp_path, "images", "labels", VOID, ROAD, mark="_P")
    put(tmp_path, "images", "labels", ROAD, SKY, name="0002TP_1", mark="_P")
    (tmp_path / "val.txt").write_text("0002TP_1.png\n")
    assert CamVidSource(tmp_path)[0].labels[0, :2].tolist() == [255, ROAD]
    assert [sample.labels[0, 1] for sample in CamVidSource(tmp_path, "val")] == [SKY]


def test_folders_of_splits_with_the_eleven(tmp_path):
    put(tmp_path, "train", "trainannot", 11, 3)
    source = CamVidSource(tmp_path, "train")
    assert source.label_space == "camvid11" and source[0].labels[0, :2].tolist() == [255, 3]
    put(tmp_path, "train", "trainannot", 12, 3)
    with pytest.raises(InputError, match="value 12 at x=0 y=0"):
        source[0]
    with pytest.raises(InputError, match="no split 'vla', and splits are folders there; known: train"):
        CamVidSource(tmp_path, "vla")


def test_folders_of_splits_with_colours(tmp_path):
    put(tmp_path, "val", "val_labels", (128, 64, 128), (0, 0, 0), mark="_L")
    assert CamVidSource(tmp_path, "val")[0].labels[0, :2].tolist() == [ROAD, 255]


def test_what_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no known layout of CamVid"):
        CamVidSource(tmp_path)
    put(tmp_path, "images", "labels", ROAD, SKY, mark="_P")
    (tmp_path / "images/0001TP_1.png").rename(tmp_path / "images/other.png")
    with pytest.raises(InputError, match="0001TP_1_P.png: no picture is called '0001TP_1'"):
        CamVidSource(tmp_path)
