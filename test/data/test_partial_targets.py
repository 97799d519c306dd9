"""Samples without some of their truths, and with another data set's in their place."""

import numpy as np
import pytest

from mtdense_ros.data.partial_targets import is_kept, merge_targets, subsample_targets
from mtdense_ros.data.sample import Sample

IMAGE = np.zeros((2, 3, 3), np.uint8)


def sample(label, depth=None):
    labels = None if label is None else np.full((2, 3), label, np.uint8)
    return Sample(IMAGE, labels=labels, depth=None if depth is None else np.full((2, 3), depth, np.float32))


@pytest.mark.parametrize(("share", "indices"), [(1.0, range(100)), (0.0, []), (0.1, range(9, 100, 10)), (0.25, range(3, 100, 4))])
def test_an_even_share_is_kept(share, indices):
    assert [index for index in range(100) if is_kept(index, share)] == list(indices)


def test_shares_that_no_fraction_hits():
    assert sum(is_kept(index, 0.3) for index in range(1000)) == 300
    assert sum(is_kept(index, 1 / 3) for index in range(999)) == 333


def test_only_the_named_target_goes_from_the_sample_and_its_background():
    whole = Sample(IMAGE, labels=sample(1).labels, depth=sample(1, 2).depth, background=sample(3, 4))
    kept, thin = subsample_targets(whole, 9, {"labels": 0.1}), subsample_targets(whole, 8, {"labels": 0.1})
    assert kept is whole
    assert thin.targets == ("depth",) and thin.background.targets == ("depth",)
    assert subsample_targets(whole, 8, {"labels": 0.0, "depth": 0.0}).targets == ()
    assert subsample_targets(sample(1), 8, {"labels": 0.1}).background is None


def test_what_is_missing_is_filled_and_nothing_else():
    taught = sample(5, 6.0)
    assert merge_targets(sample(1), taught).labels[0, 0] == 1 and merge_targets(sample(1), taught).depth[0, 0] == 6
    both = merge_targets(sample(None), taught)
    assert (both.labels[0, 0], both.depth[0, 0]) == (5, 6) and merge_targets(sample(None), sample(None)).targets == ()
