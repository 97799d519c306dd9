"""Several sources as one: shares, held-out samples, label spaces, units and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from training_data import write_set

from mtdense_ros.data.datasets.folder_writer import FolderWriter
from mtdense_ros.data.datasets.registry import open_source
from mtdense_ros.data.datasets.stored_labels import PERSON
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.training.config import SourceConfig, TrainConfig
from mtdense_ros.training.mixture import Mixture, label_table, open_mixture, part_of

ALL = ("labels", "depth", "normals", "foreground")
CONFIG = TrainConfig(steps=1)


class Plain:
    """Samples whose picture tells the index; depth 20 m, label 0 and, on request, a camera."""

    licence = "test"
    targets = ("labels", "depth")

    def __init__(self, name, size, label_space="indoor", depth_kind="metric", camera=None):
        self.name, self.size, self.label_space, self.depth_kind, self.camera = name, size, label_space, depth_kind, camera

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        image = np.full((4, 8, 3), index, np.uint8)
        return Sample(image, np.zeros((4, 8), np.uint8), np.full((4, 8), 20, np.float32), intrinsics=self.camera, name=self.name)


def part(source, config=CONFIG, targets=ALL, **entry):
    return part_of(source, SourceConfig("a", **entry), config, targets, pairs=False)


def shares(mixture):
    rng = np.random.default_rng(0)
    names = [mixture.drawn(rng).name for _ in range(600)]
    return names.count("a") / 600


def test_every_sample_is_drawn_equally_often_unless_weights_or_repeats_say_otherwise():
    a, b = Plain("a", 30), Plain("b", 10)
    assert shares(Mixture([part(a), part(b)], 0)) == pytest.approx(0.75, abs=0.05)
    assert shares(Mixture([part(a), part(b, repeat=3)], 0)) == pytest.approx(0.5, abs=0.05)
    assert shares(Mixture([part(a, weight=1), part(b, weight=4)], 0)) == pytest.approx(0.2, abs=0.05)
    with pytest.raises(ConfigError, match="some of 'sources' have a weight"):
        Mixture([part(a, weight=1), part(b)], 0)


def test_the_first_samples_are_held_out_and_never_drawn():
    mixture = Mixture([part(Plain("a", 5)), part(Plain("b", 2))], 2)
    assert [read().image[0, 0, 0] for read in mixture.validation()] == [0, 1]
    rng = np.random.default_rng(0)
    drawn = {(sample.name, int(sample.image[0, 0, 0])) for sample in (mixture.drawn(rng) for _ in range(200))}
    assert drawn == {("a", 2), ("a", 3), ("a", 4), ("b", 0), ("b", 1)}
    with pytest.raises(InputError, match="'a': has 2 samples, of which none is left"):
        Mixture([part(Plain("a", 2))], 2)


def test_a_validation_source_leaves_all_samples_to_training():
    mixture = Mixture([part(Plain("a", 2))], 1, part(Plain("v", 3)))
    assert mixture.sizes == [2] and [read().name for read in mixture.validation()] == ["v"]


def test_labels_come_in_the_space_of_the_training():
    table = label_table("nyud13", "indoor")
    assert table[4] == 0 and table[11] == 1 and table[255] == 255  # ids of NYUv2's 13 classes: 5 is floor, 12 wall, counted from 1
    joint = label_table("kitti6", "nyud40+kitti6")
    assert joint[:6].tolist() == [40, 41, 42, 43, 44, 45] and joint[6] == 255
    assert label_table("nyud40", "nyud40+kitti6")[39] == 39
    with pytest.raises(ConfigError, match="'indoor': is none of 'nyud40"):
        label_table("indoor", "nyud40+kitti6")
    assert (part(Plain("a", 1, "nyud13"))[0].labels == label_table("nyud13", "indoor")[0]).all()


def test_depth_is_brought_to_what_the_training_learns():
    relative = replace(CONFIG, depth_kind="relative", relative_max_m=40.0)
    assert (part(Plain("a", 1))[0].depth == 20).all()
    assert (part(Plain("a", 1), relative)[0].depth == 0.5).all()
    assert (part(Plain("a", 1, depth_kind="relative"), relative)[0].depth == 20).all()  # as the source has it
    with pytest.raises(ConfigError, match="its depth is relative, 'depth_kind' is metric"):
        part(Plain("a", 1, depth_kind="relative"))
    assert part(Plain("a", 1, depth_kind="relative"), targets=("labels",))[0].depth is None


def test_samples_without_a_camera_get_the_focal_length_of_the_source_or_of_the_training():
    config = replace(CONFIG, focal_px=230.0, width=256)
    camera = Intrinsics(8, 4, 5.0, 5.0, 3.0, 1.0)
    assert part(Plain("a", 1, camera=camera), config)[0].intrinsics == camera
    assert part(Plain("a", 1), config, focal=9.0)[0].intrinsics == Intrinsics(8, 4, 9.0, 9.0, 3.5, 1.5)
    assert part(Plain("a", 1), config)[0].intrinsics.fx == 230 * 8 / 256


def test_sources_are_opened_by_text_and_checked(tmp_path):
    root = write_set(tmp_path / "set", 3)
    config = replace(CONFIG, sources=(SourceConfig(f"renders:{root}"),), validation=1)
    sample = open_mixture(config, ("labels",), pairs=False).training(0, 0)
    assert sample.targets == ("labels",) and sample.background.targets == ("labels",)
    alone = open_mixture(replace(config, backgrounds=False), ("labels",), pairs=False).training(0, 0)
    assert alone.background is None
    both = open_mixture(replace(config, backgrounds=False), ("labels", "foreground"), pairs=True).training(0, 0)
    assert both.targets == ("labels", "foreground") and both.background.targets == ()  # a reference, and no picture of its own
    with pytest.raises(ConfigError, match="no 'sources'"):
        open_mixture(CONFIG, ALL, pairs=True)
    with pytest.raises(ConfigError, match="data set 'a': kind 'a' is unknown"):
        open_mixture(replace(config, sources=(SourceConfig("a"),)), ALL, pairs=True)


def taught_folder(root, source, label, indices=(0, 1, 2)):
    """What `mtdense annotate --only-taught` leaves of some pictures of a source."""
    writer = FolderWriter(root, label_space="indoor")
    for index in indices:
        picture = source[index].image
        writer.put(f"{index:06d}", Sample(picture, labels=np.full(picture.shape[:2], label, np.uint8)))
    writer.describe({})
    return f"folder:{root}"


def test_a_teacher_fills_in_what_is_not_kept(tmp_path):
    text = f"renders:{write_set(tmp_path / 'set', 4)}"
    source = open_source(text)
    fill = taught_folder(tmp_path / "taught", source, 5)
    entry = SourceConfig(text, keep={"labels": 0.5}, fill=fill)
    config = replace(CONFIG, sources=(entry,), validation=1)
    mixture = open_mixture(config, ("labels", "depth"), pairs=False)
    first, second, third = (mixture.training(0, index) for index in range(3))  # of which 0 is held out: samples 1, 2 and 3
    np.testing.assert_array_equal(first.labels, source[1].labels)
    assert (second.labels == 5).all() and second.background.labels is None  # no teacher has seen the background
    np.testing.assert_array_equal(second.depth, source[2].depth)
    np.testing.assert_array_equal(third.labels, source[3].labels)
    held_out = mixture.validation()[0]()
    np.testing.assert_array_equal(held_out.labels, source[0].labels)  # truth, although neither kept nor the teacher's
    assert [origin.name for origin in mixture.origins] == ["renders:set", "taught"]
    short = replace(entry, fill=taught_folder(tmp_path / "short", source, 5, (0,)))
    shorter = open_mixture(replace(config, sources=(short,)), ("labels",), pairs=False)
    assert shorter.training(0, 1).labels is None  # beyond what was taught


def test_a_target_of_which_nothing_is_kept_is_missing(tmp_path):
    text = f"renders:{write_set(tmp_path / 'set', 3)}"
    none = SourceConfig(text, keep={"labels": 0.0})
    with pytest.raises(ConfigError, match="no source has labels"):
        open_mixture(replace(CONFIG, sources=(none,), validation=1), ("labels",), pairs=False)
    taught = replace(none, fill=taught_folder(tmp_path / "taught", open_source(text), 5))
    assert open_mixture(replace(CONFIG, sources=(taught,), validation=1), ("labels",), pairs=False).sizes == [2]


def test_what_fills_in_must_be_of_the_same_pictures(tmp_path):
    text, other = (f"renders:{write_set(tmp_path / name, 3)}" for name in "ab")
    fill = taught_folder(tmp_path / "taught", open_source(other), 5, (1, 2))
    with pytest.raises(InputError, match="has other pictures, or in another order"):
        open_mixture(replace(CONFIG, sources=(SourceConfig(text, fill=fill),), validation=1), ("labels",), pairs=False)
    with pytest.raises(ConfigError, match="'sources.keep' is 'label'"):
        SourceConfig("a", keep={"label": 0.1})
    with pytest.raises(ConfigError, match="keeps 10 of its labels; give a share"):
        SourceConfig("a", keep={"labels": 10})


def test_a_network_of_pairs_alone_refuses_samples_without_backgrounds(tmp_path):
    text = f"renders:{write_set(tmp_path / 'set', 3)}"
    config = replace(CONFIG, sources=(SourceConfig(text),), validation=1, depth_kind="relative")
    pairs = open_mixture(config, ("depth", "foreground"), pairs=True, only_pairs=True)
    assert pairs.training(0, 0).background is not None
    alone = taught_folder(tmp_path / "alone", open_source(text), 5)
    mixed = replace(config, sources=(*config.sources, SourceConfig(alone)))
    with pytest.raises(InputError, match="has no background, without which this network learns nothing"):
        open_mixture(mixed, ("depth", "foreground"), pairs=True, only_pairs=True)
    assert open_mixture(mixed, ("depth", "foreground"), pairs=True).sizes == [2, 3]


def test_a_set_to_validate_on_must_know_something_of_what_is_trained(tmp_path, caplog):
    text = f"renders:{write_set(tmp_path / 'set', 3)}"
    labels = taught_folder(tmp_path / "labels", open_source(text), 5)
    config = replace(CONFIG, sources=(SourceConfig(text),), validation=1, validation_source=labels)
    with pytest.raises(ConfigError, match="'validation_source' labels has no depth, and nothing else"):
        open_mixture(config, ("depth",), pairs=False)
    assert len(open_mixture(config, ("labels", "depth"), pairs=False).validation()) == 1
    assert "labels has no depth, so there will be no score of that" in caplog.text


def test_new_shards_join_on_refresh(tmp_path):
    root = write_set(tmp_path / "set", 3)
    mixture = open_mixture(replace(CONFIG, sources=(SourceConfig(f"renders:{root}"),), validation=1), ALL, pairs=True)
    write_set(root, 2, "shard-0001")
    assert mixture.sizes == [2]
    mixture.refresh()
    assert mixture.sizes == [4]


def test_a_network_of_before_there_was_a_person_learns_nothing_of_people(tmp_path):
    root = write_set(tmp_path / "set", 2)
    labels = np.load(root / "shard-0000/labels.npy")
    labels[:, 0, :4, :4] = PERSON
    np.save(root / "shard-0000/labels.npy", labels)
    for model, found in (({}, 6), ({"num_classes": 6}, 255)):
        config = TrainConfig(steps=1, sources=(SourceConfig(f"renders:{root}"),), validation=1, model=model)
        assert (open_mixture(config, ("labels",), False).training(0, 0).labels[:4, :4] == found).all()
