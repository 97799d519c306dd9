"""Sharded sets: what is written comes back, unfinished shards stay invisible, and wrong shapes are refused."""

import numpy as np
import pytest

from mtdense_ros.data.datasets.shards import Pair, ShardSet, ShardWriter, add_shard, create_manifest
from mtdense_ros.errors import InputError

SIZE = (4, 6)


def make_pair(value: int) -> Pair:
    return Pair(
        images=np.full((2, *SIZE, 3), value, np.uint8),
        depth=np.full((2, *SIZE), value / 4, np.float16),
        labels=np.full((2, *SIZE), value % 7, np.uint8),
        normals=np.full((2, *SIZE, 3), -value, np.int8),
        foreground=np.full(SIZE, value % 2, np.uint8),
        focal=100.0 + value,
    )


def write_shard(root, name, values):
    with ShardWriter(root, name, len(values), SIZE) as writer:
        for row, value in enumerate(values):
            writer.put(row, make_pair(value))
    add_shard(root, name, len(values), seed=values[0])


def test_pairs_come_back_across_shard_borders(tmp_path):
    create_manifest(tmp_path, SIZE, {"seed": 1})
    write_shard(tmp_path, "a", [1, 2, 3])
    write_shard(tmp_path, "b", [4, 5])
    pairs = ShardSet(tmp_path)
    assert len(pairs) == 5
    assert [int(p.images[0, 0, 0, 0]) for p in pairs] == [1, 2, 3, 4, 5]
    assert pairs[-1].focal == 105.0 and pairs[3].focal == 104.0
    assert pairs[2].depth[1, 3, 5] == 0.75 and pairs[2].normals[0, 0, 0, 0] == -3 and pairs[2].foreground[0, 0] == 1
    with pytest.raises(IndexError):
        pairs[5]


def test_arrays_are_read_only_maps(tmp_path):
    create_manifest(tmp_path, SIZE, {})
    write_shard(tmp_path, "a", [1])
    with pytest.raises(ValueError, match="read-only"):
        ShardSet(tmp_path)[0].images[0, 0, 0, 0] = 9


def test_failed_shard_leaves_nothing(tmp_path):
    create_manifest(tmp_path, SIZE, {})
    with pytest.raises(RuntimeError), ShardWriter(tmp_path, "a", 2, SIZE) as writer:
        writer.put(0, make_pair(1))
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.json"]
    assert len(ShardSet(tmp_path)) == 0


def test_pair_refuses_wrong_shapes():
    good = make_pair(1)
    with pytest.raises(InputError, match="depth is float32"):
        Pair(good.images, good.depth.astype(np.float32), good.labels, good.normals, good.foreground, 1.0)
    with pytest.raises(InputError, match="labels"):
        Pair(good.images, good.depth, good.labels[:, :2], good.normals, good.foreground, 1.0)


def test_resuming_with_other_settings_is_refused(tmp_path):
    create_manifest(tmp_path, SIZE, {"seed": 1})
    assert create_manifest(tmp_path, SIZE, {"seed": 1})["shards"] == []
    with pytest.raises(InputError, match="other settings"):
        create_manifest(tmp_path, SIZE, {"seed": 2})


def test_missing_set_names_the_remedy(tmp_path):
    with pytest.raises(InputError, match="mtdense_ros.synthetic.generate"):
        ShardSet(tmp_path)
