"""Losses of all tasks, each over the pixels that have truth, in float32 (float64 where given): without any truth 0, and no gradient."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.training.distillation import distillation_loss, feature_distillation
from mtdense_ros.training.metric_depth import berhu, depth_loss, scale_invariant_rmse
from mtdense_ros.training.pixels import check_shapes, full_precision, mean_of, mean_where
from mtdense_ros.training.structural import mdeas_loss, ssim
from mtdense_ros.training.whole_batch import total

__all__ = [
    "berhu",
    "depth_loss",
    "distillation_loss",
    "feature_distillation",
    "foreground_loss",
    "labels_loss",
    "mdeas_loss",
    "normals_loss",
    "scale_invariant_rmse",
    "ssim",
]


def labels_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Mean cross entropy of logits (B, C, h, w) against ids (B, h, w); 255 is ignored, and nothing but it gives 0."""
    (logits,) = full_precision(logits)
    return mean_of(F.cross_entropy(logits, target.long(), ignore_index=UNLABELLED, reduction="sum"), (target != UNLABELLED).sum())


def normals_loss(normals: Tensor, target: Tensor) -> Tensor:
    """Mean of 1 - cosine between raw (B, 3, h, w) and unit target (B, 3, h, w); a target of NaN or zeros is unknown."""
    check_shapes("normals_loss", normals, target)
    normals, target = full_precision(normals, target)
    known = target.square().sum(1) > 0.25
    return mean_where(1 - F.cosine_similarity(normals, torch.where(known[:, None], target, 0.0), dim=1, eps=1e-6), known)


def foreground_loss(logits: Tensor, target: Tensor) -> Tensor:
    """2 BCE + Dice of logits (B, h, w) against shares of foreground (B, h, w) in [0, 1], NaN unknown; Dice over the whole batch."""
    check_shapes("foreground_loss", logits, target)
    logits, target = full_precision(logits, target)
    known = ~target.isnan()
    truth = torch.where(known, target, 0.0)
    probability = torch.where(known, logits.sigmoid(), 0.0)
    dice = 1 - (2 * total((probability * truth).sum()) + 1) / (total(probability.sum() + truth.sum()) + 1)
    return 2 * mean_where(F.binary_cross_entropy_with_logits(logits, truth, reduction="none"), known) + dice
