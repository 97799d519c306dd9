"""What a network's parts have worked on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from torch import Tensor, nn

from mtdense_ros.models import DenseNetwork

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
