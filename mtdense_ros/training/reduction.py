"""Means and maxima over the known pixels of a batch that several processes share: each computes the loss of the whole batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, distributed

from mtdense_ros.errors import InputError

_processes: ContextVar[int] = ContextVar("processes", default=1)


@contextmanager
def shared_batch(processes: int) -> Iterator[None]:
    """A context in which `total` and `largest` are over that many processes, all of which must make the same calls.

    Their gradients are `processes` times those of this process's part: DistributedDataParallel, which averages, then gives the
    gradient of the whole batch.
    """
    token = _processes.set(processes)
    try:
        yield
    finally:
        _processes.reset(token)


def total(value: Tensor) -> Tensor:
    """The sum over the processes of one value that each has."""
    size = _processes.get()
    return value if size == 1 else _Total.apply(value, size)  # type: ignore[no-untyped-call]


def largest(value: Tensor) -> Tensor:
    """The largest of the values that each process has."""
    size = _processes.get()
    return value if size == 1 else _Largest.apply(value, size)  # type: ignore[no-untyped-call]


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, size: int) -> Tensor:
        ctx.size = size
        return _reduced(value, distributed.ReduceOp.SUM)

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[Tensor, None]:
        return grad[0] * ctx.size, None


class _Largest(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, size: int) -> Tensor:
        found = _reduced(value, distributed.ReduceOp.MAX)
        mine = (value == found).to(value)
        ctx.factor = size * mine / _reduced(mine, distributed.ReduceOp.SUM)
        return found

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[Tensor, None]:
        return grad[0] * ctx.factor, None


def _reduced(value: Tensor, how: Any) -> Tensor:
    result = value.detach().clone()
    distributed.all_reduce(result, how)
    return result


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
