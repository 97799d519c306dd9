"""The label spaces in config/labels, and what is refused."""

import pytest

from mtdense_ros.errors import ConfigError
from mtdense_ros.labels import load_label_space, load_label_spaces


def voc_colour(index):
    """The PASCAL VOC palette by its definition: bit 3 j + c of the index is bit 7 - j of channel c."""
    return tuple(sum(((index >> (3 * j + c)) & 1) << (7 - j) for j in range(8)) for c in range(3))


def test_indoor():
    space = load_label_space("indoor")
    assert space.names == ("floor", "wall", "ceiling", "furniture", "object", "other")
    assert [c.name for c in space.classes if c.traversable] == ["floor"]
    assert not any(c.traversable and c.obstacle for c in space.classes)
    assert {"furniture", "object"} <= {c.name for c in space.classes if c.obstacle}


def test_nyud40_has_the_original_palette():
    space = load_label_space("nyud40")
    assert space.colors == tuple(voc_colour(i + 1) for i in range(40))
    assert (space.names[0], space.names[19], space.names[39]) == ("wall", "floor mat", "otherprop")


def test_kitti6_has_the_original_palette():
    space = load_label_space("kitti6")
    assert dict(zip(space.names, space.colors, strict=True)) == {
        "sky": (128, 128, 128), "building": (128, 0, 0), "road": (128, 64, 128),
        "sidewalk": (0, 0, 192), "vegetation": (128, 128, 0), "car": (64, 0, 128),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["indoor", "nyud40", "kitti6"])
def test_colours_can_be_told_apart(name):
    colors = load_label_space(name).colors
    assert len(set(colors)) == len(colors)


def test_own_file(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text("classes:\n- {id: 0, name: a, color: [1, 2, 3]}\n- {id: 1, name: b, color: [4, 5, 6], dynamic: true}\n")
    space = load_label_space(path)
    assert (space.name, space.names, space.classes[1].dynamic, space.classes[0].dynamic) == ("two", ("a", "b"), True, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("classes: [", "not a readable YAML file"),
        ("names: []", "must hold the key 'classes'"),
        ("classes: 3", "'classes' must be a list"),
        ("classes: [3]", "class 0: must be a mapping"),
        ("classes: [{id: 0, name: a, colour: [0, 0, 0]}]", "unknown field 'colour'; did you mean 'color'?"),
        ("classes: [{id: 0, name: a}]", "field 'color' is missing"),
        ("classes: [{id: 0, name: a, color: [0, 0, 0], obstacle: 1}]", "field 'obstacle' is missing or of the wrong kind"),
        ("classes: [{id: 1, name: a, color: [0, 0, 0]}]", "has id 1 where 0 is due"),
        ("classes: []", "has no classes"),
    ],
)
def test_bad_file(tmp_path, text, message):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_label_space(path)
    assert message in str(caught.value)


def test_unknown_name():
    with pytest.raises(ConfigError, match=r"no 'indor.yaml' in .*config/labels.*did you mean 'indoor'\?"):
        load_label_space("indor")


def test_joint_label_spaces(tmp_path):
    own = tmp_path / "c++" / "own.yaml"
    own.parent.mkdir()
    own.write_text("classes: [{id: 0, name: a, color: [1, 2, 3]}]\n")
    assert [space.name for space in load_label_spaces("nyud40 + kitti6")] == ["nyud40", "kitti6"]
    assert load_label_spaces("indoor") == (load_label_space("indoor"),)
    assert load_label_spaces(str(own))[0].names == ("a",)


@pytest.mark.parametrize(
    ("text", "message"),
    [("nyud40+", "a part is empty"), ("", "a part is empty"), ("kitti6+kitti6", "repeated"), ("nyud40+kiti6", "did you mean 'kitti6'")],
)
def test_bad_joint_label_spaces(text, message):
    with pytest.raises(ConfigError) as caught:
        load_label_spaces(text)
    assert message in str(caught.value)
