"""Losses against values worked out by hand, and what they must ignore."""

import math

import pytest
import torch

from mtdense_ros.training.losses import depth_loss, foreground_loss, labels_loss, normals_loss


def test_labels_loss_ignores_255():
    logits = torch.zeros(1, 4, 1, 2)
    logits[0, 2, 0, 1] = 50.0
    target = torch.tensor([[[1, 255]]], dtype=torch.uint8)
    assert labels_loss(logits, target).item() == pytest.approx(math.log(4))
    assert labels_loss(logits, torch.full_like(target, 255)).item() == 0


def test_depth_loss_of_a_constant_ratio():
    target = torch.tensor([[[1.0, 2.0], [math.nan, 4.0]]])
    pred = torch.where(torch.isnan(target), 7.0, target * math.e)
    # log error 1 everywhere: 1.2 * 1 + sqrt(1 - .85) + no differences
    assert depth_loss(pred, target).item() == pytest.approx(1.2 + math.sqrt(0.15), rel=1e-4)


def test_depth_loss_has_finite_gradients_where_truth_is_unknown():
    pred = torch.rand(2, 4, 4).add(0.1).requires_grad_()
    depth_loss(pred, torch.full((2, 4, 4), math.nan)).backward()
    assert torch.isfinite(pred.grad).all() and pred.grad.abs().sum() == 0


def test_depth_loss_punishes_wrong_steps():
    flat, step = torch.ones(1, 1, 4), torch.tensor([[[1.0, 1.0, math.e, math.e]]])
    # log error 0 0 -1 -1: L1 1/2, variance-like 1/2 - .85/4, one of three differences is 1
    assert depth_loss(flat, step).item() == pytest.approx(1.2 * 0.5 + math.sqrt(0.5 - 0.2125) + 1 / 3, rel=1e-4)


def test_normals_loss_is_one_minus_cosine():
    pred = torch.tensor([[0.0, 0.0, -3.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]).T.reshape(1, 3, 1, 3)
    target = torch.tensor([[0.0, 0.0, -1.0], [0.0, 0.0, -1.0], [0.0, 0.0, 0.0]]).T.reshape(1, 3, 1, 3)
    assert normals_loss(pred, target).item() == pytest.approx(0.5)


def test_foreground_loss_prefers_the_truth():
    target = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    right, blank = (target - 0.5) * 40, torch.zeros_like(target)
    assert foreground_loss(right, target).item() == pytest.approx(0, abs=1e-6)
    # all at probability 1/2: 2 ln 2 + 1 - (2 * .5 + 1) / (2 + 1 + 1)
    assert foreground_loss(blank, target).item() == pytest.approx(2 * math.log(2) + 0.5)
