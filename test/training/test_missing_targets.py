"""Every loss: right gradients where the truth is known, none where it is not, and 0 where nothing is; in bfloat16 autocast, too."""

import math

import pytest
import torch

from mtdense_ros.training import losses
from mtdense_ros.training.recipes import RECIPES

NAN = math.nan


def dense(channels=0):
    """Targets (2, [C,] 4, 4) of which the left half is known in one image, and one pixel in the other."""
    target = 0.2 + 0.6 * torch.rand(2, channels or 1, 4, 4, dtype=torch.double)
    target[0, ..., 2:] = target[1, ..., 1:, :] = target[1, ..., 1:] = NAN
    return target if channels else target[:, 0]


def labels():
    return torch.where(torch.isnan(dense()), 255, 1).to(torch.uint8)


def prediction(target, channels=0):
    shape = (2, channels, 4, 4) if channels else target.shape
    return torch.rand(shape, dtype=torch.double) + 0.1


def unit():
    return torch.nn.functional.normalize(dense(3), dim=1)


CASES = {
    "labels_loss": (losses.labels_loss, labels, 3),
    "normals_loss": (losses.normals_loss, unit, 0),
    "foreground_loss": (losses.foreground_loss, dense, 0),
    "depth_loss": (losses.depth_loss, dense, 0),
    "scale_invariant_rmse": (losses.scale_invariant_rmse, dense, 0),
    "berhu": (losses.berhu, dense, 0),
    "1 - ssim": (lambda p, t: 1 - losses.ssim(p, t), lambda: dense(1), 0),
    "mdeas depth": (lambda p, t: losses.mdeas_loss(p, p.detach(), t, torch.full_like(t, NAN))["total"], lambda: dense(1), 0),
    "mdeas mask": (lambda p, t: losses.mdeas_loss(p.detach(), p, torch.full_like(t, NAN), t)["total"], lambda: dense(1), 0),
    "distillation_loss": (lambda p, t: losses.distillation_loss(p, t, 2.0), lambda: dense(3), 0),
    "feature_distillation": (losses.feature_distillation, lambda: dense(3), 0),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    """The loss, a prediction in double and its target."""
    torch.manual_seed(3)
    loss, make, channels = request.param
    target = make()
    return loss, prediction(target, channels), target


def unknown(target):
    return target == 255 if target.dtype == torch.uint8 else torch.isnan(target)


def gradient(loss, pred, target):
    pred = pred.detach().requires_grad_()
    value = loss(pred, target)
    value.backward()
    return value.detach(), pred.grad


def test_gradients_are_those_of_the_values(case):
    loss, pred, target = case
    assert torch.autograd.gradcheck(lambda p: loss(p, target), pred.requires_grad_())


def test_unknown_pixels_have_no_gradient_and_known_ones_have(case):
    loss, pred, target = case
    value, slope = gradient(loss, pred.float(), target)
    missing = unknown(target)
    missing = (missing if missing.ndim == pred.ndim else missing[:, None]).expand_as(pred)
    assert value > 0 and torch.isfinite(slope).all()
    assert (slope[missing] == 0).all() and slope[~missing].abs().sum() > 0


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_nothing_known_is_zero_without_a_gradient(case, autocast):
    loss, pred, target = case
    target = torch.full_like(target, 255 if target.dtype == torch.uint8 else NAN)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        value, slope = gradient(loss, pred.to(torch.bfloat16 if autocast else torch.float32), target)
    assert value == 0 and (slope == 0).all()


def test_autocast_changes_no_digit(case):
    """Predictions come out of autocast in bfloat16; the loss is worked out in float32 all the same."""
    loss, pred, target = case
    pred = pred.to(torch.bfloat16)
    target = target if target.dtype == torch.uint8 else target.float()
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(pred, target)
    assert value.dtype == torch.float32 and value.item() == loss(pred.float(), target).item()


def test_the_mask_of_mdeas_becomes_a_probability_with_all_its_digits():
    torch.manual_seed(3)
    raw = {key: torch.randn(1, 1, 16, 16, dtype=torch.bfloat16) for key in ("depth", "foreground")}
    truth = {key: torch.rand(1, 16, 16) for key in raw}
    with torch.autocast("cpu", torch.bfloat16):
        halved = RECIPES["mdeas"].terms(raw, truth)["mse_mask"]
    assert halved == RECIPES["mdeas"].terms({key: value.float() for key, value in raw.items()}, truth)["mse_mask"]
