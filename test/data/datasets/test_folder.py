"""A folder with a dataset.yaml, written here: what its samples hold, and what its errors name."""

import cv2
import numpy as np
import pytest
import yaml

from mtdense_ros.data.datasets import description, folder
from mtdense_ros.data.datasets.folder import FolderSource
from mtdense_ros.errors import ConfigError, InputError

DESCRIPTION = {
    "image": "rgb/*.png",
    "labels": "labels/*_ids.png",
    "label_space": "indoor",
    "labels_first": 1,
    "labels_void": [0],
    "depth": "depth/*.png",
    "depth_factor": 1000,
    "normals": "normals/*.png",
    "foreground": "masks/*.png",
    "background": "empty.png",
    "intrinsics": {"width": 8, "height": 6, "fx": 10.0, "fy": 11.0, "cx": 3.5, "cy": 2.5},
    "licence": "CC0-1.0",
    "splits": {"val": "val.txt"},
}


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array if array.ndim == 2 else np.ascontiguousarray(array[..., ::-1]))


def constant(*value, dtype=np.uint8):
    return np.full((6, 8, len(value)) if len(value) > 1 else (6, 8), value if len(value) > 1 else value[0], dtype)


def describe(root, **changes):
    content = {key: value for key, value in {**DESCRIPTION, **changes}.items() if value is not None}
    (root / "dataset.yaml").write_text(yaml.safe_dump(content))
    return root


@pytest.fixture
def root(tmp_path):
    """Pictures a and b; b has depth only."""
    for name in ("a", "b"):
        write(tmp_path / f"rgb/{name}.png", constant(10, 20, 30))
        write(tmp_path / f"depth/{name}.png", constant(2500, dtype=np.uint16))
    labels, mask, depth = constant(2), constant(255), constant(1500, dtype=np.uint16)
    labels[0, 0], mask[0, 0], depth[0, 0] = 0, 51, 0
    write(tmp_path / "labels/a_ids.png", labels)
    write(tmp_path / "masks/a.png", mask)
    write(tmp_path / "depth/a.png", depth)
    write(tmp_path / "normals/a.png", constant(127, 0, 127))
    write(tmp_path / "empty.png", constant(1, 2, 3))
    (tmp_path / "val.txt").write_text("rgb/b.png\n")
    return describe(tmp_path)


def test_a_sample_has_its_targets_in_units(root):
    source = FolderSource(root)
    sample = source[0]
    assert len(source) == 2 and sample.name == f"{root.name}/a" and sample.targets == source.targets
    assert (source.licence, source.label_space, source.depth_kind) == ("CC0-1.0", "indoor", "metric")
    assert sample.image[5, 7].tolist() == [10, 20, 30] and sample.background.image[5, 7].tolist() == [1, 2, 3]
    assert sample.labels[0, :2].tolist() == [255, 1]
    assert np.isnan(sample.depth[0, 0]) and sample.depth[0, 1] == 1.5
    np.testing.assert_allclose(sample.normals[0, 0], (0, -1, 0), atol=0.01)
    np.testing.assert_allclose(sample.foreground[0, :2], (0.2, 1))
    assert (sample.intrinsics.fx, sample.intrinsics.fy) == (10, 11)


def test_a_missing_target_is_none(root):
    sample = FolderSource(root)[1]
    assert sample.targets == ("depth",) and sample.background is not None


def test_a_split_is_a_list_of_pictures(root):
    assert [sample.name for sample in FolderSource(root, "val")] == [f"{root.name}@val/b"]
    with pytest.raises(InputError, match="no split 'vla'; did you mean 'val'"):
        FolderSource(root, "vla")
    (root / "val.txt").write_text("b\nc\n")
    with pytest.raises(InputError, match=r"val\.txt: 'c' \(1 in all\) is not in the data set"):
        FolderSource(root, "val")


def test_labels_may_be_colours(root):
    labels = constant(0, 0, 0)
    labels[0, 0] = {c.name: c.color for c in FolderSource(root)._space.classes}["wall"]
    write(root / "labels/a_ids.png", labels)
    assert FolderSource(describe(root, labels_void=[[0, 0, 0]]))[0].labels[0, :2].tolist() == [1, 255]


def test_relative_depth_keeps_its_zeros(root):
    write(root / "depth/a.png", constant(0))
    source = FolderSource(describe(root, depth_kind="relative", depth_factor=None))
    assert source.depth_kind == "relative" and (source[0].depth == 0).all()
    assert source[1].depth[0, 0] == pytest.approx(2500 / 65535)


def test_pictures_alone_are_a_data_set(root):
    (root / "dataset.yaml").write_text("image: rgb/*.png\n")
    source = FolderSource(root)
    assert (source.targets, source.label_space, source.depth_kind, source.licence) == ((), None, None, "unknown")
    assert source[0].targets == ()


def test_an_unpaired_file_is_named(root):
    write(root / "masks/z.png", constant(0))
    with pytest.raises(InputError, match=r"masks/z\.png: no picture is called 'z'"):
        FolderSource(root)


def test_an_unreadable_file_is_named(root):
    (root / "depth/a.png").write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"depth/a\.png: not a readable picture"):
        FolderSource(root)[0]


def test_a_target_of_another_size_is_refused(root):
    write(root / "depth/a.png", np.ones((5, 8), np.uint16))
    with pytest.raises(InputError, match="a', depth: found"):
        FolderSource(root)[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imgae": "rgb/*.png"}, "unknown key 'imgae'; did you mean 'image'"),
        ({"image": None}, "'image' is missing"),
        ({"label_space": None}, "'label_space' is missing"),
        ({"depth_factor": None}, "'depth_factor' is missing"),
        ({"depth_factor": 0}, "'depth_factor' is missing"),
        ({"depth_kind": "relative"}, "'depth_factor' is missing, of the wrong kind, or has nothing to say of"),
        ({"normals_axes": "up"}, "use one of optical, opengl, nyu"),
        ({"labels_void": 255}, "'labels_void'"),
    ],
)
def test_a_wrong_description_is_refused(root, changes, message):
    with pytest.raises(ConfigError, match=message):
        FolderSource(describe(root, **changes))


def test_patterns_that_fit_nothing_are_named(root):
    with pytest.raises(InputError, match=r"no file fits 'colour/\*\.png'"):
        FolderSource(describe(root, image="colour/*.png"))


def test_the_documented_example_is_a_right_description(tmp_path):
    example = [line[4:] for line in folder.__doc__.splitlines() if line.startswith("    ")]
    (tmp_path / "dataset.yaml").write_text("\n".join(example))
    assert set(description.read_description(tmp_path / "dataset.yaml")) == set(description.KEYS) and len(example) == len(description.KEYS)
