"""Optimisers and learning rates by name."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from mtdense_ros.models import DenseNetwork
from mtdense_ros.training.config import OptimiserConfig, ScheduleConfig
from mtdense_ros.training.schedules import cosine_lr, cyclic_lr, multistep_lr, poly_lr


def make_optimiser(config: OptimiserConfig, net: DenseNetwork) -> torch.optim.Optimizer:
    """An optimiser over all parameters of a network; see set_rate."""
    groups = parameter_groups(config, net)
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum)
    kind = torch.optim.AdamW if config.name == "adamw" else torch.optim.Adam
    return kind(groups, lr=config.lr, betas=config.betas)


def parameter_groups(config: OptimiserConfig, net: DenseNetwork) -> list[dict[str, Any]]:
    """Kernels, which decay, and biases and BatchNorm, which do so only if asked; the encoder's and the others' apart.

    `factor`: of the group's rate against the scheduled one.
    """
    encoder = {id(p) for name, child in net.named_children() if name == "encoder" for p in child.parameters()}
    groups = []
    for factor, inside in ((config.encoder, True), (1.0, False)):
        chosen: list[nn.Parameter] = [p for p in net.parameters() if (id(p) in encoder) == inside]
        for decay, kernels in ((config.weight_decay, True), (config.weight_decay if config.decay_all else 0.0, False)):
            groups.append({"params": [p for p in chosen if (p.ndim > 1) == kernels], "weight_decay": decay, "factor": factor})
    return [group for group in groups if group["params"]]


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The rate of every group, each times its factor."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


def rate_at(optimiser: OptimiserConfig, schedule: ScheduleConfig, step: int, share: float, steps_per_epoch: int) -> float:
    """The rate of a step at a share (0..1) of the run; steps_per_epoch: where the schedule leaves it open."""
    peak, per_epoch = optimiser.lr, schedule.steps_per_epoch or max(1, steps_per_epoch)
    if schedule.name == "cyclic":
        return cyclic_lr(step, per_epoch, schedule.lr_min, peak, schedule.flat_epochs, schedule.edge_epochs, schedule.cycles)
    if schedule.name == "cosine":
        return cosine_lr(share, peak, step, schedule.warmup)
    if schedule.name == "poly":
        return poly_lr(step, round(step / share) if share else step + 1, peak, schedule.power, schedule.warmup)
    risen = peak * min(1.0, (step + 1) / max(1, schedule.warmup))
    return multistep_lr(step // per_epoch, risen, schedule.milestones, schedule.gamma) if schedule.name == "multistep" else risen
