"""Losses of the tasks against values worked out by hand."""

import math

import pytest
import torch

from mtdense_ros.errors import InputError
from mtdense_ros.training.losses import (
    berhu,
    depth_loss,
    distillation_loss,
    feature_distillation,
    foreground_loss,
    labels_loss,
    normals_loss,
    scale_invariant_rmse,
)


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


def test_depth_loss_punishes_wrong_steps():
    flat, step = torch.ones(1, 1, 4), torch.tensor([[[1.0, 1.0, math.e, math.e]]])
    # log error 0 0 -1 -1: L1 1/2, variance-like 1/2 - .85/4, one of three differences is 1
    assert depth_loss(flat, step).item() == pytest.approx(1.2 * 0.5 + math.sqrt(0.5 - 0.2125) + 1 / 3, rel=1e-4)


def test_scale_invariant_error_forgives_a_scale_only():
    target = torch.tensor([[[1.0, 2.0, 4.0, 0.0]]])
    assert scale_invariant_rmse(3 * target + (target == 0), target).item() == pytest.approx(0, abs=2e-6)
    # log errors 0, 0, 3: mean 1, mean square 3
    assert scale_invariant_rmse(torch.tensor([[[1.0, 2.0, 4 * math.exp(3), 9.0]]]), target).item() == pytest.approx(math.sqrt(2))
    assert scale_invariant_rmse(3 * target + 1e-3, target, share=0.5).item() == pytest.approx(math.log(3) * math.sqrt(0.5), rel=1e-3)


def test_scale_invariant_error_leaves_out_images_without_truth():
    pred, target = torch.tensor([[[1.0, math.e]], [[5.0, 5.0]]]), torch.tensor([[[1.0, 1.0]], [[math.nan, 0.0]]])
    assert scale_invariant_rmse(pred, target).item() == pytest.approx(0.5)


def test_berhu_by_hand():
    pred, target = torch.tensor([[2.0, -1.0, 10.0, 6.0]]), torch.tensor([[1.5, 0.5, 0.0, 1.0]])
    # errors .5, .5 (a negative prediction counts as 0), unknown, 5; c = 1; the last (25 + 1) / 2 = 13; over four pixels
    assert berhu(pred, target).item() == pytest.approx((0.5 + 0.5 + 13) / 4)
    assert berhu(pred, torch.where(target == 0, math.nan, target)).item() == pytest.approx(14 / 4)


def test_berhu_gradient_passes_the_threshold():
    pred = torch.tensor([1.5, 6.0], requires_grad=True)
    berhu(pred, torch.ones(2)).backward()
    # of (e^2 + c^2) / 2c with c = e / 5 the value is 2.6 e and the slope 2.6; with c held fixed it would be 5; over two pixels
    assert pred.grad.tolist() == pytest.approx([0.5, 1.3])


def test_berhu_of_a_perfect_prediction_is_zero_with_a_zero_gradient():
    pred = torch.tensor([[1.0, 2.0], [0.0, 3.0]], requires_grad=True)
    loss = berhu(pred, pred.detach().clone())
    loss.backward()
    assert loss.item() == 0 and pred.grad.abs().sum() == 0


def test_normals_loss_is_one_minus_cosine():
    pred = torch.tensor([[0.0, 0.0, -3.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]).T.reshape(1, 3, 1, 4)
    target = torch.tensor([[0.0, 0.0, -1.0], [0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [math.nan] * 3]).T.reshape(1, 3, 1, 4)
    assert normals_loss(pred, target).item() == pytest.approx(0.5)


def test_foreground_loss_prefers_the_truth():
    target = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    right, blank = (target - 0.5) * 40, torch.zeros_like(target)
    assert foreground_loss(right, target).item() == pytest.approx(0, abs=1e-6)
    # all at probability 1/2: 2 ln 2 + 1 - (2 * .5 + 1) / (2 + 1 + 1)
    assert foreground_loss(blank, target).item() == pytest.approx(2 * math.log(2) + 0.5)


def test_foreground_loss_leaves_out_what_is_unknown():
    target = torch.tensor([[[1.0, math.nan], [0.0, math.nan]]])
    # two pixels at probability 1/2: 2 ln 2 + 1 - (2 * .5 + 1) / (1 + 1 + 1)
    assert foreground_loss(torch.zeros(1, 2, 2), target).item() == pytest.approx(2 * math.log(2) + 1 / 3)


def test_distillation_by_hand():
    student = torch.zeros(1, 2, 1, 2)
    teacher = torch.tensor([[3 * math.log(3), 0.0], [0.0, math.nan]]).reshape(1, 2, 1, 2)
    # at T = 3 the teacher says 3/4, 1/4, the student 1/2, 1/2; the other pixel is unknown
    divergence = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert distillation_loss(student, teacher, 3.0).item() == pytest.approx(9 * divergence)
    assert distillation_loss(teacher[..., :1], teacher[..., :1], 3.0).item() == pytest.approx(0, abs=1e-6)


def test_distillation_is_the_mean_over_batch_and_pixels():
    torch.manual_seed(0)
    student, teacher = torch.randn(2, 2, 3, 4, 5).unbind()
    pixels = [(slice(b, b + 1), slice(None), y, x) for b in range(2) for y in range(4) for x in range(5)]
    terms = [distillation_loss(student[pixel], teacher[pixel], 2.0) for pixel in pixels]
    assert distillation_loss(student, teacher, 2.0).item() == pytest.approx(torch.stack(terms).mean().item())


def test_feature_distillation_by_hand():
    student, teacher = torch.tensor([[1.0, -2.0, 5.0]]), torch.tensor([[0.0, -5.0, math.nan]])
    assert feature_distillation(student, teacher).item() == pytest.approx((1 + 9) / 2)


@pytest.mark.parametrize("distil", [lambda s, t: distillation_loss(s, t, 4.0), feature_distillation])
def test_no_gradient_reaches_the_teacher(distil):
    student, teacher = (torch.randn(1, 3, 2, 2, requires_grad=True) for _ in range(2))
    distil(student, teacher).backward()
    assert student.grad.abs().sum() > 0 and teacher.grad is None


@pytest.mark.parametrize("loss", [berhu, depth_loss, scale_invariant_rmse, foreground_loss, normals_loss, feature_distillation])
def test_shapes_that_would_broadcast_are_refused(loss):
    with pytest.raises(InputError, match=r"\(2, 1, 4, 4\) and \(2, 4, 4\); bring both"):
        loss(torch.ones(2, 1, 4, 4), torch.ones(2, 4, 4))
