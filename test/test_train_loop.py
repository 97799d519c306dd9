"""The loop learns six samples by heart, and an interrupted run ends like one that was not."""

import hashlib
import json

import numpy as np
import pytest
import torch

from mtdense_ros.data.augment import cropped
from mtdense_ros.data.shards import Pair, ShardWriter, add_shard, create_manifest
from mtdense_ros.errors import ConfigError, WeightsError
from mtdense_ros.models.mobilenet_v2 import MobileNetV2
from mtdense_ros.training import loop
from mtdense_ros.training.batches import FOCAL_PX, Pairs, collate, random_batch
from mtdense_ros.training.config import TrainConfig
from mtdense_ros.training.export import card_fields
from mtdense_ros.training.loop import Run, train, train_step
from mtdense_ros.training.provenance import recorded_commit, recorded_start
from mtdense_ros.weights import load_weights
from mtdense_ros.weights.foreign_names import hydranet_encoder_names

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


@pytest.fixture
def rendered(tmp_path):
    root = tmp_path / "set"
    create_manifest(root, SIZE, {"name": "test"})
    with ShardWriter(root, "shard-0000", 6, SIZE) as writer:
        for index in range(6):
            writer.put(index, make_pair(index))
    add_shard(root, "shard-0000", 6, 0)
    return root


def test_six_samples_are_learnt_by_heart():
    batch = collate([cropped(make_pair(seed), SIZE) for seed in range(6)])
    run = Run(TrainConfig(steps=25, warmup=5, seed=1))
    first = train_step(run, batch)
    for _ in range(23):
        last = train_step(run, batch)
    for task in ("labels", "depth", "normals", "foreground"):
        assert last[task] < 0.6 * first[task], task


def test_resumed_run_equals_an_uninterrupted_one(rendered, tmp_path, monkeypatch):
    config = TrainConfig(steps=4, height=64, width=64, batch=2, warmup=2, validation=1, checkpoint_minutes=0.0)
    whole = train(config, [rendered], tmp_path / "whole")
    steps = iter(range(2))

    def interrupted(run, batch):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return train_step(run, batch)

    monkeypatch.setattr(loop, "train_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(config, [rendered], tmp_path / "parts")
    monkeypatch.undo()
    parts = train(config, [rendered], tmp_path / "parts")
    assert parts.step == whole.step == 4
    for (name, a), b in zip(whole.average.state_dict().items(), parts.average.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, msg=name)
    assert recorded_commit(tmp_path / "parts") == recorded_commit(tmp_path / "whole")
    last = json.loads((tmp_path / "parts" / "log.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 4 and 0 <= last["val_foreground_iou"] <= 1


def test_held_out_pairs_are_never_trained_on(rendered):
    pairs = Pairs([rendered], 2)
    held_out = [pair.images.tobytes() for pair in pairs.validation()]
    trained = [pairs.training(index).images.tobytes() for index in range(pairs.training_size)]
    assert len(held_out) == 2 and len(trained) == 4 and not set(held_out) & set(trained)


def test_batch_is_canonical_in_focal_length_and_counts_doors_as_wall():
    pair = make_pair(0)
    pair.labels[0, :, :] = 6
    batch = collate([cropped(pair, SIZE)])
    assert batch.images.shape == (2, 3, 64, 64) and batch.depth.shape == (2, 16, 16) and batch.foreground.shape == (1, 32, 32)
    np.testing.assert_allclose(batch.depth[1], pair.depth[1, 2::4, 2::4].astype(np.float32) * FOCAL_PX / 80, rtol=1e-6)
    assert batch.labels[0].unique().tolist() == [1]


def test_batches_depend_on_seed_and_step_only(rendered):
    pairs = Pairs([rendered], 0)
    a, b, c = (random_batch(pairs, 0, step, 2, (32, 32), loop.Augmentation()) for step in (5, 5, 6))
    assert torch.equal(a.images, b.images) and not torch.equal(a.images, c.images)


def test_only_networks_with_one_shared_pass_are_trained():
    with pytest.raises(ConfigError, match="mtdense"):
        Run(TrainConfig(steps=1, arch="hydranet"))


@pytest.fixture
def imagenet(tmp_path):
    """A MobileNetV2 by the HydraNet authors' names, and its file."""
    torch.manual_seed(5)
    state = MobileNetV2().state_dict()
    names = hydranet_encoder_names(state)
    torch.save({names[name]: value for name, value in state.items()}, tmp_path / "imagenet.pth")
    return state, tmp_path / "imagenet.pth"


def test_a_run_starts_from_an_imagenet_encoder(rendered, tmp_path, imagenet):
    state, path = imagenet
    config = TrainConfig(steps=1, height=64, width=64, batch=2, lr=0.0, validation=1, encoder=str(path))
    run = train(config, [rendered], tmp_path / "run")
    for name, value in run.net.encoder.named_parameters():
        assert torch.equal(value, state[name]), name
    assert torch.equal(run.average.encoder.layer8[0].project[0].weight, state["layer8.0.project.0.weight"])
    entry = recorded_start(tmp_path / "run")
    assert (entry["file"], entry["sha256"]) == ("imagenet.pth", hashlib.sha256(path.read_bytes()).hexdigest())
    assert card_fields(run, [rendered], "command", "commit", entry)["data"][1] == entry
    path.unlink()  # a continued run has its weights already
    assert train(TrainConfig(**{**vars(config), "steps": 2}), [rendered], tmp_path / "run").step == 2


def test_a_run_starts_from_weights_of_this_package(rendered, tmp_path, make_random_weights):
    path = make_random_weights("mtdense", {"width": 112, "head_width": 48, "change_widths": (48, 48, 48, 40, 16)})
    config = TrainConfig(steps=1, height=64, width=64, batch=2, lr=0.0, validation=1, start=str(path))
    run = train(config, [rendered], tmp_path / "run")
    due = load_weights(path)[0]
    assert all(torch.equal(value, dict(run.net.named_parameters())[name]) for name, value in due.named_parameters())
    assert recorded_start(tmp_path / "run")["file"] == "random_mtdense.safetensors"
    with pytest.raises(WeightsError, match="'start' is .*, which is another network"):
        train(TrainConfig(**{**vars(config), "start": str(make_random_weights("mtdense"))}), [rendered], tmp_path / "other")
    with pytest.raises(ConfigError, match="both 'encoder' and 'start'"):
        TrainConfig(steps=1, encoder="a", start="b")


def test_an_encoder_that_does_not_fit_starts_nothing(rendered, tmp_path):
    torch.save({"features.0.0.weight": torch.zeros(1)}, tmp_path / "other.pth")
    config = TrainConfig(steps=1, height=64, width=64, batch=2, validation=1, encoder=str(tmp_path / "other.pth"))
    with pytest.raises(WeightsError, match="mobilenet_v2 checkpoint: entry 'features.0.0.weight' is"):
        train(config, [rendered], tmp_path / "run")
    assert recorded_start(tmp_path / "run") is None
