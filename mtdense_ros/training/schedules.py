"""Pure functions of the progress of a training: learning rate and averaging."""

from __future__ import annotations

import math


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
