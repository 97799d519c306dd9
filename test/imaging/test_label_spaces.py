"""The label spaces in config/labels, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import ConfigError
from mtdense_ros.imaging.label_spaces import label_mapping, load_label_space, load_label_spaces
from mtdense_ros.utils.files import known_resources

ONE = "classes: [{id: 0, name: chair, color: [1, 2, 3]}]\n"


def voc_colour(index):
    """The PASCAL VOC palette by its definition: bit 3 j + c of the index is bit 7 - j of channel c."""
    return tuple(sum(((index >> (3 * j + c)) & 1) << (7 - j) for j in range(8)) for c in range(3))


def colour_of(name):
    space = load_label_space(name)
    return dict(zip(space.names, space.colors, strict=True))


def test_indoor():
    space = load_label_space("indoor")
    assert space.names == ("floor", "wall", "ceiling", "furniture", "object", "other", "person")
    assert [c.name for c in space.classes if c.traversable] == ["floor"]
    assert {"furniture", "object"} <= {c.name for c in space.classes if c.obstacle}
    assert [c.name for c in space.classes if c.dynamic] == ["person"]


def test_a_space_that_grew_has_its_earlier_classes_for_earlier_networks():
    now, (earlier,) = load_label_space("indoor"), load_label_spaces("indoor", 6)
    assert (earlier.name, earlier.classes) == ("indoor", now.classes[:6])
    assert load_label_spaces("indoor", 7) == load_label_spaces("indoor", 5) == load_label_spaces("indoor") == (now,)
    assert label_mapping(earlier, "indoor").tolist() == [*range(6), *[255] * 250]
    with pytest.raises(ConfigError, match="other classes"):
        label_mapping(replace(now, classes=now.classes[:5]), "indoor")


@pytest.mark.parametrize("sizes", ["2", "[1]", "[0]", "[yes]"])
def test_earlier_sizes_are_smaller_than_today(tmp_path, sizes):
    (tmp_path / "s.yaml").write_text(f"{ONE}earlier_sizes: {sizes}\n")
    with pytest.raises(ConfigError, match="earlier_sizes"):
        load_label_space(tmp_path / "s.yaml")


SIZES = {
    **{"indoor": 7, "nyud13": 13, "nyud40": 40, "kitti6": 6, "camvid11": 11, "camvid32": 32, "cityscapes19": 19},
    **{"ade20k": 150, "voc": 20, "voc21": 21},
}


def test_every_label_space_is_listed_here():
    assert set(SIZES) == set(known_resources("config/labels", ".yaml"))


@pytest.mark.parametrize("name", SIZES)
def test_classes_and_flags(name):
    space = load_label_space(name)
    assert [c.id for c in space.classes] == list(range(SIZES[name]))
    assert len(set(space.colors)) == SIZES[name]
    assert not [c.name for c in space.classes if c.traversable and c.obstacle]
    assert not [c.name for c in space.classes if c.dynamic and not c.obstacle]


@pytest.mark.parametrize(("name", "first_row"), [("nyud40", 1), ("voc21", 0)])
def test_voc_palette(name, first_row):
    space = load_label_space(name)
    assert space.colors == tuple(voc_colour(c.id + first_row) for c in space.classes)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nyud40", {0: "wall", 19: "floor mat", 39: "otherprop"}),
        ("nyud13", {0: "bed", 4: "floor", 12: "window"}),
        ("camvid11", {0: "sky", 4: "pavement", 10: "bicyclist"}),
        ("camvid32", {0: "Animal", 22: "SUVPickupTruck", 30: "Void", 31: "Wall"}),
        ("cityscapes19", {0: "road", 10: "sky", 18: "bicycle"}),
        ("voc21", {0: "background", 7: "car", 15: "person", 20: "tvmonitor"}),
    ],
)
def test_order(name, expected):
    names = load_label_space(name).names
    assert {i: names[i] for i in expected} == expected


def test_kitti6_has_the_original_palette():
    assert colour_of("kitti6") == {
        "sky": (128, 128, 128), "building": (128, 0, 0), "road": (128, 64, 128),
        "sidewalk": (0, 0, 192), "vegetation": (128, 128, 0), "car": (64, 0, 128),
    }  # fmt: skip


def test_the_same_class_of_camvid_and_kitti_has_the_same_colour():
    original, grouped, kitti = (colour_of(name) for name in ("camvid32", "camvid11", "kitti6"))
    renamed = {"pole": "Column_Pole", "pavement": "Sidewalk", "signsymbol": "SignSymbol"}
    assert grouped == {name: original[renamed.get(name, name.capitalize())] for name in grouped}
    renamed = {"sidewalk": "pavement", "vegetation": "tree"}
    assert kitti == {name: grouped[renamed.get(name, name)] for name in kitti}


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("nyud40", "nyud13", {"desk": "table", "door": "wall", "curtain": "window", "person": "objects", "television": "tv"}),
        ("nyud40", "indoor", {"floor mat": "floor", "sofa": "furniture", "toilet": "object", "person": "person", "door": "wall"}),
        ("nyud13", "indoor", {"bed": "furniture", "books": "object", "ceiling": "ceiling", "floor": "floor", "window": "other"}),
        ("camvid32", "camvid11", {"Truck_Bus": "car", "Child": "pedestrian", "Bridge": "building", "TrafficCone": "pole", "Void": None}),
        ("camvid11", "kitti6", {"pavement": "sidewalk", "tree": "vegetation", "pedestrian": None, "fence": None}),
        ("cityscapes19", "camvid11", {"rider": "bicyclist", "wall": "building", "traffic light": "signsymbol", "terrain": None}),
        ("cityscapes19", "kitti6", {"bus": "car", "sidewalk": "sidewalk", "person": None, "terrain": None}),
    ],
)
def test_mapping_by_hand(source, target, expected):
    table, space, goal = label_mapping(source, target), load_label_space(source), load_label_space(target)
    ids = {name: UNLABELLED if counterpart is None else goal.names.index(counterpart) for name, counterpart in expected.items()}
    assert {name: table[space.names.index(name)] for name in expected} == ids
    assert table.shape == (256,) and (table[len(space.classes) :] == UNLABELLED).all()
    unreached = {"person"} if source == "nyud13" else set()  # among its objects
    assert {goal.names[i] for i in set(table) - {UNLABELLED}} == set(goal.names) - unreached


def test_published_grouping_of_the_nyud_classes():
    """The ids, from 1, that the 13-class labels of NYU Depth v2 were published with, for the 40 classes in order."""
    published = "12 5 6 1 4 9 10 12 13 6 8 6 13 10 6 13 6 7 7 5 7 3 2 6 11 7 7 7 7 7 7 6 7 7 7 7 7 7 6 7"
    assert (label_mapping("nyud40", "nyud13")[:40] + 1).tolist() == [int(n) for n in published.split()]


@pytest.mark.parametrize(("first", "second", "third"), [("nyud40", "nyud13", "indoor"), ("cityscapes19", "camvid11", "kitti6")])
def test_mappings_agree_with_their_composition(first, second, third):
    composed, direct = label_mapping(second, third)[label_mapping(first, second)], label_mapping(first, third)
    differing = [load_label_space(first).names[i] for i in np.flatnonzero(composed != direct)]
    assert differing == (["person"] if third == "indoor" else []), "the 13 classes have people among the objects"


def test_mapping_within_a_space_is_the_identity():
    assert label_mapping(load_label_space("indoor"), "indoor").tolist() == [*range(7), *[UNLABELLED] * 249]


def test_mapping_of_an_own_file(tmp_path):
    path = tmp_path / "two.yaml"
    classes = "classes: [{id: 0, name: a, color: [1, 2, 3]}, {id: 1, name: b, color: [4, 5, 6]}]\n"
    path.write_text(f"{classes}mappings: {{indoor: {{b: wall}}}}\n")
    assert label_mapping(path, "indoor")[:3].tolist() == [UNLABELLED, 1, UNLABELLED]
    with pytest.raises(ConfigError, match="two.yaml: has no mapping to 'kitti6'; known: indoor"):
        label_mapping(path, "kitti6")
    path.write_text(f"{classes}mappings: {{indoor: {{b: wal}}}}\n")
    with pytest.raises(ConfigError, match="two.yaml: 'b' is mapped to 'wal', which 'indoor' does not have; did you mean 'wall'"):
        label_mapping(path, "indoor")


def test_mapping_of_a_space_that_is_not_its_file():
    with pytest.raises(ConfigError, match="'nyud13': has other classes than"):
        label_mapping(replace(load_label_space("indoor"), name="nyud13"), "indoor")


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
        ("classes: []\ntypes: []", "must hold the key 'classes'"),
        (f"{ONE}mappings: [indoor]", "mappings: must be a mapping of label spaces"),
        (f"{ONE}mappings: {{indoor: {{chiar: wall}}}}", "to 'indoor': 'chiar' is not a class of this space; did you mean 'chair'"),
        (f"{ONE}mappings: {{indoor: {{chair: 3}}}}", "to 'indoor': 'chair' is mapped to 3"),
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
