"""What a network does for a set of outputs, found by running it once on an image of the smallest size."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mtdense_ros.engines.torch_settings import torch_threads
from mtdense_ros.models import DenseNetwork

_SIDE = 32  # that every network takes


@dataclass(frozen=True)
class Work:
    """The outputs, in the network's order, and how often per image the parts ("encoder" and heads) run for them."""

    outputs: tuple[str, ...]
    parts: Counter[str]


class WorkCounter:
    """A copy of a network, to ask what it would do; the size of the image makes no difference to that."""

    def __init__(self, net: DenseNetwork) -> None:
        self._net = copy.deepcopy(net).cpu().eval().requires_grad_(False)
        self._counters: Counter[str] = Counter()
        count_work(self._net, self._counters)
        self._known: dict[tuple[bool, frozenset[str] | None], Work] = {}

    def frame(self, background: bool, outputs: Collection[str] | None) -> Work:
        """Of a frame with or without a background; InputError where the network refuses."""
        asked = background, None if outputs is None else frozenset(outputs)
        if asked not in self._known:
            image = torch.zeros(1, 3, _SIDE, _SIDE)
            with torch_threads(1), torch.inference_mode():
                features = self._net.encode_background(image) if background and self._takes_background else None
                self._counters.clear()
                found = tuple(self._net(image, features, outputs))
            self._known[asked] = Work(found, self._counters.copy())
        return self._known[asked]

    def background(self) -> Work:
        """Of encoding a background; InputError where the network takes none."""
        self._counters.clear()
        with torch_threads(1), torch.inference_mode():
            self._net.encode_background(torch.zeros(1, 3, _SIDE, _SIDE))
        return Work((), self._counters.copy())

    @property
    def _takes_background(self) -> bool:
        return not set(self._net.outputs).isdisjoint(self._net.needs_background)


Inputs = tuple[Tensor | tuple[Tensor, ...], ...]


def count_work(net: DenseNetwork, counters: Counter[str]) -> None:
    """From now on adds the images that "encoder" and each head of a network work on."""
    parts: dict[str, nn.Module] = {"encoder": net.get_submodule("encoder"), **net.heads}
    for name, module in parts.items():
        module.register_forward_pre_hook(_counting(name, counters))


def _counting(name: str, counters: Counter[str]) -> Callable[[nn.Module, Inputs], None]:
    def count(_: nn.Module, inputs: Inputs) -> None:
        first = inputs[0]
        counters[name] += len(first[0] if isinstance(first, tuple) else first)

    return count
