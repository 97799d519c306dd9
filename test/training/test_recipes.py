"""The published losses by name: what each adds up, on numbers worked out by hand."""

import math

import pytest
import torch

from mtdense_ros.training.recipes import RECIPES


def test_hydranet_is_half_cross_entropy_and_half_berhu_at_the_size_of_the_truth():
    raw = {"labels": torch.zeros(1, 4, 1, 1), "depth": torch.full((1, 1, 1, 1), 2.0)}  # enlarged to two pixels of the same value
    truth = {"labels": torch.tensor([[[1, 255]]], dtype=torch.uint8), "depth": torch.tensor([[[1.0, math.nan]]])}
    terms = RECIPES["hydranet"].terms(raw, truth)
    # one error of 1: c = .2, (1 + .04) / .4 = 2.6, over two pixels
    assert {name: value.item() for name, value in terms.items()} == pytest.approx({"labels": math.log(4), "depth": 1.3})
    assert RECIPES["hydranet"].total(terms).item() == pytest.approx(0.5 * math.log(4) + 0.5 * 1.3)


def test_lraspp_is_cross_entropy_alone():
    terms = RECIPES["lraspp"].terms({"labels": torch.zeros(1, 2, 1, 1)}, {"labels": torch.zeros(1, 1, 1, dtype=torch.uint8)})
    assert RECIPES["lraspp"].total(terms).item() == pytest.approx(math.log(2))
