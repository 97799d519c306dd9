"""The small pieces that several networks are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_LOG_DEPTH_RANGE = (-4.0, 5.0)


def conv_bn(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    dilation: int = 1,
    eps: float = 1e-5,
    momentum: float = 0.1,
) -> nn.Sequential:
    """Convolution without bias, padded to keep the size at stride 1, then BatchNorm."""
    padding = kernel // 2 * dilation
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs, eps, momentum))


def resize_like(x: Tensor, reference: Tensor) -> Tensor:
    """x resized bilinearly to the height and width of reference, pixel centres at half-integers (align_corners=False)."""
    return F.interpolate(x, size=reference.shape[2:], mode="bilinear", align_corners=False)


def depth_from_log(x: Tensor) -> Tensor:
    """Positive depth, float32 at least, from a head that works in log space, where an error is a ratio; clamped to what halves hold."""
    return torch.exp(x.clamp(*_LOG_DEPTH_RANGE).to(torch.promote_types(x.dtype, torch.float32)))


def he_initialise(net: nn.Module) -> None:
    """Reinitialises the convolutions so that a signal keeps its magnitude through ReLUs (He et al., ICCV 2015); biases are 0.

    torch's default shrinks it by more than half per layer: before BatchNorm has seen any data, a deep map is then but rounding errors.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
