"""Losses of the dense tasks and of the foreground, each over the pixels that have truth, in float32."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from mtdense_ros.records import UNLABELLED


def labels_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Mean cross entropy of logits (B, C, h, w) against ids (B, h, w); 255 is ignored, and nothing but it gives 0."""
    total = F.cross_entropy(logits.float(), target.long(), ignore_index=UNLABELLED, reduction="sum")
    return total / (target != UNLABELLED).sum().clamp(min=1)


def depth_loss(depth: Tensor, target: Tensor) -> Tensor:
    """Of positive depth (B, h, w) against target (B, h, w), NaN unknown, both in metres: all in log space.

    1.2 L1 + the scale-invariant error of Eigen et al. (NIPS 2014), its root and with the share .85, per image + L1 of the
    horizontal and vertical differences.
    """
    valid = torch.isfinite(target)
    error = torch.where(valid, depth.float().clamp(min=1e-6).log() - target.float().log().nan_to_num(), 0.0)
    count = valid.sum((1, 2)).clamp(min=1)
    mean, square = error.sum((1, 2)) / count, error.square().sum((1, 2)) / count
    invariant = (square - 0.85 * mean.square() + 1e-6).sqrt().mean()
    return 1.2 * error.abs().sum() / count.sum() + invariant + _difference(error, valid, 1) + _difference(error, valid, 2)


def normals_loss(normals: Tensor, target: Tensor) -> Tensor:
    """Mean of 1 - cosine between raw (B, 3, h, w) and unit target (B, 3, h, w); an all-zero target is unknown."""
    valid = target.float().square().sum(1) > 0.25
    distance = 1 - F.cosine_similarity(normals.float(), target.float(), dim=1, eps=1e-6)
    return (distance * valid).sum() / valid.sum().clamp(min=1)


def foreground_loss(logits: Tensor, target: Tensor) -> Tensor:
    """2 BCE + Dice of logits (B, h, w) against shares of foreground (B, h, w) in [0, 1]; Dice over the whole batch."""
    logits, target = logits.float(), target.float()
    probability = logits.sigmoid()
    dice = 1 - (2 * (probability * target).sum() + 1) / (probability.sum() + target.sum() + 1)
    return 2 * F.binary_cross_entropy_with_logits(logits, target) + dice


def _difference(error: Tensor, valid: Tensor, axis: int) -> Tensor:
    """Mean absolute difference of neighbours along an axis, where both are valid."""
    n = error.shape[axis] - 1
    both = valid.narrow(axis, 0, n) & valid.narrow(axis, 1, n)
    return (error.diff(dim=axis).abs() * both).sum() / both.sum().clamp(min=1)
