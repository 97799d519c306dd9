"""Tiny rendered pairs, and samples that know less."""

import numpy as np

from mtdense_ros.data.datasets.shards import Pair, ShardWriter, add_shard, create_manifest

SIZE = (64, 64)


def make_pair(seed):
    """A floor, a wall, and a box that stands out in the frame only."""
    rng = np.random.default_rng(seed)
    horizon, left = int(rng.integers(20, 40)), int(rng.integers(5, 40))
    floor = np.arange(SIZE[0])[:, None] >= horizon + np.zeros(SIZE[1], int)
    picture = np.where(floor[..., None], rng.integers(0, 255, 3), rng.integers(0, 255, 3)).astype(np.uint8)
    frame = picture.copy()
    box = np.zeros(SIZE, bool)
    box[horizon - 5 : horizon + 12, left : left + 16] = True
    frame[box] = 255 - frame[box]
    depth = np.where(floor, 60.0 / np.maximum(np.arange(SIZE[0])[:, None] - horizon + 15, 1), 4.0)
    labels = np.where(floor, 0, 1)
    normals = np.where(floor[..., None], (0, -127, 0), (0, 0, -127)).astype(np.int8)
    return Pair(
        images=np.stack([frame, picture]),
        depth=np.stack([np.where(box, 2.0, depth), depth]).astype(np.float16),
        labels=np.stack([np.where(box, 4, labels), labels]).astype(np.uint8),
        normals=np.stack([normals, normals]),
        foreground=box.astype(np.uint8),
        focal=80.0,
    )


def write_set(root, pairs=6, name="shard-0000"):
    """A rendered set of `pairs` more pairs at root."""
    create_manifest(root, SIZE, {"name": "test"})
    with ShardWriter(root, name, pairs, SIZE) as writer:
        for index in range(pairs):
            writer.put(index, make_pair(index))
    add_shard(root, name, pairs, 0)
    return root
