"""A small encoder-decoder with feature fusion modules, for depth on mobile devices.

Zhang et al., "A Simple Baseline for Fast and Accurate Depth Estimation on Mobile Devices", CVPR Workshops 2021. Its layout is
known (MobileNetV3, five scales, fusion by concatenation, nearest-neighbour enlargement); its widths are not published.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mtdense_ros.models.base import (
    Background,
    DenseNetwork,
    check_choice,
    check_classes,
    check_image,
    check_widths,
    checked_tasks,
    task_channels,
)
from mtdense_ros.models.blocks import conv_bn, depth_from_log, he_initialise
from mtdense_ros.models.mobilenet_v3 import VARIANTS, MobileNetV3

_TAP_STRIDES = (32, 16, 8, 4, 2)
_DECODED_STRIDES = (16, 8, 4, 2, 1)


class FeatureFusion(DenseNetwork):
    """MobileNetV3 and a decoder that fuses its maps from coarse to fine; raw outputs have the image's size.

    `labels` has num_classes channels; tasks are some of labels, depth and normals; the backbone is small or large; widths are the
    decoder's channels at strides 16, 8, 4, 2 and 1. Raw depth is positive, in the unit that it was trained for.
    1,694,161 parameters by default, which in half precision are the 3.4 MB of the paper's file; 5,887,009 with the large
    backbone and widths of 256, 128, 64, 32 and 16.
    """

    positive_depth = True

    def __init__(
        self,
        num_classes: int = 32,
        tasks: Sequence[str] = ("depth",),
        backbone: str = "small",
        widths: Sequence[int] = (112, 64, 48, 32, 16),
    ) -> None:
        check_classes(num_classes)
        tasks = checked_tasks(tasks)
        check_choice(VARIANTS, backbone=backbone)
        check_widths("widths", widths, _DECODED_STRIDES)
        super().__init__(num_classes=num_classes, tasks=list(tasks), backbone=backbone, widths=list(widths))
        self.encoder = MobileNetV3(backbone)
        self.taps = last_of_each_stride(self.encoder.strides)
        self.decoder = FusionDecoder([self.encoder.channels[tap] for tap in self.taps], widths)
        channels = task_channels(num_classes)
        for task in tasks:
            self.heads[task] = nn.Conv2d(widths[-1], channels[task], 3, padding=1)

    def forward(self, image: Tensor, background: Background | None = None, outputs: Collection[str] | None = None) -> dict[str, Tensor]:
        """See DenseNetwork.forward. There is no foreground, so a background changes nothing."""
        check_image(image, "image")
        wanted = self.chosen(outputs)
        features = self.encoder(image)
        decoded = self.decoder([features[tap] for tap in self.taps], image.shape[2:])
        raw = {task: self.heads[task](decoded) for task in wanted}
        if "depth" in raw:
            raw["depth"] = depth_from_log(raw["depth"])
        return raw


def last_of_each_stride(strides: Sequence[int]) -> tuple[int, ...]:
    """The index of the deepest map at each of the strides 32, 16, 8, 4 and 2."""
    return tuple(len(strides) - 1 - strides[::-1].index(stride) for stride in _TAP_STRIDES)


class FusionDecoder(nn.Module):
    """From the deepest map on: enlarge, 3x3 convolution, fuse with the encoder's map of that scale; the last step has none to fuse.

    `channels` are those of the encoder's maps, coarse to fine; `widths` those after each enlargement.
    """

    def __init__(self, channels: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        self.fuse = nn.ModuleList(FusionModule(c, w) for c, w in zip(channels[1:], widths[:-1], strict=True))
        self.refine = nn.ModuleList(conv_bn_relu(a, b, 3) for a, b in zip((channels[0], *widths[:-1]), widths, strict=True))
        he_initialise(self)

    def forward(self, features: Sequence[Tensor], size: Sequence[int]) -> Tensor:
        """The encoder's maps, coarse to fine, and the image's height and width, to one map of that size."""
        x, *finer = features
        for fuse, refine, feature in zip(self.fuse, self.refine, finer, strict=False):
            x = fuse(feature, refine(enlarged(x, feature.shape[2:])))
        out: Tensor = self.refine[-1](enlarged(x, size))
        return out


class FusionModule(nn.Module):
    """FFM: the encoder's map in the decoder's channels, concatenated with the decoder's; then a separable 3x3 and a 1x1 convolution."""

    def __init__(self, encoder_channels: int, channels: int) -> None:
        super().__init__()
        self.adapt = conv_bn_relu(encoder_channels, channels)
        self.depthwise = conv_bn_relu(2 * channels, 2 * channels, 3, groups=2 * channels)
        self.pointwise = conv_bn_relu(2 * channels, channels)
        self.project = conv_bn_relu(channels, channels)

    def forward(self, encoded: Tensor, decoded: Tensor) -> Tensor:
        both = torch.cat((self.adapt(encoded), decoded), dim=1)
        fused: Tensor = self.project(self.pointwise(self.depthwise(both)))
        return fused


def conv_bn_relu(inputs: int, outputs: int, kernel: int = 1, groups: int = 1) -> nn.Sequential:
    """`conv_bn` at stride 1 and ReLU."""
    return nn.Sequential(*conv_bn(inputs, outputs, kernel, groups=groups), nn.ReLU(inplace=True))


def enlarged(x: Tensor, size: Sequence[int]) -> Tensor:
    """x at another height and width, each pixel repeated (row y of the result is row floor(y h / H) of x)."""
    return F.interpolate(x, size=tuple(size), mode="nearest")
