"""Structural similarity, and the compound loss of MDEAS that is built on it."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from mtdense_ros.errors import InputError
from mtdense_ros.training.pixels import check_shapes, full_precision, known_error, mean_where

RADIUS, SIGMA = 5, 1.5
C1, C2 = 0.01**2, 0.03**2
"""Of Wang et al. (IEEE TIP 2004) for values in [0, 1]."""

MDEAS_WEIGHTS = {"ssim_depth": 2.0, "ssim_mask": 0.4, "mse_depth": 0.1, "mse_mask": 1.0, "l1_depth": 1e-6, "l1_mask": 1e-6}
"""Of `1 - ssim`, of the mean square and of the mean absolute error."""


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Mean structural similarity of a and b, both (B, C, H, W) in [0, 1]: Gaussian window 11, sigma 1.5, biased variances.

    Outside the picture both count as 0, and so they do where b, the truth, is NaN; the mean is over the other pixels, and 1
    without any. Raises InputError on other shapes.
    """
    return 1 - _dissimilarity(a, b)


def mdeas_loss(depth: Tensor, mask: Tensor, depth_target: Tensor, mask_target: Tensor) -> dict[str, Tensor]:
    """The loss of MDEAS, `total`, and its terms: SSIM (the similarity itself), mean square and mean absolute error, of each task.

    All (B, 1, H, W); depth in the unit of its target, [0, 1] as published; mask as probability, not as logits. NaN in a target
    is unknown. A task without any truth has similarity 1 and errors 0.
    """
    terms = {}
    for task, pred, target in (("depth", depth, depth_target), ("mask", mask, mask_target)):
        known = ~target.isnan()
        dissimilarity = _dissimilarity(pred, target)
        pred, target = full_precision(pred, target)
        error = known_error(pred, target, known)
        terms[f"ssim_{task}"] = dissimilarity
        terms[f"mse_{task}"] = mean_where(error.square(), known)
        terms[f"l1_{task}"] = mean_where(error.abs(), known)
    total = torch.stack([weight * terms[name] for name, weight in MDEAS_WEIGHTS.items()]).sum()
    similarities = {name: 1 - value for name, value in terms.items() if name.startswith("ssim")}
    return {**terms, **similarities, "total": total}


def _dissimilarity(a: Tensor, b: Tensor) -> Tensor:
    check_shapes("ssim", a, b)
    if a.ndim != 4:
        raise InputError(f"ssim: found {a.ndim} axes, expected (B, C, H, W); give one channel an axis of its own")
    known = ~b.isnan()
    a, b = (torch.where(known, x, 0.0) for x in full_precision(a, b))
    with torch.autocast(a.device.type, enabled=False):  # the variances are small differences of means: bfloat16 has no digits left
        mean_a, mean_b, square_a, square_b, product = _windowed(torch.cat([a, b, a * a, b * b, a * b], 1)).chunk(5, dim=1)
    variances = square_a - mean_a.square() + square_b - mean_b.square()
    covariance = product - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + C1) / (mean_a.square() + mean_b.square() + C1)
    structure = (2 * covariance + C2) / (variances + C2)
    return mean_where(1 - luminance * structure, known)


def _windowed(maps: Tensor) -> Tensor:
    """The Gaussian mean around each pixel of (B, C, H, W), zeros beyond the border."""
    offsets = range(-RADIUS, RADIUS + 1)
    line = torch.tensor([math.exp(-(x**2) / (2 * SIGMA**2)) for x in offsets], dtype=torch.float32)
    line = line / line.sum()
    window = torch.outer(line, line).to(maps).expand(maps.shape[1], 1, -1, -1)
    return F.conv2d(maps, window, padding=RADIUS, groups=maps.shape[1])
