"""MDEAS: relative depth and a foreground mask from a background image and a frame (1,521,026 parameters).

After the published reference implementation; the layout and the two deviations (any size, mask before its sigmoid)
are described in docs/networks.md.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mtdense_ros.errors import InputError
from mtdense_ros.models.base import Background, DenseNetwork, check_image, check_same_features

_COARSEST = 8  # the half-size stems are pooled three times by two, and the skips must meet again


class Mdeas(DenseNetwork):
    """Two stems, one dense encoder over both, a dilated bottleneck and a decoder for each output; the frame's own size.

    Raw depth is relative and unbounded (the original was trained on grey pictures of another network's depth). A
    background is required. Outputs have 2 ceil(H/2) rows and 2 ceil(W/2) columns, as the original's; sizes that the
    original cannot take are padded inside. Images are in [0, 1] without further normalisation, 224x224 in the original.
    """

    needs_background = ("depth", "foreground")

    def __init__(self) -> None:
        super().__init__()
        self.stem_background = Stem()
        self.stem_frame = Stem()
        self.encoder = Encoder()
        self.bottleneck = Bottleneck()
        self.heads["depth"] = DepthDecoder()
        self.heads["foreground"] = MaskDecoder()

    def forward(self, image: Tensor, background: Background | None = None, outputs: Collection[str] | None = None) -> dict[str, Tensor]:
        """See DenseNetwork.forward; depth needs the background as well. Raises InputError without one."""
        wanted = self.chosen(outputs)
        if background is None:
            raise InputError("mdeas: needs a background for depth and mask; capture one, or pass background=")
        check_image(image, "image")
        stem_b = (self.encode_background(background) if isinstance(background, Tensor) else background)[0]
        stem_f = self.stem_frame(padded(image))
        check_same_features(stem_f, stem_b)
        stems = torch.cat((stem_b.expand_as(stem_f), stem_f), dim=1)
        fine, middle, coarse = self.encoder(stems)
        mask_seed, depth_seed = self.bottleneck(coarse)
        raw = {}
        if "depth" in wanted:
            raw["depth"] = self.heads["depth"](depth_seed, middle, fine, stem_f)
        if "foreground" in wanted:
            raw["foreground"] = self.heads["foreground"](mask_seed, fine, stems)
        rows, columns = (2 * ceil_half(side) for side in image.shape[2:])
        return {key: value[:, :, :rows, :columns] for key, value in raw.items()}

    def encode_background(self, image: Tensor) -> tuple[Tensor, ...]:
        """See DenseNetwork: one map, the background's stem, at half size."""
        check_image(image, "background")
        return (self.stem_background(padded(image)),)


def ceil_half(side: int) -> int:
    """Half a side, rounded up: the size after a 3x3 convolution of stride 2 and padding 1."""
    return (side + 1) // 2


def padded(image: Tensor) -> Tensor:
    """image with its last row and column repeated until its half size is a multiple of 8; as it is where that already holds."""
    height, width = image.shape[2:]
    down, right = (_missing(side) for side in (height, width))
    return F.pad(image, (0, right, 0, down), mode="replicate") if down or right else image


def _missing(side: int) -> int:
    """Rows or columns up to a half size that is a multiple of 8. Without a branch, as an exported graph has one for all sizes."""
    return -side % (2 * _COARSEST) // 2 * 2


def pointwise(inputs: int, outputs: int) -> nn.Sequential:
    """1x1 convolution with bias, ReLU, BatchNorm: in this order."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.ReLU(inplace=True), nn.BatchNorm2d(outputs))


def separable(inputs: int, outputs: int, dilation: int = 1) -> nn.Sequential:
    """3x3 depthwise convolution with bias, directly followed by `pointwise`."""
    depthwise = nn.Conv2d(inputs, inputs, 3, padding=dilation, dilation=dilation, groups=inputs)
    return nn.Sequential(depthwise, pointwise(inputs, outputs))


class Stem(nn.Sequential):
    """Image (B, 3, H, W) to (B, 32, ceil(H/2), ceil(W/2)) by two 3x3 convolutions."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True),
            nn.Conv2d(32, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True),
        )


class DenseBlock(nn.Module):
    """Three separable convolutions, each fed by the sum (not the concatenation) of all before it, then `pointwise`."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(separable(inputs, inputs) for _ in range(3))
        self.project = pointwise(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        total = x
        for conv in self.convs:
            total = total + conv(total)
        out: Tensor = self.project(total)
        return out


class Encoder(nn.Module):
    """Stems (B, 64, H/2, W/2) to maps of 128, 256 and 256 channels at strides 4, 8 and 16."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList((DenseBlock(64, 128), DenseBlock(128, 256), DenseBlock(256, 256)))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = []
        for block in self.blocks:
            x = F.max_pool2d(block(x), 2)
            maps.append(x)
        return tuple(maps)


class Bottleneck(nn.Module):
    """Four dilations in parallel, then one mixture for the mask (128 channels) and one for depth (256)."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce = pointwise(256, 128)
        self.dilated = nn.ModuleList(separable(128, 128, dilation) for dilation in (1, 3, 6, 9))
        self.to_mask = pointwise(512, 128)
        self.to_depth = pointwise(512, 256)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.reduce(x)
        x = torch.cat([conv(x) for conv in self.dilated], dim=1)
        return self.to_mask(x), self.to_depth(x)


class DepthDecoder(nn.Module):
    """Two nearest-neighbour and two pixel-shuffle doublings, with the encoder's maps and the frame's stem added between."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList((DenseBlock(256, 256), DenseBlock(256, 128), DenseBlock(128, 128), DenseBlock(32, 64)))
        self.predict = nn.Conv2d(16, 1, 1)

    def forward(self, seed: Tensor, middle: Tensor, fine: Tensor, stem_frame: Tensor) -> Tensor:
        x = F.interpolate(self.blocks[0](seed), scale_factor=2.0) + middle
        x = F.interpolate(self.blocks[1](x), scale_factor=2.0) + fine
        x = F.pixel_shuffle(self.blocks[2](x), 2) + stem_frame
        x = F.pixel_shuffle(self.blocks[3](x), 2)
        out: Tensor = self.predict(x)
        return out


class MaskDecoder(nn.Module):
    """Three nearest-neighbour doublings and one pixel shuffle, with the finest encoder map and both stems added between."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList((DenseBlock(128, 128), DenseBlock(128, 128), DenseBlock(128, 64), DenseBlock(64, 64)))
        self.predict = nn.Conv2d(16, 1, 1)

    def forward(self, seed: Tensor, fine: Tensor, stems: Tensor) -> Tensor:
        x = F.interpolate(self.blocks[0](seed), scale_factor=2.0)
        x = F.interpolate(self.blocks[1](x), scale_factor=2.0) + fine
        x = F.interpolate(self.blocks[2](x), scale_factor=2.0) + stems
        x = F.pixel_shuffle(self.blocks[3](x), 2)
        out: Tensor = self.predict(x)
        return out
