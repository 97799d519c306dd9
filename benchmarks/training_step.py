"""Pairs per second of a training step (forward, losses, backward, update) on random pictures, by size and number format.

Run: GLIBC_TUNABLES=glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1073741824 python -m benchmarks.training_step
Ratios are against the first row, in the same run.
"""

from __future__ import annotations

import numpy as np
import torch

from mtdense_ros.stopwatch import Stopwatch
from mtdense_ros.training.batches import DENSE_STRIDE, FOREGROUND_STRIDE, Batch
from mtdense_ros.training.config import TrainConfig
from mtdense_ros.training.loop import Run, train_step

CASES = ((144, 192, False), (144, 192, True), (192, 256, False), (192, 256, True))
BATCH, STEPS = 8, 6


def random_batch(height: int, width: int) -> Batch:
    """A batch of BATCH pairs with every target present."""
    dense = (2 * BATCH, height // DENSE_STRIDE, width // DENSE_STRIDE)
    normals = torch.nn.functional.normalize(torch.randn(dense[0], 3, *dense[1:]), dim=1)
    return Batch(
        images=torch.randn(2 * BATCH, 3, height, width).contiguous(memory_format=torch.channels_last),
        depth=torch.rand(dense) * 4 + 0.5,
        labels=torch.randint(0, 6, dense, dtype=torch.uint8),
        normals=normals,
        foreground=torch.rand(BATCH, height // FOREGROUND_STRIDE, width // FOREGROUND_STRIDE),
    )


def seconds_per_step(height: int, width: int, bf16: bool) -> float:
    """The median time of a step after the first."""
    run, batch, times = Run(TrainConfig(steps=1000, batch=BATCH, bf16=bf16)), random_batch(height, width), []
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
    for height, width, bf16 in CASES:
        rate = BATCH / seconds_per_step(height, width, bf16)
        reference = reference or rate
        print(f"| {height}x{width} | {'bf16' if bf16 else 'fp32'} | {rate:.1f} | {rate / reference:.2f} |", flush=True)


if __name__ == "__main__":
    main()
