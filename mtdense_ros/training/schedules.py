"""Pure functions of the progress of a training: learning rates and averaging."""

from __future__ import annotations

import math
from collections.abc import Iterable


def progress(step: int, steps: int, elapsed_s: float, minutes: float) -> float:
    """How far a run is, 0..1: of its steps or of its time, whichever is further; 0 steps or 0 minutes set no limit."""
    of_steps = step / steps if steps else 0.0
    of_time = elapsed_s / (60 * minutes) if minutes else 0.0
    return min(1.0, max(of_steps, of_time))


def cosine_lr(share: float, peak: float, step: int, warmup: int) -> float:
    """The rate at `share` (0..1) of a run: half a cosine from `peak` to a hundredth of it, under a linear rise over `warmup` steps."""
    rate = peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
    return rate * min(1.0, (step + 1) / max(1, warmup))


def ema_decay(step: int, decay: float) -> float:
    """The decay of a running average that forgets its random start: (1 + step) / (10 + step), at most `decay`."""
    return min(decay, (1 + step) / (10 + step))


def cyclic_lr(step: float, steps_per_epoch: float, lr_min: float, lr_max: float, warmup: float, edge: float, cycles: int) -> float:
    """The rate of MDEAS: `warmup` epochs at lr_max, then `cycles` triangles, then a tail.

    A triangle starts at lr_min, reaches lr_max after `edge` epochs, and lr_min again after another `edge`. The tail starts from
    lr_max, divided by ten as it begins and once more after every further `edge` epochs; the published code means that and, by a
    floor division in place of a remainder, stays at lr_max.
    """
    edges = round((step / steps_per_epoch - warmup) / edge, 12)  # where an epoch has no whole number of steps, 2.9999999999999996 is 3
    if edges < 0:
        return lr_max
    cycle = math.floor(edges / 2)
    if cycle >= cycles:
        return lr_max * 10.0 ** -(1 + math.floor(edges - 2 * cycles))
    return lr_min + (lr_max - lr_min) * (1 - abs(edges - 2 * cycle - 1))


def poly_lr(step: int, steps: int, base: float, power: float = 0.9, warmup: int = 0, start: float = 1e-3) -> float:
    """`base` falling to 0 at `steps` as (1 - share of the way) ** power (DeepLab), after a linear rise from start * base.

    The rise takes the first `warmup` steps, the fall is over the others.
    """
    if step < warmup:
        return base * (start + (1 - start) * step / warmup)
    return base * math.pow(max(0.0, 1 - (step - warmup) / max(1, steps - warmup)), power)


def multistep_lr(epoch: int, base: float, milestones: Iterable[int], gamma: float = 0.1) -> float:
    """`base` times gamma for every milestone reached; milestones are first epochs at the lower rate, in any order.

    DenseTorch's recipe for HydraNet: range(1, 1000, 100), so that only epoch 0 has the full rate.
    """
    return base * gamma ** sum(epoch >= milestone for milestone in milestones)
