"""What all losses share: enough digits, equal shapes, and means over the pixels that are known."""

from __future__ import annotations

import torch
from torch import Tensor

from mtdense_ros.errors import InputError
from mtdense_ros.training.whole_batch import total


def full_precision(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors in float32 at least; float64 stays."""
    return tuple(tensor.to(torch.promote_types(tensor.dtype, torch.float32)) for tensor in tensors)


def check_shapes(where: str, pred: Tensor, target: Tensor) -> None:
    """Raises InputError where two shapes differ: broadcasting would turn a missing channel axis into a wrong loss."""
    if pred.shape != target.shape:
        found = f"{tuple(pred.shape)} and {tuple(target.shape)}"
        raise InputError(f"{where}: prediction and target are {found}; bring both to one shape, channel axis included")


def known_error(pred: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """pred - target, 0 where the target is unknown: replaced before anything else, since 0 times the slope at a NaN is NaN."""
    return torch.where(known, pred - target, 0.0)


def mean_where(values: Tensor, known: Tensor) -> Tensor:
    """Mean of the known values of the whole batch, 0 without any."""
    return mean_of(torch.where(known, values, 0.0).sum(), known.sum())


def mean_of(summed: Tensor, count: Tensor) -> Tensor:
    """The mean over the whole batch of values with this sum and number, 0 without any."""
    return total(summed) / total(count.to(summed.dtype)).clamp(min=1)
