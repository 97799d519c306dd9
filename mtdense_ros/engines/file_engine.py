"""The engine of a network that is a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from mtdense_ros.engines.base import Features, Floats
from mtdense_ros.engines.failures import engine_failures
from mtdense_ros.engines.file_tensors import input_tensor, raw_map
from mtdense_ros.engines.graph_files import FileRuntime
from mtdense_ros.engines.graph_pool import Graph, GraphKey, GraphPool
from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.models.base import RAW_OUTPUTS
from mtdense_ros.weights.graph import GraphSpec


class FileEngine:
    """See Engine. The features of a background are the background itself, which such a file takes as its second image.

    Without one the frame stands in for it, and the foreground, which would mean nothing, is absent. size_hw: the (height, width) that the
    network will be run at. Raises ConfigError where the file takes only another.
    """

    def __init__(self, runtime: FileRuntime, spec: GraphSpec, card_hw: tuple[int, int], size_hw: tuple[int, int] | None = None) -> None:
        if size_hw not in (None, card_hw) and not spec.input.any_size:
            found, due = (f"{w}x{h}" for h, w in (size_hw or card_hw, card_hw))
            raise ConfigError(f"size: {found} was asked for, and the network's file takes {due} only; leave size empty")
        self.name, self.device, self.precision = runtime.name, runtime.device, runtime.precision
        self.rule = ""
        self.may_stall = True
        self.counters: Counter[str] = Counter()
        self._runtime, self._spec = runtime, spec
        self._outputs = tuple(role for role in RAW_OUTPUTS if role in spec.outputs)
        self._graphs = GraphPool(self._graph)

    def encode_background(self, image: Floats) -> Features:
        """See Engine."""
        if not self._spec.input.background:
            raise InputError("background: the network's file takes none; use weights that have a foreground")
        return (image.copy(),)

    def concatenate(self, backgrounds: Sequence[Features]) -> Features:
        """See Engine."""
        return (np.concatenate([features[0] for features in backgrounds]),)

    def run(self, images: Floats, background: Features | None = None, outputs: Collection[str] | None = None) -> dict[str, Floats]:
        """See Engine."""
        able = [role for role in self._outputs if role != "foreground" or background is not None]
        wanted = tuple(role for role in able if outputs is None or role in outputs)
        if not wanted:
            return {}
        references = np.broadcast_to(background[0], images.shape) if background is not None else images
        step = len(images) if self._spec.input.any_batch else 1
        parts = [self._run(images[i : i + step], references[i : i + step], wanted) for i in range(0, len(images), step)]
        self.counters.update(dict.fromkeys(("encoder", *wanted), len(images)))
        if len(parts) == 1:  # many channels at full size are worth no copy
            return dict(zip(wanted, parts[0], strict=True))
        return {role: np.concatenate(maps) for role, maps in zip(wanted, zip(*parts, strict=True), strict=True)}

    def close(self) -> None:
        """See Engine."""
        self._graphs.close()
        del self._graphs, self._runtime

    def _run(self, images: Floats, references: Floats, wanted: tuple[str, ...]) -> list[Floats]:
        given = [images, references] if self._spec.input.background else [images]
        with engine_failures(self.name, self.device):
            key, graph = self._graphs.find(GraphKey(wanted, tuple(value.shape for value in given)), self.may_stall)
            return [dict(zip(key.outputs, graph(given), strict=True))[role] for role in wanted]

    def _graph(self, key: GraphKey) -> Graph:
        spec = self._spec
        inputs = [spec.input.tensor, spec.input.background][: len(key.shapes)]
        shapes = {name: _native(shape, spec.input.layout) for name, shape in zip(inputs, key.shapes, strict=True)}
        compiled = self._runtime.compiled(shapes, [spec.outputs[role].tensor for role in key.outputs])

        def graph(values: Sequence[Floats]) -> list[Floats]:
            found = compiled({name: input_tensor(value, spec.input) for name, value in zip(inputs, values, strict=True)})
            return [raw_map(role, tensor, spec.outputs[role], spec.num_classes) for role, tensor in zip(key.outputs, found, strict=True)]

        return graph


def _native(shape: tuple[int, ...], layout: str) -> tuple[int, ...]:
    batch, channels, height, width = shape
    return shape if layout == "nchw" else (batch, height, width, channels)
