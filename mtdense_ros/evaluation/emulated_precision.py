"""fp16 where there is no GPU: what its rounding does to the results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mtdense_ros.engines.base import Floats
from mtdense_ros.engines.torch_engine import TorchEngine
from mtdense_ros.models import DenseNetwork


class EmulatedFp16Engine(TorchEngine):
    """A network on the CPU whose weights, inputs and every layer's results are rounded to fp16, with sums in fp32, as GPUs compute.

    What is too large for fp16 becomes infinite, as there. It is no faster than fp32: for measuring the loss only.
    """

    def __init__(self, net: DenseNetwork) -> None:
        super().__init__(net, "cpu", "fp32")
        self.precision = "fp16"
        for parameter in self._net.parameters():
            parameter.data = _rounded(parameter.data)
        for module in self._net.modules():
            if not any(module.children()):
                module.register_forward_hook(_round_result)

    def _to_device(self, images: Floats) -> Tensor:
        return _rounded(super()._to_device(images))


def _round_result(_: nn.Module, __: Sequence[Any], result: Any) -> Any:
    return _rounded(result) if isinstance(result, Tensor) else result


def _rounded(values: Tensor) -> Tensor:
    return values.to(torch.float16).to(torch.float32)
