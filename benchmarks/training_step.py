"""Pairs per second of a training step (forward, losses, backward, update) on random pictures, by size and number format.

Run: GLIBC_TUNABLES=glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1073741824 python -m benchmarks.training_step
Ratios are against the first row, in the same run.
"""

from __future__ import annotations

import numpy as np
import torch

from mtdense_ros.stopwatch import Stopwatch
from mtdense_ros.training.batches import Batch
from mtdense_ros.training.config import TrainConfig
from mtdense_ros.training.loop import train_step
from mtdense_ros.training.recipes import RECIPES
from mtdense_ros.training.run import Run

CASES = ((144, 192, "off"), (144, 192, "bf16"), (192, 256, "off"), (192, 256, "bf16"))
BATCH, STEPS = 8, 6


def random_batch(height: int, width: int) -> Batch:
    """A batch of BATCH pairs with every target present."""
    strides = RECIPES["dense"].strides
    dense = (2 * BATCH, height // strides["depth"], width // strides["depth"])
    truth = {
        "labels": torch.randint(0, 6, dense, dtype=torch.uint8),
        "depth": torch.rand(dense) * 4 + 0.5,
        "normals": torch.nn.functional.normalize(torch.randn(dense[0], 3, *dense[1:]), dim=1),
        "foreground": torch.rand(BATCH, height // strides["foreground"], width // strides["foreground"]),
    }
    return Batch(torch.randint(0, 256, (2 * BATCH, height, width, 3), dtype=torch.uint8), torch.arange(BATCH), truth)


def seconds_per_step(height: int, width: int, amp: str) -> float:
    """The median time of a step after the first."""
    run, batch, times = Run(TrainConfig(steps=1000, batch=BATCH, amp=amp)), random_batch(height, width), []
    for _ in range(STEPS):
        watch = Stopwatch()
        train_step(run, batch)
        watch.lap("step")
        times.append(watch.laps["step"] / 1e3)
    return float(np.median(times[1:]))


def main() -> None:
    torch.set_num_threads(TrainConfig(steps=1).threads)
    print("| size | format | pairs per second | ratio |\n|---|---|---:|---:|")
    reference = 0.0
    for height, width, amp in CASES:
        rate = BATCH / seconds_per_step(height, width, amp)
        reference = reference or rate
        print(f"| {height}x{width} | {'fp32' if amp == 'off' else amp} | {rate:.1f} | {rate / reference:.2f} |", flush=True)


if __name__ == "__main__":
    main()
