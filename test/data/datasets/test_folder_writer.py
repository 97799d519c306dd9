"""What the writer of plain folders stores, as their reader reads it back."""

import numpy as np
import pytest
import yaml

from mtdense_ros.data.datasets.folder import FolderSource
from mtdense_ros.data.datasets.folder_writer import FolderWriter
from mtdense_ros.data.datasets.storage import holds, stored_metres, stored_normals, stored_share
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import InputError

CAMERA = Intrinsics(4, 3, 10.0, 11.0, 1.5, 1.0)
NAN = np.float32(np.nan)


def picture(value, height=3, width=4):
    return np.full((height, width, 3), value, np.uint8) + np.arange(width, dtype=np.uint8)[:, None]


def whole(name="a", **changes):
    """A sample with every target, unknown pixels in each that can have them."""
    depth = np.full((3, 4), np.float32(1234) / np.float32(1000), np.float32)
    normals = np.tile(np.float32([0.6, 0.0, -0.8]), (3, 4, 1))
    depth[0, 0], normals[0, 0] = NAN, NAN
    known = {"labels": np.array([[0, 1, 2, 255]] * 3, np.uint8), "depth": depth, "normals": normals,
             "foreground": np.full((3, 4), np.float32(51) / np.float32(255), np.float32),
             "background": Sample(picture(90)), "intrinsics": CAMERA}  # fmt: skip
    return Sample(picture(10), name=name, **{**known, **changes})


def writer(root, **changes):
    known = {"licence": "CC0-1.0", "label_space": "indoor", "depth_kind": "metric", "depth_factor": 1000.0, "intrinsics": CAMERA}
    return FolderWriter(root, **{**known, **changes})


def test_every_target_comes_back(tmp_path):
    out, sample = writer(tmp_path), whole()
    out.put("000000", sample)
    out.put("000001", Sample(picture(50), name="b", intrinsics=CAMERA))
    out.describe({"teacher": "nobody"})
    source = FolderSource(tmp_path)
    first, second = source[0], source[1]
    assert (source.licence, source.label_space, source.depth_kind, len(source)) == ("CC0-1.0", "indoor", "metric", 2)
    for target in ("image", "labels", "depth", "foreground"):
        np.testing.assert_array_equal(getattr(first, target), getattr(sample, target), err_msg=target)
    np.testing.assert_array_equal(first.background.image, picture(90))
    np.testing.assert_allclose(first.normals, sample.normals, atol=0.005)
    assert first.intrinsics == CAMERA and (second.targets, second.background) == ((), None)
    assert yaml.safe_load((tmp_path / "dataset.yaml").read_text())["provenance"] == {"teacher": "nobody"}


def test_relative_depth_comes_back(tmp_path):
    depth = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    out = writer(tmp_path, depth_kind="relative", label_space=None, intrinsics=None)
    out.put("0", Sample(picture(10), depth=depth))
    out.describe({})
    source = FolderSource(tmp_path)
    assert source.depth_kind == "relative" and "provenance" in source._options
    np.testing.assert_allclose(source[0].depth, depth, atol=0.5 / 65535)


def test_stored_metres_by_hand():
    depth = np.float32([[1.2344, 0.0004, 65.535, 65.54], [NAN, np.inf, -np.inf, -1]])
    assert stored_metres(depth, 1000).tolist() == [[1234, 0, 65535, 0], [0, 0, 0, 0]]


def test_a_factor_holds_what_is_in_its_steps():
    depth = np.float32([[NAN, 3]]) / np.float32(5000)
    assert holds(depth, 5000) and not holds(depth, 1000)
    assert holds(np.float32([[1.5]]), 256) and holds(np.float32([[1.5]]), 1000)


def test_stored_share_takes_more_bits_only_where_needed():
    assert stored_share(np.float32([[0, 0.2, 1]]), "x").dtype == np.uint8
    assert stored_share(np.float32([[0, 0.5, 1.5]]), "x").tolist() == [[0, 32768, 65535]]
    with pytest.raises(InputError, match="x: some values are unknown"):
        stored_share(np.float32([[NAN]]), "x")


def test_stored_normals_by_hand():
    assert stored_normals(np.float32([[[0, 0, -1], [1, 0, 0], [NAN, 0, 0]]])).tolist() == [[[128, 128, 0], [255, 128, 128], [0, 0, 0]]]


def test_one_folder_has_one_camera(tmp_path):
    with pytest.raises(InputError, match="sample 'a': has another camera than the first"):
        writer(tmp_path, intrinsics=None).put("0", whole())


def test_a_place_where_nothing_can_be_written_is_named(tmp_path):
    (tmp_path / "rgb").write_text("a file where a folder is due")
    with pytest.raises(InputError, match=r"rgb/0\.png: cannot be written"):
        writer(tmp_path).put("0", whole())
