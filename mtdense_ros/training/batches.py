"""Batches of augmented pairs, a pure function of the seed and the step, made ahead of time by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mtdense_ros.data.augment import Augmentation, Sample, augmented, cropped
from mtdense_ros.data.shards import BACKGROUND, FRAME, Pair, ShardSet
from mtdense_ros.errors import InputError

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of RGB in [0, 1], over ImageNet: what networks of this family expect."""

FOCAL_PX = 230.0
"""The focal length, in pixels of the network's input, for which the raw depth holds; 58 degrees over 256 pixels."""

DOOR, WALL = 6, 1
"""The renders know doors as a class; the shipped label space, like the truth of NYUv2, counts them as wall."""

DENSE_STRIDE, FOREGROUND_STRIDE = 4, 2
AHEAD = 4


@dataclass(frozen=True)
class Batch:
    """Frames first, then their backgrounds, along the first axis of all but `foreground`.

    images (2B, 3, H, W) float, normalised; depth (2B, h, w) in metres for FOCAL_PX, NaN unknown; labels (2B, h, w) uint8;
    normals (2B, 3, h, w) zero unknown, at stride 4; foreground (B, H/2, W/2): share of foreground in each cell.
    """

    images: Tensor
    depth: Tensor
    labels: Tensor
    normals: Tensor
    foreground: Tensor


class Pairs:
    """The pairs of several rendered sets, of which the first `held_out` serve for validation; `refresh` finds new shards."""

    def __init__(self, roots: Sequence[Path], held_out: int) -> None:
        self._roots = list(roots)
        self._held_out = held_out
        self.refresh()

    def refresh(self) -> None:
        """Reads the manifests again: shards that were finished meanwhile join."""
        self._sets = [ShardSet(root) for root in self._roots]
        if self.training_size < 1:
            raise InputError(f"{self._roots}: no pairs beyond the {self._held_out} held out; render more, or lower 'validation'")

    @property
    def training_size(self) -> int:
        """How many pairs there are to train on."""
        return sum(len(s) for s in self._sets) - self._held_out

    def training(self, index: int) -> Pair:
        """Training pair 0..training_size-1."""
        return self._at(index + self._held_out)

    def validation(self) -> Iterator[Pair]:
        """The held-out pairs."""
        return (self._at(index) for index in range(self._held_out))

    def _at(self, index: int) -> Pair:
        for pairs in self._sets:
            if index < len(pairs):
                return pairs[index]
            index -= len(pairs)
        raise IndexError("pair beyond the last set")


def random_batch(pairs: Pairs, seed: int, step: int, size: int, size_hw: tuple[int, int], options: Augmentation | None) -> Batch:
    """The batch of a step: `size` random pairs at (height, width), resized only where options is None."""
    rng = np.random.default_rng([seed, step])
    count = pairs.training_size
    samples = []
    for index, donor in rng.integers(count, size=(size, 2)).tolist():
        pair = pairs.training(index)
        samples.append(augmented(pair, pairs.training(donor), size_hw, rng, options) if options else cropped(pair, size_hw))
    return collate(samples)


def collate(samples: Sequence[Sample]) -> Batch:
    """Samples of one size as tensors; depth becomes that of a camera of FOCAL_PX, doors become wall."""
    images = torch.from_numpy(np.concatenate([np.stack([s.images[view] for s in samples]) for view in (FRAME, BACKGROUND)]))
    scale = np.array([FOCAL_PX / s.focal for s in samples] * 2, np.float32)[:, None, None]
    depth = _views([s.depth for s in samples]) * scale
    labels = _views([s.labels for s in samples])
    normals = np.moveaxis(_views([s.normals for s in samples]), -1, 1)
    foreground = torch.from_numpy(np.stack([s.foreground for s in samples])).float()
    return Batch(
        images=normalised(images),
        depth=torch.from_numpy(depth),
        labels=torch.from_numpy(np.where(labels == DOOR, np.uint8(WALL), labels)),
        normals=torch.from_numpy(np.ascontiguousarray(normals)),
        foreground=torch.nn.functional.avg_pool2d(foreground[:, None], FOREGROUND_STRIDE)[:, 0],
    )


def normalised(images: Tensor) -> Tensor:
    """Images (B, H, W, 3) uint8 as (B, 3, H, W) float in channels-last memory, (rgb / 255 - MEAN) / STD."""
    scale, shift = 1 / (255 * torch.tensor(STD)), torch.tensor(MEAN) / torch.tensor(STD)
    return (images.float() * scale - shift).permute(0, 3, 1, 2)


class Prefetcher:
    """Makes the batches of consecutive steps in background threads (OpenCV and NumPy release the interpreter for most of it)."""

    def __init__(self, pairs: Pairs, seed: int, size: int, options: Augmentation | None, threads: int, first_step: int) -> None:
        self._arguments = (pairs, seed, size, options)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
        self._queue: deque[Future[Batch]] = deque()
        self._next = first_step

    def take(self, size_hw: tuple[int, int]) -> Batch:
        """The next step's batch; those begun from now on have (height, width) `size_hw`."""
        pairs, seed, size, options = self._arguments
        while len(self._queue) < AHEAD:
            self._queue.append(self._pool.submit(random_batch, pairs, seed, self._next, size, size_hw, options))
            self._next += 1
        return self._queue.popleft().result()

    def close(self) -> None:
        """Drops what is under way."""
        self._pool.shutdown(cancel_futures=True)


def _views(arrays: Sequence[np.ndarray]) -> np.ndarray:  # type: ignore[type-arg]
    """Arrays (2, H, W, ...) per sample to (2B, h, w, ...), frames first, each cell's centre pixel at DENSE_STRIDE."""
    cells = slice(DENSE_STRIDE // 2, None, DENSE_STRIDE)
    return np.stack(arrays, axis=1)[:, :, cells, cells].reshape(-1, *arrays[0][0, cells, cells].shape)
