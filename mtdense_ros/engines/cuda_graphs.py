"""A network on a GPU without the cost of starting its kernels one by one: captured once per set of outputs and shapes, then replayed."""

from __future__ import annotations

import logging
import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import accumulate
from threading import Lock

import torch
from torch import Tensor

from mtdense_ros.engines.base import Floats

Features = tuple[Tensor, ...]
Network = Callable[[Tensor, Features | None, Collection[str] | None], dict[str, Tensor]]
GraphKey = tuple[tuple[int, ...], tuple[tuple[int, ...], ...] | None, frozenset[str] | None]

MAX_GRAPHS = 8
"""Kept at once, each with its own memory; the one that was used least lately goes."""

_WARM_UPS = 3  # torch's documentation: libraries choose kernels and set up workspaces before the capture, not in it

_CAPTURING = Lock()
"""Torch allows one capture at a time in a process, and another engine may be prepared in another thread."""

_log = logging.getLogger(__name__)


@dataclass
class CapturedGraph:
    """A graph with its fixed buffers. host_in, host_out are pinned; image, background and flat lie on the device.

    `flat` holds all outputs one after the other, float32, and `shapes` the shape of each. One run adds `work` to the counters.
    `background` holds a copy of the features `last`.
    """

    graph: torch.cuda.CUDAGraph
    host_in: Tensor
    image: Tensor
    background: Features | None
    flat: Tensor
    host_out: Tensor
    shapes: dict[str, tuple[int, ...]]
    work: Counter[str]
    last: Features | None = None


class CudaGraphs:
    """Runs a network that is on the device, with images cast to dtype. Each run adds what it worked on to the counters.

    One caller at a time, in inference mode. The first run with another set of outputs or shapes waits for its capture. A set of
    inputs that cannot be captured is run eagerly, after one line in the log.
    """

    def __init__(self, net: Network, device: torch.device, dtype: torch.dtype, counters: Counter[str]) -> None:
        self._net, self._device, self._dtype, self._counters = net, device, dtype, counters
        self._captured: OrderedDict[GraphKey, CapturedGraph | None] = OrderedDict()

    def run(self, images: Floats, background: Features | None, outputs: Collection[str] | None) -> dict[str, Floats]:
        """The raw outputs of images (B, 3, h, w) float32 on the host, float32, in fresh memory there."""
        with torch.cuda.device(self._device):
            captured = self._find(torch.from_numpy(images), background, outputs)
            if captured is None:
                raw = self._net(self._entering(torch.from_numpy(images).to(self._device)), background, outputs)
                flat, shapes = flattened(raw)
                return unflattened(flat.cpu(), shapes)
            return self._replayed(captured, torch.from_numpy(images), background)

    def _find(self, images: Tensor, background: Features | None, outputs: Collection[str] | None) -> CapturedGraph | None:
        features = None if background is None else tuple(tuple(value.shape) for value in background)
        key = tuple(images.shape), features, None if outputs is None else frozenset(outputs)
        if key not in self._captured:
            self._captured[key] = self._captured_or_none(images, background, outputs)
            while len(self._captured) > MAX_GRAPHS:
                self._captured.popitem(last=False)
        self._captured.move_to_end(key)
        return self._captured[key]

    def _captured_or_none(self, images: Tensor, background: Features | None, outputs: Collection[str] | None) -> CapturedGraph | None:
        before = self._counters.copy()
        try:
            return self._capture(images, background, outputs)
        except RuntimeError as error:
            if "captur" not in str(error) and not isinstance(error, torch.cuda.OutOfMemoryError):
                raise
            _log.warning("no CUDA graph for %s of %s (%s): running without", outputs, tuple(images.shape), " ".join(str(error).split()))
            return None
        finally:  # only runs that gave a result count
            self._counters.clear()
            self._counters.update(before)

    def _capture(self, images: Tensor, background: Features | None, outputs: Collection[str] | None) -> CapturedGraph:
        image = images.to(self._device)
        features = None if background is None else tuple(value.clone() for value in background)

        def compute() -> tuple[Tensor, dict[str, tuple[int, ...]]]:
            return flattened(self._net(self._entering(image), features, outputs))

        side = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(side):
            for _ in range(_WARM_UPS):
                self._counters.clear()
                compute()
        torch.cuda.current_stream(self._device).wait_stream(side)
        work, graph = self._counters.copy(), torch.cuda.CUDAGraph()
        # In our own stream: torch's is of the first device that was used. Other threads may use the GPU meanwhile.
        with _CAPTURING, torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
            flat, shapes = compute()
        host_in, host_out = (torch.empty(value.shape, dtype=torch.float32, pin_memory=True) for value in (image, flat))
        return CapturedGraph(graph, host_in, image, features, flat, host_out, shapes, work)

    def _replayed(self, captured: CapturedGraph, images: Tensor, background: Features | None) -> dict[str, Floats]:
        captured.host_in.copy_(images)
        captured.image.copy_(captured.host_in, non_blocking=True)
        if background is not None and captured.background is not None and background is not captured.last:
            for held, value in zip(captured.background, background, strict=True):
                held.copy_(value)
            captured.last = background
        captured.graph.replay()
        captured.host_out.copy_(captured.flat, non_blocking=True)
        torch.cuda.current_stream(self._device).synchronize()
        self._counters.update(captured.work)
        return unflattened(captured.host_out.clone(), captured.shapes)

    def _entering(self, image: Tensor) -> Tensor:
        return image.to(self._dtype).contiguous(memory_format=torch.channels_last)


def flattened(raw: dict[str, Tensor]) -> tuple[Tensor, dict[str, tuple[int, ...]]]:
    """All outputs in one float32 tensor, as each copy to the host costs a synchronisation, and the shape of each."""
    shapes = {key: tuple(value.shape) for key, value in raw.items()}
    return torch.cat([value.float().flatten() for value in raw.values()] or [torch.empty(0)]), shapes


def unflattened(flat: Tensor, shapes: dict[str, tuple[int, ...]]) -> dict[str, Floats]:
    """The outputs in a float32 tensor on the host, as views of it."""
    ends = list(accumulate(math.prod(shape) for shape in shapes.values()))
    starts = [0, *ends[:-1]]
    return {key: flat[a:b].reshape(shape).numpy() for (key, shape), a, b in zip(shapes.items(), starts, ends, strict=False)}
