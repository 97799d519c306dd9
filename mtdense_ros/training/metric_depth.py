"""Losses of depth: reversed Huber, the scale-invariant error, and both differences and values in log space."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from mtdense_ros.training.pixels import check_shapes, full_precision, known_error, mean_where
from mtdense_ros.training.whole_batch import largest, total

_ROUND = 1e-12
"""Added under a root, whose slope is infinite at 0."""


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
    """Of positive depth (B, h, w) against target (B, h, w), both in metres; unknown as for scale_invariant_rmse: all in log space.

    1.2 L1 + the scale-invariant error with the share .85 + L1 of the horizontal and vertical differences.
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
