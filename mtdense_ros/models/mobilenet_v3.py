"""MobileNetV3 as an encoder, without its classifier (Howard et al., "Searching for MobileNetV3", ICCV 2019, tables 1 and 2)."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from operator import mul
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from mtdense_ros.models.base import check_choice, check_flags
from mtdense_ros.models.blocks import conv_bn, he_initialise


class Block(NamedTuple):
    """One row of the paper's tables: depthwise kernel, channels inside and after, squeeze, h-swish or ReLU, stride; and the dilation."""

    kernel: int
    hidden: int
    channels: int
    squeeze: bool
    swish: bool
    stride: int = 1
    dilation: int = 1

    @property
    def step(self) -> int:
        """The stride that the convolution has: dilation comes in its place."""
        return 1 if self.dilation > 1 else self.stride


STEM_CHANNELS = 16
VARIANTS: dict[str, tuple[Block, ...]] = {
    "large": (
        Block(3, 16, 16, False, False),
        Block(3, 64, 24, False, False, 2),
        Block(3, 72, 24, False, False),
        Block(5, 72, 40, True, False, 2),
        Block(5, 120, 40, True, False),
        Block(5, 120, 40, True, False),
        Block(3, 240, 80, False, True, 2),
        Block(3, 200, 80, False, True),
        Block(3, 184, 80, False, True),
        Block(3, 184, 80, False, True),
        Block(3, 480, 112, True, True),
        Block(3, 672, 112, True, True),
        Block(5, 672, 160, True, True, 2),
        Block(5, 960, 160, True, True),
        Block(5, 960, 160, True, True),
    ),
    "small": (
        Block(3, 16, 16, True, False, 2),
        Block(3, 72, 24, False, False, 2),
        Block(3, 88, 24, False, False),
        Block(5, 96, 40, True, True, 2),
        Block(5, 240, 40, True, True),
        Block(5, 240, 40, True, True),
        Block(5, 120, 48, True, True),
        Block(5, 144, 48, True, True),
        Block(5, 288, 96, True, True, 2),
        Block(5, 576, 96, True, True),
        Block(5, 576, 96, True, True),
    ),
}
_TAIL = 3  # in both variants, the blocks from the last stride on
_conv_bn = partial(conv_bn, eps=1e-3, momentum=0.01)


class MobileNetV3(nn.Module):
    """Image (B, 3, H, W) to the maps after every feature: the stem, the blocks, and a 1x1 convolution to six times the channels.

    The variant is large (17 features, 2,971,952 parameters) or small (13 and 927,008). If dilated, the last stage keeps the stride
    of 16 and dilates its kernels instead. reduced_tail halves the channels after the last stride, as in the paper's segmentation.
    `channels` and `strides` describe the feature maps; sizes are rounded up. Raises ConfigError for another variant.
    """

    def __init__(self, variant: str = "large", dilated: bool = False, reduced_tail: bool = False) -> None:
        check_choice(VARIANTS, variant=variant)
        check_flags(dilated=dilated, reduced_tail=reduced_tail)
        super().__init__()
        blocks = _configured(VARIANTS[variant], dilated, reduced_tail)
        after = (STEM_CHANNELS, *(block.channels for block in blocks))
        self.channels = (*after, 6 * after[-1])
        self.strides = (*accumulate((block.step for block in blocks), mul, initial=2),)
        self.strides += self.strides[-1:]
        self.features = nn.ModuleList(
            (
                nn.Sequential(*_conv_bn(3, STEM_CHANNELS, 3, stride=2), nn.Hardswish(inplace=True)),
                *(InvertedResidual(inputs, block) for inputs, block in zip(after, blocks, strict=False)),
                nn.Sequential(*_conv_bn(after[-1], self.channels[-1]), nn.Hardswish(inplace=True)),
            )
        )
        he_initialise(self)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """One map per entry of `features`."""
        maps = []
        x = image
        for feature in self.features:
            x = feature(x)
            maps.append(x)
        return tuple(maps)


def _configured(blocks: tuple[Block, ...], dilated: bool, reduced_tail: bool) -> list[Block]:
    """The blocks with the tail changed as asked; the expansion of the strided block stays, since its input does."""
    *body, strided, second, third = blocks
    tail = [strided, second, third]
    if reduced_tail:
        tail = [block._replace(channels=block.channels // 2) for block in tail]
        tail[1:] = [block._replace(hidden=block.hidden // 2) for block in tail[1:]]
    if dilated:
        tail = [block._replace(dilation=2) for block in tail]
    return [*body, *tail]


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise convolution, squeeze-and-excite and linear projection; a shortcut where nothing changes the shape.

    `expand` and `squeeze` are None where the block has no such step. A block whose stride gave way to dilation has no shortcut
    even where its channels stay (small, reduced tail): it keeps the function that it was trained for with the stride.
    """

    def __init__(self, inputs: int, block: Block) -> None:
        super().__init__()
        hidden = block.hidden
        self.expand = _conv_bn(inputs, hidden) if hidden != inputs else None
        self.depthwise = _conv_bn(hidden, hidden, block.kernel, block.step, groups=hidden, dilation=block.dilation)
        self.squeeze = SqueezeExcite(hidden) if block.squeeze else None
        self.project = _conv_bn(hidden, block.channels)
        self.activation = nn.Hardswish(inplace=True) if block.swish else nn.ReLU(inplace=True)
        self.shortcut = block.stride == 1 and inputs == block.channels

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x if self.expand is None else self.activation(self.expand(x))
        y = self.activation(self.depthwise(y))
        if self.squeeze is not None:
            y = self.squeeze(y)
        y = self.project(y)
        return x + y if self.shortcut else y


class SqueezeExcite(nn.Module):
    """Scales each channel by a gate in 0..1 that two 1x1 convolutions (ReLU, then hard sigmoid) make of all channels' means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = divisible(channels // 4)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        means = F.adaptive_avg_pool2d(x, 1)
        return x * F.hardsigmoid(self.fc2(F.relu(self.fc1(means))))


def divisible(channels: int, divisor: int = 8) -> int:
    """The multiple of divisor nearest to channels, at least one of them, and never more than a tenth below channels."""
    nearest = max(divisor, (channels + divisor // 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest
