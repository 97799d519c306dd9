"""An engine that runs compiled graphs, whichever runtime compiles them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np
import torch

from mtdense_ros.engines.base import Features, Floats
from mtdense_ros.engines.failures import engine_failures
from mtdense_ros.engines.graph_pool import Graph, GraphKey, GraphPool, Shape
from mtdense_ros.engines.work_counter import WorkCounter
from mtdense_ros.errors import InputError
from mtdense_ros.models import DenseNetwork
from mtdense_ros.models.base import check_image


class Compiler(Protocol):
    """A runtime that has read a network. See Engine for name, device and precision."""

    name: str
    device: str
    precision: str

    def graph(self, key: GraphKey) -> Graph:
        """The graph of a key, compiled for its shapes."""


class GraphEngine:
    """See Engine. A graph holds exactly the outputs that are asked for; features are arrays on the host, and inputs of the graph."""

    def __init__(self, net: DenseNetwork, compiler: Compiler) -> None:
        self.name, self.device, self.precision = compiler.name, compiler.device, compiler.precision
        self.rule = ""
        self.may_stall = True
        self.counters: Counter[str] = Counter()
        self._work = WorkCounter(net)
        self._needs_background = frozenset(net.needs_background)
        self._graphs = GraphPool(compiler.graph)
        self._backgrounds: dict[Shape, tuple[Shape, ...]] = {}

    def encode_background(self, image: Floats) -> Features:
        """See Engine."""
        check_image(torch.from_numpy(image), "background")
        self.counters.update(self._work.background().parts)
        key = GraphKey((), (image.shape,))
        with engine_failures(self.name, self.device):
            _, graph = self._graphs.find(key, may_stall=True)
            features = tuple(graph([image]))
        self._backgrounds[image.shape[2:]] = tuple(value.shape[1:] for value in features)
        return features

    def concatenate(self, backgrounds: Sequence[Features]) -> Features:
        """See Engine."""
        return tuple(np.concatenate(maps) for maps in zip(*backgrounds, strict=True))

    def run(self, images: Floats, background: Features | None = None, outputs: Collection[str] | None = None) -> dict[str, Floats]:
        """See Engine."""
        check_image(torch.from_numpy(images), "image")
        wanted = self._work.frame(background is not None, outputs).outputs
        needed = background if self._needs_background.intersection(wanted) else None
        self._check_background(images.shape, needed)
        if not wanted:
            return {}
        with engine_failures(self.name, self.device):
            key, graph = self._graphs.find(GraphKey(wanted, (images.shape, *(value.shape for value in needed or ()))), self.may_stall)
            values = dict(zip(key.outputs, graph(_inputs(key, images, needed)), strict=True))
        for part, times in self._work.frame(len(key.shapes) > 1, key.outputs).parts.items():
            self.counters[part] += times * len(images)
        return {output: values[output] for output in wanted}

    def close(self) -> None:
        """See Engine."""
        self._graphs.close()
        del self._graphs, self._work

    def _check_background(self, image: Shape, background: Features | None) -> None:
        """Raises InputError unless the features are of a background of the image's size."""
        if background is not None and self._backgrounds.get(image[2:]) != tuple(value.shape[1:] for value in background):
            size = f"{image[3]}x{image[2]}"
            raise InputError(f"background: its features are not those of an image of {size}; capture a background of the frame's size")


def _inputs(key: GraphKey, images: Floats, background: Features | None) -> list[Floats]:
    """What a graph takes. A larger one than was asked for may read a background that nobody gave: its result is not looked at."""
    given = [images, *(background or ())]
    return given + [np.zeros(shape, np.float32) for shape in key.shapes[len(given) :]]
