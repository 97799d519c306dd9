"""Losses of all tasks: over the pixels that have truth, in float32 (in float64 where that is given), 0 without a gradient if none has."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import InputError
from mtdense_ros.training.reduction import check_shapes, full_precision, known_error, largest, mean_of, mean_where, total

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

RADIUS, SIGMA = 5, 1.5
"""Of the Gaussian window of `ssim`, in pixels."""

C1, C2 = 0.01**2, 0.03**2
"""The constants of `ssim` for values in [0, 1] (Wang et al., IEEE TIP 2004)."""

MDEAS_WEIGHTS = {"ssim_depth": 2.0, "ssim_mask": 0.4, "mse_depth": 0.1, "mse_mask": 1.0, "l1_depth": 1e-6, "l1_mask": 1e-6}
"""Weights of the terms of `mdeas_loss`: of 1 - SSIM, of the mean square and of the mean absolute error."""

_ROUND = 1e-12
"""Added under a root, whose slope is infinite at 0."""


def labels_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Mean cross entropy of logits (B, C, h, w) against ids (B, h, w); 255 is ignored, and 0 is returned if there is nothing else."""
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


def distillation_loss(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """T^2 KL(teacher || student) of the softened classes, axis 1 of (B, C, ...); mean over batch and pixels (Hinton et al., 2015).

    T^2 keeps the size of the gradient when T changes. Pixels where the teacher is NaN do not count. Raises InputError where shapes
    differ: both must know the same classes.
    """
    check_shapes("distillation_loss", student_logits, teacher_logits)
    student, teacher = full_precision(student_logits, teacher_logits.detach())
    known = ~teacher.isnan().any(1)
    soft_student = (student / temperature).log_softmax(1)
    soft_teacher = (teacher.nan_to_num() / temperature).log_softmax(1)
    divergence = F.kl_div(soft_student, soft_teacher, reduction="none", log_target=True).sum(1)
    return temperature**2 * mean_where(divergence, known)


def feature_distillation(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean square difference of two feature maps of one shape, taken before their last activation, as activations hide what is negative.

    Pixels where the teacher is NaN do not count. Raises InputError where shapes differ: resize the map, project its channels.
    """
    check_shapes("feature_distillation", student, teacher)
    student, teacher = full_precision(student, teacher.detach())
    known = ~teacher.isnan()
    return mean_where(known_error(student, teacher, known).square(), known)


def berhu(pred: Tensor, target: Tensor) -> Tensor:
    """Reversed Huber loss of any equal shapes (Laina et al., 3DV 2016), as HydraNet's authors train it.

    Negative predictions count as 0. Errors up to c count as they are, larger ones as (error^2 + c^2) / (2 c), where c is a fifth
    of the largest error of the batch and has a gradient of its own. A target of 0, NaN or infinity is unknown and costs nothing,
    but the mean is over all pixels. Raises InputError where shapes differ.
    """
    check_shapes("berhu", pred, target)
    pred, target = full_precision(pred, target)
    known = torch.isfinite(target) & (target != 0)
    error = known_error(F.relu(pred), target, known).abs()
    limit = 0.2 * largest(error.max())
    safe = torch.where(limit > 0, limit, 1.0)  # without any error the second branch is not taken, but its gradient is worked out
    near = error <= limit
    linear, square = torch.where(near, error, 0.0).sum(), torch.where(near, 0.0, error.square()).sum()
    far, pixels = (total(count.to(error.dtype)) for count in ((~near).sum(), near.new_tensor(near.numel(), dtype=torch.int64)))
    return (total(linear) + total(square) / (2 * safe) + far * safe / 2) / pixels


def scale_invariant_rmse(depth: Tensor, target: Tensor, share: float = 1.0) -> Tensor:
    """Root of mean(e^2) - share * mean(e)^2 of the log errors e of an image (Eigen et al., NIPS 2014), mean over the images.

    depth, target (B, h, w), positive; a target that is not positive and finite is unknown, an image without any is left out.
    share 1 makes every scale equal: the si-RMSE of the mobile depth challenges. Raises InputError where shapes differ.
    """
    check_shapes("scale_invariant_rmse", depth, target)
    return _scale_invariant(*_log_error(depth, target), share)


def depth_loss(depth: Tensor, target: Tensor) -> Tensor:
    """1.2 L1 + the scale-invariant error with the share 0.85 + L1 of the horizontal and vertical differences, all in log space.

    depth (B, h, w), positive, and target (B, h, w) are in metres; a target is unknown as for scale_invariant_rmse.
    """
    check_shapes("depth_loss", depth, target)
    error, known = _log_error(depth, target)
    differences = _difference(error, known, 1) + _difference(error, known, 2)
    return 1.2 * mean_where(error.abs(), known) + _scale_invariant(error, known, 0.85) + differences


def _log_error(depth: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """log(depth / target), 0 where the target is unknown, and where it is known."""
    depth, target = full_precision(depth, target)
    known = torch.isfinite(target) & (target > 0)
    return known_error(depth.clamp(min=1e-6).log(), target.log(), known), known


def _scale_invariant(error: Tensor, known: Tensor, share: float) -> Tensor:
    """Mean over images (B, h, w) of sqrt(variance + (1 - share) mean^2): Eigen's term without its difference of large numbers."""
    count = known.sum((1, 2))
    pixels = count.clamp(min=1)
    mean = error.sum((1, 2)) / pixels
    variance = torch.where(known, error - mean[:, None, None], 0.0).square().sum((1, 2)) / pixels
    return mean_where((variance + (1 - share) * mean.square() + _ROUND).sqrt(), count > 0)


def _difference(error: Tensor, known: Tensor, axis: int) -> Tensor:
    """Mean absolute difference of neighbours along an axis, where both are known."""
    n = error.shape[axis] - 1
    return mean_where(error.diff(dim=axis).abs(), known.narrow(axis, 0, n) & known.narrow(axis, 1, n))


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
    weighted = torch.stack([weight * terms[name] for name, weight in MDEAS_WEIGHTS.items()]).sum()
    similarities = {name: 1 - value for name, value in terms.items() if name.startswith("ssim")}
    return {**terms, **similarities, "total": weighted}


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
