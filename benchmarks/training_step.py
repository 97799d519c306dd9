"""Samples per second of a training step (forward, losses, backward, update) on random pictures, by network, size and precision.

Run: GLIBC_TUNABLES=glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1073741824 python -m benchmarks.training_step
A sample is a pair of pictures for mtdense and mdeas, else one picture. Ratios are against the first row, in the same run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mtdense_ros.training.batches import Batch
from mtdense_ros.training.config import TrainConfig, load_config
from mtdense_ros.training.loop import train_step
from mtdense_ros.training.state import Run
from mtdense_ros.utils.timing import Stopwatch

TRAIN = Path(__file__).parents[1] / "config" / "train"
CONFIGS = {
    "mtdense": TrainConfig(steps=1000),
    **{name: load_config(TRAIN / f"{name}_indoor.yaml") for name in ("hydranet", "mdeas", "lraspp", "ffm")},
}
CASES = (
    ("mtdense", 144, 192, "fp32"),
    ("mtdense", 144, 192, "bf16"),
    ("mtdense", 192, 256, "fp32"),
    ("mtdense", 192, 256, "bf16"),
    ("mtdense", 240, 320, "bf16"),
    ("hydranet", 192, 256, "bf16"),
    ("mdeas", 160, 160, "bf16"),
    ("lraspp", 192, 256, "fp32"),
    ("ffm", 128, 160, "bf16"),
)
BATCH, STEPS = 8, 6


def random_batch(run: Run, height: int, width: int) -> Batch:
    """A batch of BATCH samples, pairs where the network reads pairs, with every target present."""
    pairs = BATCH if "foreground" in run.net.outputs else 0
    frames = BATCH + pairs

    def size(target: str) -> tuple[int, int]:
        stride = run.recipe.strides.get(target, 1)
        return height // stride, width // stride

    truth = {
        "labels": torch.randint(0, 6, (frames, *size("labels")), dtype=torch.uint8),
        "depth": torch.rand(frames, *size("depth")) * 4 + 0.5,
        "normals": torch.nn.functional.normalize(torch.randn(frames, 3, *size("normals")), dim=1),
        "foreground": torch.rand(pairs, *size("foreground")),
    }
    return Batch(torch.randint(0, 256, (frames, height, width, 3), dtype=torch.uint8), torch.arange(pairs), truth)


def seconds_per_step(config: TrainConfig, height: int, width: int) -> float:
    """The median time of a step after the first."""
    run, times = Run(config), []
    batch = random_batch(run, height, width)
    for _ in range(STEPS):
        watch = Stopwatch()
        train_step(run, batch)
        watch.lap("step")
        times.append(watch.laps["step"] / 1e3)
    return float(np.median(times[1:]))


def main() -> None:
    torch.set_num_threads(TrainConfig(steps=1).threads)
    print("| network | size | format | samples per second | ratio |\n|---|---|---|---:|---:|")
    reference = 0.0
    for arch, height, width, amp in CASES:
        rate = BATCH / seconds_per_step(replace(CONFIGS[arch], batch=BATCH, amp=amp, encoder=""), height, width)
        reference = reference or rate
        print(f"| {arch} | {height}x{width} | {amp} | {rate:.1f} | {rate / reference:.2f} |", flush=True)


if __name__ == "__main__":
    main()
