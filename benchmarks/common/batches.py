"""What it takes to predict pictures of several cameras one after the other, and in batches."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from typing import Any

import numpy as np

from benchmarks.common import pictures
from benchmarks.common.usage import Usage
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.utils.buffers import BufferPool

WARM_UP = 3


def measured(weights: str, size_hw: tuple[int, int], counts: Collection[int], runs: int) -> list[dict[str, Any]]:
    """For each number of pictures in a call: the ms of a call, in `runs` calls, all outputs, each picture with its own background.

    The numbers take turns. memory_mb: by how much this process grew when that number was first predicted.
    """
    predictor = Predictor.load(weights, device="cpu")
    frames = pictures.moving(size_hw, max(counts))
    backgrounds = [predictor.encode_background(frame) for frame in frames]
    pools = {count: BufferPool() for count in counts}

    def call_ms(count: int) -> float:
        begin = time.perf_counter()
        predictor.predict_batch(frames[:count], backgrounds=backgrounds[:count], buffers=pools[count])
        return 1e3 * (time.perf_counter() - begin)

    found = []
    for count in counts:
        before = Usage.of(os.getpid()).rss_mb
        for _ in range(WARM_UP):
            call_ms(count)
        found.append({"count": count, "memory_mb": round(Usage.of(os.getpid()).rss_mb - before, 1), "ms": []})
    for _ in range(runs):
        for one in found:
            one["ms"].append(round(call_ms(one["count"]), 2))
    return found


def ages_ms(call_ms: float, one_ms: float, count: int) -> tuple[float, float, float, float]:
    """Of `count` pictures that arrive together, in ms: the mean and the greatest age one by one, and the same in one call."""
    return float(np.mean([one_ms * i for i in range(1, count + 1)])), one_ms * count, call_ms, call_ms
