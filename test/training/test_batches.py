"""Samples as tensors: rows, strides, unknowns and the focal length; and which numbers a batch depends on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from training_data import make_pair, write_set

from mtdense_ros.data.augment import Augmentation, fitted
from mtdense_ros.data.datasets.rendered import sample_of
from mtdense_ros.training.batches import Layout, Prefetcher, collate, make_batch, normalised
from mtdense_ros.training.config import SourceConfig, TrainConfig
from mtdense_ros.training.mixture import open_mixture

DENSE = Layout(strides={"labels": 4, "depth": 4, "normals": 4, "foreground": 2}, focal_px=230.0)


def test_frames_come_first_then_the_backgrounds_that_there_are():
    paired, alone = sample_of(make_pair(0)), replace(sample_of(make_pair(1)), background=None, foreground=None)
    batch = collate([alone, paired], DENSE)
    assert batch.paired.tolist() == [1]
    for row, picture in enumerate((alone, paired, paired.background)):
        np.testing.assert_array_equal(batch.images[row].numpy(), picture.image)
        np.testing.assert_array_equal(batch.truth["labels"][row].numpy(), picture.labels[2::4, 2::4])
    assert batch.truth["normals"].shape == (3, 3, 16, 16) and batch.truth["foreground"].shape == (1, 32, 32)
    np.testing.assert_allclose(batch.truth["foreground"][0, 3, 5], paired.foreground[6:8, 10:12].mean())


def test_depth_is_that_of_one_focal_length_at_any_size():
    sample = sample_of(make_pair(0))  # focal length 80
    np.testing.assert_allclose(collate([sample], DENSE).truth["depth"][0], sample.depth[2::4, 2::4] * 230 / 80, rtol=1e-6)
    small = fitted(sample, (32, 32))  # focal length 40
    np.testing.assert_allclose(collate([small], DENSE).truth["depth"][0], small.depth[2::4, 2::4] * 230 / 40, rtol=1e-6)
    np.testing.assert_array_equal(collate([sample], replace(DENSE, focal_px=0.0)).truth["depth"][0], sample.depth[2::4, 2::4])
    np.testing.assert_array_equal(collate([replace(sample, intrinsics=None)], DENSE).truth["depth"][0], sample.depth[2::4, 2::4])


def test_what_a_sample_does_not_know_is_unknown_everywhere():
    bare = replace(sample_of(make_pair(0)), labels=None, depth=None, normals=None, foreground=None)
    batch = collate([bare], Layout())
    assert (batch.truth["labels"][0] == 255).all() and (batch.truth["labels"][1] != 255).all()
    for task in ("depth", "normals"):
        assert batch.truth[task][0].isnan().all() and not batch.truth[task][1].isnan().any()
    assert batch.truth["foreground"].isnan().all()


def test_without_any_background_a_pair_that_teaches_nothing_keeps_the_change_decoder_alive():
    alone = replace(sample_of(make_pair(0)), background=None)
    batch = collate([alone, alone], DENSE)
    assert batch.paired.tolist() == [0] and len(batch.images) == 3 and torch.equal(batch.images[2], batch.images[0])
    assert (batch.truth["labels"][2] == 255).all() and batch.truth["depth"][2].isnan().all() and batch.truth["normals"][2].isnan().all()
    assert collate([alone], Layout(("labels",))).paired.tolist() == [] and set(collate([alone], Layout(("depth",))).truth) == {"depth"}


def test_normalisation_by_hand():
    images = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 1, 1, 3)
    out = normalised(images, (0.5, 0.2, 0.0), (0.5, 1.0, 2.0))
    assert out.shape == (1, 3, 1, 1) and out.flatten().tolist() == pytest.approx([-1.0, 0.0, 0.5], abs=1e-6)


@pytest.fixture
def mixture(tmp_path):
    config = TrainConfig(steps=1, sources=(SourceConfig(f"renders:{write_set(tmp_path / 'set')}"),), validation=0)
    return open_mixture(config, ("labels", "depth", "normals", "foreground"), pairs=True)


def test_rows_depend_on_seed_step_and_row_only(mixture):
    def made(step, rows):
        return make_batch(mixture, DENSE, 0, step, rows, (32, 32), Augmentation())

    whole, again, other = made(5, range(4)), made(5, range(4)), made(6, range(4))
    assert torch.equal(whole.images, again.images) and not torch.equal(whole.images, other.images)
    odd = made(5, range(1, 4, 2))  # what the second of two processes makes
    assert torch.equal(odd.images[:2], whole.images[[1, 3]]) and torch.equal(odd.truth["labels"], whole.truth["labels"][[1, 3, 5, 7]])


def test_batches_made_ahead_come_in_order():
    with Prefetcher(lambda step: step, 3, 2) as prefetcher:
        assert [prefetcher.take() for _ in range(10)] == list(range(3, 13))
