"""MobileNetV2 as an encoder: eight stages, five scales (Sandler et al., CVPR 2018; the variant of Multi-Task Light-Weight RefineNet)."""

from __future__ import annotations

from torch import Tensor, nn

from mtdense_ros.models.blocks import conv_bn

# Expansion, channels, blocks and stride of layer2 to layer8.
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
STEM_CHANNELS = 32
CHANNELS = (STEM_CHANNELS, *(channels for _, channels, _, _ in _STAGES))
"""Channels after layer1 to layer8; their strides are 2, 2, 4, 8, 16, 16, 32, 32."""


class InvertedResidual(nn.Module):
    """1x1 expansion, 3x3 depthwise and linear 1x1 projection, with a shortcut where the shape stays the same.

    The expansion convolution exists for a factor of 1 too, unlike in torchvision: the published HydraNet weights have it.
    """

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = conv_bn(inputs, hidden)
        self.depthwise = conv_bn(hidden, hidden, 3, stride, groups=hidden)
        self.project = conv_bn(hidden, outputs)
        self.relu = nn.ReLU6(inplace=True)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.relu(self.depthwise(self.relu(self.expand(x)))))
        return x + y if self.shortcut else y


class MobileNetV2(nn.Module):
    """Image (B, 3, H, W) to the outputs of layer2 to layer8, without the classifier and its 1x1 convolution; 1,812,800 parameters."""

    channels = CHANNELS

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Sequential(*conv_bn(3, STEM_CHANNELS, 3, stride=2), nn.ReLU6(inplace=True))
        inputs = STEM_CHANNELS
        for number, (expansion, channels, blocks, stride) in enumerate(_STAGES, start=2):
            stage = [InvertedResidual(inputs if i == 0 else channels, channels, expansion, stride if i == 0 else 1) for i in range(blocks)]
            self.add_module(f"layer{number}", nn.Sequential(*stage))
            inputs = channels

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """The seven feature maps of layer2 to layer8, at strides 2, 4, 8, 16, 16, 32, 32 (sizes are rounded up)."""
        features = []
        x = self.layer1(image)
        for number in range(2, 9):
            x = self.get_submodule(f"layer{number}")(x)
            features.append(x)
        return tuple(features)
