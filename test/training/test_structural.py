"""Structural similarity against its definition, and the terms of MDEAS's loss by hand."""

import math

import pytest
import torch

from mtdense_ros.errors import InputError
from mtdense_ros.training.losses import mdeas_loss, ssim


def window_mean(image, y, x):
    """The weighted mean around one pixel, sample by sample; zeros beyond the border."""
    weights = [math.exp(-(d * d) / (2 * 1.5**2)) for d in range(-5, 6)]
    total = 0.0
    for dy in range(-5, 6):
        for dx in range(-5, 6):
            if 0 <= y + dy < len(image) and 0 <= x + dx < len(image[0]):
                total += weights[dy + 5] * weights[dx + 5] * image[y + dy][x + dx]
    return total / sum(weights) ** 2


def product(a, b):
    return [[p * q for p, q in zip(row_a, row_b, strict=True)] for row_a, row_b in zip(a, b, strict=True)]


def reference(a, b):
    """SSIM of two lists of rows, by the formula of Wang et al. in Python numbers."""
    values = []
    for y in range(len(a)):
        for x in range(len(a[0])):
            mean_a, mean_b = window_mean(a, y, x), window_mean(b, y, x)
            variance_a, variance_b = window_mean(product(a, a), y, x) - mean_a**2, window_mean(product(b, b), y, x) - mean_b**2
            covariance = window_mean(product(a, b), y, x) - mean_a * mean_b
            top = (2 * mean_a * mean_b + 1e-4) * (2 * covariance + 9e-4)
            values.append(top / ((mean_a**2 + mean_b**2 + 1e-4) * (variance_a + variance_b + 9e-4)))
    return sum(values) / len(values)


def test_ssim_by_its_definition():
    torch.manual_seed(0)
    a, b = torch.rand(2, 6, 7)
    expected = reference(a.tolist(), b.tolist())
    assert ssim(a[None, None], b[None, None]).item() == pytest.approx(expected, abs=1e-6)


def test_ssim_of_one_pixel():
    # the middle weight w of the window is all that is not zero: means w a, w b; variances (w - w^2) a^2 ...
    middle = (1 / sum(math.exp(-(d * d) / 4.5) for d in range(-5, 6))) ** 2
    spread = middle - middle**2
    luminance = (2 * middle**2 * 0.5 + 1e-4) / (middle**2 * 1.25 + 1e-4)
    structure = (2 * spread * 0.5 + 9e-4) / (spread * 1.25 + 9e-4)
    assert ssim(torch.ones(1, 1, 1, 1), torch.full((1, 1, 1, 1), 0.5)).item() == pytest.approx(luminance * structure, abs=1e-6)


def test_ssim_is_one_for_equals_and_takes_channels_apart():
    torch.manual_seed(0)
    a, b = torch.rand(2, 2, 3, 16, 16)
    assert ssim(a, a).item() == pytest.approx(1, abs=1e-6)
    assert ssim(a, b).item() == pytest.approx(torch.stack([ssim(a[:, [c]], b[:, [c]]) for c in range(3)]).mean().item(), abs=1e-6)


def test_unknown_pixels_are_as_if_outside_the_picture():
    torch.manual_seed(0)
    a, b = torch.rand(2, 1, 1, 9, 12)
    truth = torch.cat([b, torch.full((1, 1, 9, 5), math.nan)], 3)
    wider = torch.cat([a, torch.rand(1, 1, 9, 5)], 3)
    assert ssim(wider, truth).item() == pytest.approx(ssim(a, b).item(), abs=1e-6)


def test_terms_and_total_of_mdeas():
    depth, mask = torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.5)
    depth_target, mask_target = torch.full((1, 1, 2, 2), 0.2), torch.ones(1, 1, 2, 2)
    loss = mdeas_loss(depth, mask, depth_target, mask_target)
    expected = {"mse_depth": 0.04, "mse_mask": 0.25, "l1_depth": 0.2, "l1_mask": 0.5}
    expected["ssim_depth"], expected["ssim_mask"] = ssim(depth, depth_target).item(), ssim(mask, mask_target).item()
    similarity = 2 * (1 - expected["ssim_depth"]) + 0.4 * (1 - expected["ssim_mask"])
    expected["total"] = similarity + 0.1 * 0.04 + 0.25 + 1e-6 * (0.2 + 0.5)
    assert {key: value.item() for key, value in loss.items()} == pytest.approx(expected, abs=1e-6)


def test_mdeas_counts_only_the_task_with_truth():
    torch.manual_seed(0)
    depth, mask, target = torch.rand(3, 2, 1, 8, 8)
    loss = mdeas_loss(depth, mask, torch.full_like(depth, math.nan), target)
    assert loss["ssim_depth"] == 1 and loss["mse_depth"] == 0 and loss["l1_depth"] == 0
    expected = 0.4 * (1 - loss["ssim_mask"]) + loss["mse_mask"] + 1e-6 * loss["l1_mask"]
    assert loss["total"].item() == pytest.approx(expected.item(), abs=1e-6)


def test_a_missing_channel_axis_is_named():
    with pytest.raises(InputError, match="found 3 axes"):
        ssim(torch.ones(2, 8, 8), torch.ones(2, 8, 8))
