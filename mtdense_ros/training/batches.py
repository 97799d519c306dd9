"""Batches of augmented samples, a pure function of the seed and the step, made ahead of time by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdense_ros.data.augment import Augmentation, augmented
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.models.base import TASKS
from mtdense_ros.training.mixture import Mixture

FOREGROUND = "foreground"
AHEAD = 4


@dataclass(frozen=True)
class Batch:
    """B frames, then the P backgrounds that some of them have, along the first axis of `images` and of the dense truths.

    images (B + P, H, W, 3) uint8; paired (P,) int64: the frame of each background. truth: labels (B + P, h, w) uint8, 255 unknown;
    depth (B + P, h, w), metres for the training's focal length or relative; normals (B + P, 3, h, w) unit; foreground (P, h, w): the
    share of foreground in each cell; NaN unknown.
    """

    images: Tensor
    paired: Tensor
    truth: Mapping[str, Tensor]

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        if device.type == "cpu":
            return self
        truth = {key: value.to(device, non_blocking=True) for key, value in self.truth.items()}
        return Batch(self.images.to(device, non_blocking=True), self.paired.to(device), truth)


@dataclass(frozen=True)
class Layout:
    """What a batch holds: the targets, each at a stride (1 if not named); focal_px: what metric depth is scaled to (0: left as it is)."""

    targets: tuple[str, ...] = (*TASKS, FOREGROUND)
    strides: Mapping[str, int] = field(default_factory=dict)
    focal_px: float = 0.0


def collate(samples: Sequence[Sample], layout: Layout) -> Batch:
    """Samples of one size as tensors; what a sample does not know is unknown in every pixel."""
    paired = [i for i, sample in enumerate(samples) if sample.background is not None]
    pictures = [*samples, *(sample.background for sample in samples if sample.background is not None)]
    truth = {task: _DENSE[task](pictures, layout) for task in layout.targets if task != FOREGROUND}
    if FOREGROUND in layout.targets:
        if not paired:  # a change decoder has BatchNorm: it needs a pair, if one that teaches nothing
            paired = [0]
            pictures.append(samples[0])
            truth = {task: torch.cat([value, _unknown_like(value[:1])]) for task, value in truth.items()}
        truth[FOREGROUND] = _foreground([samples[i] for i in paired], layout)
    return Batch(torch.from_numpy(np.stack([p.image for p in pictures])), torch.tensor(paired, dtype=torch.int64), truth)


def make_batch(
    mixture: Mixture, layout: Layout, seed: int, step: int, rows: range, size_hw: tuple[int, int], options: Augmentation
) -> Batch:
    """The batch of a step: a random sample at (height, width) for each of its rows, whichever process makes which."""
    return collate([_drawn(mixture, np.random.default_rng([seed, step, row]), size_hw, options) for row in rows], layout)


def normalised(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Images (N, H, W, 3) uint8 as (N, 3, H, W) float in channels-last memory, (rgb / 255 - mean) / std."""
    scale = (1 / (255 * torch.tensor(std))).to(images.device)
    shift = (torch.tensor(mean) / torch.tensor(std)).to(images.device)
    return (images.float() * scale - shift).permute(0, 3, 1, 2)


class Prefetcher:
    """Makes the batches of consecutive steps in background threads (OpenCV and NumPy release the interpreter for most of it).

    make: the batch of a step. Use as a context manager: leaving it drops what is under way.
    """

    def __init__(self, make: Callable[[int], Batch], first_step: int, threads: int) -> None:
        self._make = make
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
        self._queue: deque[Future[Batch]] = deque()
        self._next = first_step
        self._ahead = max(AHEAD, threads + 1)

    def take(self) -> Batch:
        """The next step's batch."""
        while len(self._queue) < self._ahead:
            self._queue.append(self._pool.submit(self._make, self._next))
            self._next += 1
        return self._queue.popleft().result()

    def __enter__(self) -> Prefetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


def _drawn(mixture: Mixture, rng: np.random.Generator, size_hw: tuple[int, int], options: Augmentation) -> Sample:
    return augmented(mixture.drawn(rng), lambda: mixture.drawn(rng), size_hw, rng, options)


def _cells(array: NDArray[Any] | None, shape: tuple[int, ...], stride: int, unknown: float, dtype: type[np.generic]) -> NDArray[Any]:
    """Each cell's centre pixel at a stride; `unknown` everywhere where there is no array."""
    centres = slice(stride // 2, None, stride)
    return (np.full(shape, unknown, dtype) if array is None else array)[centres, centres]


def _labels(pictures: Sequence[Sample], layout: Layout) -> Tensor:
    stride = layout.strides.get("labels", 1)
    return torch.from_numpy(np.stack([_cells(p.labels, p.image.shape[:2], stride, UNLABELLED, np.uint8) for p in pictures]))


def _depth(pictures: Sequence[Sample], layout: Layout) -> Tensor:
    stride = layout.strides.get("depth", 1)
    scales = [layout.focal_px / p.intrinsics.fx if layout.focal_px and p.intrinsics else 1.0 for p in pictures]
    maps = [_cells(p.depth, p.image.shape[:2], stride, np.nan, np.float32) for p in pictures]
    return torch.from_numpy(np.stack([depth * np.float32(scale) for depth, scale in zip(maps, scales, strict=True)]))


def _normals(pictures: Sequence[Sample], layout: Layout) -> Tensor:
    stride = layout.strides.get("normals", 1)
    maps = np.stack([_cells(p.normals, p.image.shape, stride, np.nan, np.float32) for p in pictures])
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(maps, -1, 1)))


def _foreground(frames: Sequence[Sample], layout: Layout) -> Tensor:
    masks = [_cells(frame.foreground, frame.image.shape[:2], 1, np.nan, np.float32) for frame in frames]
    return torch.nn.functional.avg_pool2d(torch.from_numpy(np.stack(masks))[:, None], layout.strides.get(FOREGROUND, 1))[:, 0]


def _unknown_like(truth: Tensor) -> Tensor:
    return torch.full_like(truth, UNLABELLED if truth.dtype == torch.uint8 else torch.nan)


_DENSE: dict[str, Callable[[Sequence[Sample], Layout], Tensor]] = {"labels": _labels, "depth": _depth, "normals": _normals}
