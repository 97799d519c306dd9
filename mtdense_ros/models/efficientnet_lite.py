"""EfficientNet-Lite as an encoder: the stages and strides of our MobileNetV2, found by search and scaled in depth.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; the Lite variants of 2020 have no
squeeze-and-excite, ReLU6 for swish, and a stem, a first and a last stage that no scaling changes.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F

from mtdense_ros.models.base import check_choice
from mtdense_ros.models.blocks import he_initialise

# Expansion, kernel, channels, blocks at depth 1 and stride of layer2 to layer8.
_STAGES = ((1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2), (6, 5, 112, 3, 1), (6, 5, 192, 4, 2), (6, 3, 320, 1, 1))
_STEM_CHANNELS = 32
DEPTHS = {"lite0": 1.0, "lite1": 1.1}
"""Variant -> what the number of blocks of all stages but the first and the last is multiplied with, rounded up."""

INPUT_MEAN, INPUT_STD = (127 / 255,) * 3, (128 / 255,) * 3
"""Of RGB in [0, 1]; what its ImageNet checkpoints were trained with: (x - 127) / 128 of 0..255."""


class EfficientNetLite(nn.Module):
    """Image (B, 3, H, W) to the outputs of layer2 to layer8, without the classifier and its 1x1 convolution.

    variant: lite0 (2,958,848 parameters) or lite1 (3,723,520). `channels`: after layer1 to layer8, at strides 2, 2, 4, 8, 16, 16, 32, 32.
    Raises ConfigError for another variant.
    """

    channels = (_STEM_CHANNELS, *(channels for _, _, channels, _, _ in _STAGES))

    def __init__(self, variant: str = "lite0") -> None:
        check_choice(DEPTHS, variant=variant)
        super().__init__()
        self.layer1 = nn.Sequential(*_conv_bn(3, _STEM_CHANNELS, 3, stride=2), nn.ReLU6(inplace=True))
        inputs = _STEM_CHANNELS
        for number, (expansion, kernel, channels, blocks, stride) in enumerate(_STAGES, start=2):
            count = math.ceil(blocks * DEPTHS[variant]) if 2 < number < 8 else blocks
            first = InvertedResidual(inputs, channels, expansion, kernel, stride)
            others = (InvertedResidual(channels, channels, expansion, kernel, 1) for _ in range(count - 1))
            self.add_module(f"layer{number}", nn.Sequential(first, *others))
            inputs = channels
        he_initialise(self)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """The seven feature maps of layer2 to layer8, at strides 2, 4, 8, 16, 16, 32, 32 (sizes are rounded up)."""
        features = []
        x = self.layer1(image)
        for number in range(2, 9):
            x = self.get_submodule(f"layer{number}")(x)
            features.append(x)
        return tuple(features)


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise convolution and linear 1x1 projection, with a shortcut where the shape stays the same.

    `expand` is None for a factor of 1.
    """

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = _conv_bn(inputs, hidden) if expansion > 1 else None
        self.depthwise = _conv_bn(hidden, hidden, kernel, stride, groups=hidden)
        self.project = _conv_bn(hidden, outputs)
        self.relu = nn.ReLU6(inplace=True)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x if self.expand is None else self.relu(self.expand(x))
        y = self.project(self.relu(self.depthwise(y)))
        return x + y if self.shortcut else y


class HalvingConv2d(nn.Conv2d):
    """A convolution of stride 2 and odd kernel, padded as TensorFlow's SAME: the last pixel of each axis is always a window's centre.

    With symmetric padding the first one is, which is another function where a side is even. The padding is worked out with the
    traced size, so that a graph holds for odd and even sides.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, 2, kernel // 2 - 1, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, outputs, ceil(H/2), ceil(W/2))."""
        height, width = x.shape[2:]
        return super().forward(F.pad(x, (width % 2, 1, height % 2, 1)))


def _conv_bn(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution without bias, padded as TensorFlow's SAME, then BatchNorm."""
    same = nn.Conv2d(inputs, outputs, kernel, 1, kernel // 2, groups=groups, bias=False)
    conv = same if stride == 1 else HalvingConv2d(inputs, outputs, kernel, groups)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01))
