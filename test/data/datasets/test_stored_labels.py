"""Ids of rendered sets: today's are the indoor label space and doors; those of format 1 are read without guessing who is a person."""

import json

import numpy as np
import pytest
from training_data import write_set

from mtdense_ros.data.datasets.rendered import RenderedSource
from mtdense_ros.data.datasets.shards import ShardSet, create_manifest
from mtdense_ros.data.datasets.stored_labels import DOOR, OBJECT, PERSON, STORED_CLASSES, WALL, indoor_labels, upgraded
from mtdense_ros.errors import InputError
from mtdense_ros.imaging.label_spaces import load_label_space


def test_stored_ids_are_the_indoor_label_space_and_doors():
    assert (*load_label_space("indoor").names, "door") == STORED_CLASSES
    stored = np.arange(256, dtype=np.uint8)[None]
    assert np.flatnonzero(indoor_labels(stored) != stored).tolist() == [DOOR] and indoor_labels(stored)[0, DOOR] == WALL


def test_what_may_be_a_person_in_format_1_is_unlabelled():
    labels, depth = np.zeros((8, 12), np.uint8), np.full((8, 12), 2.0, np.float16)
    labels[0, :2] = 6, 1
    labels[2:4, 1:3] = OBJECT  # 2 px at 2 m and a focal length of 20 px: 0.2 m
    labels[2:7, 8] = OBJECT  # 5 px: 0.5 m
    found = upgraded(labels, depth, 20.0)
    assert found[0, :2].tolist() == [DOOR, WALL] and (found[2:4, 1:3] == OBJECT).all() and (found[2:7, 8] == 255).all()
    assert (found == 0).sum() == 96 - 2 - 4 - 5


def test_a_set_of_format_1_is_read_and_does_not_grow(tmp_path):
    root = write_set(tmp_path / "old", 2)
    new = ShardSet(root)[0].labels
    manifest = json.loads((root / "manifest.json").read_text())
    assert manifest["format"] == 2
    (root / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    old = ShardSet(root)[0].labels
    assert set(np.unique(old)) == {0, 1, 255} and np.array_equal(old == 255, new == OBJECT), "the box is 0.4 m wide"
    assert PERSON not in RenderedSource(root)[0].labels
    with pytest.raises(InputError, match="does not grow"):
        create_manifest(root, tuple(manifest["size"]), manifest["generator"])
    (root / "manifest.json").write_text(json.dumps({**manifest, "format": 3}))
    with pytest.raises(InputError, match="format 3, this reader knows 1 and 2"):
        ShardSet(root)
