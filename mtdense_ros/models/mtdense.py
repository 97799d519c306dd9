"""mtdense: the package's own network. One encoder; labels, depth, normals, and what changed against a background."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mtdense_ros.models.base import (
    Background,
    DenseNetwork,
    check_choice,
    check_classes,
    check_flags,
    check_image,
    check_same_features,
    check_sizes,
    check_widths,
    checked_tasks,
    task_channels,
)
from mtdense_ros.models.blocks import conv_bn, depth_from_log, resize_like
from mtdense_ros.models.efficientnet_lite import EfficientNetLite
from mtdense_ros.models.mobilenet_v2 import MobileNetV2
from mtdense_ros.models.refinenet import ChainedResidualPooling

_CHANGE_STRIDES = (32, 16, 8, 4)
# For each of these, the index of the last encoder stage of that stride among layer2..layer8.
_CHANGE_STAGES = (6, 4, 2, 1)
_REFINEMENTS = (1, 1, 1, 2)
_RIM_CHANNELS = 24

BACKBONES: dict[str, Callable[[], MobileNetV2 | EfficientNetLite]] = {
    "mobilenet_v2": MobileNetV2,
    "efficientnet_lite0": partial(EfficientNetLite, "lite0"),
    "efficientnet_lite1": partial(EfficientNetLite, "lite1"),
}
"""What the encoder can be: seven stages at the same strides each."""


class MtDense(DenseNetwork):
    """An encoder, a Light-Weight-RefineNet decoder with one light head per task (stride 4), and a change decoder (to stride 2).

    num_classes: channels of `labels`. tasks: of labels, depth, normals. foreground: whether there is a change decoder.
    backbone: mobilenet_v2, efficientnet_lite0 or efficientnet_lite1, which differ in how the image is normalised.
    width: channels of the dense decoder; head_width: of its heads; change_widths: of the change decoder at strides
    32, 16, 8 and 4. Raw depth is positive, in metres for the focal length on the card.
    """

    positive_depth = True

    def __init__(
        self,
        num_classes: int = 6,
        tasks: Sequence[str] = ("labels", "depth", "normals"),
        foreground: bool = True,
        backbone: str = "mobilenet_v2",
        width: int = 112,
        head_width: int = 48,
        change_widths: Sequence[int] = (48, 48, 48, 32),
    ) -> None:
        check_classes(num_classes)
        check_sizes(width=width, head_width=head_width)
        tasks = checked_tasks(tasks)
        check_flags(foreground=foreground)
        check_choice(BACKBONES, backbone=backbone)
        check_widths("change_widths", change_widths, _CHANGE_STRIDES)
        super().__init__(
            num_classes=num_classes,
            tasks=list(tasks),
            foreground=foreground,
            backbone=backbone,
            width=width,
            head_width=head_width,
            change_widths=list(change_widths),
        )
        self.encoder = BACKBONES[backbone]()
        self.decoder = DenseDecoder(self.encoder.channels, width)
        channels = task_channels(num_classes)
        for task in tasks:
            self.heads[task] = DenseHead(width, head_width, channels[task])
        if foreground:
            self.heads["foreground"] = ChangeDecoder(self.encoder.channels, tuple(change_widths))

    def forward(self, image: Tensor, background: Background | None = None, outputs: Collection[str] | None = None) -> dict[str, Tensor]:
        """See DenseNetwork.forward. With encoded background features the encoder runs once, with an image twice."""
        wanted = self.chosen(outputs)
        features = self.encode(image)
        raw = self.dense(features, [key for key in wanted if key != "foreground"])
        if background is not None and "foreground" in wanted:
            raw["foreground"] = self.change(features, self.encode_background(background) if isinstance(background, Tensor) else background)
        return raw

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """Image (B, 3, H, W) to the seven maps of layer2 to layer8 and, last, the image itself."""
        check_image(image, "image")
        return (*self.encoder(image), image)

    def encode_background(self, image: Tensor) -> tuple[Tensor, ...]:
        """See DenseNetwork: all that the change decoder needs of a background, see ChangeDecoder.remembered."""
        if "foreground" not in self.heads:
            return super().encode_background(image)
        return self.remembered(self.encode(image))

    def remembered(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The same from what `encode` gave for the background."""
        return self._change_decoder().remembered(change_features(features))

    def dense(self, features: tuple[Tensor, ...], tasks: Collection[str]) -> dict[str, Tensor]:
        """The raw outputs of `tasks` from what `encode` gave; the decoder does not run for an empty list."""
        if not tasks:
            return {}
        fused = self.decoder(features[:7])
        raw = {task: self.heads[task](fused) for task in tasks}
        if "depth" in raw:
            raw["depth"] = depth_from_log(raw["depth"])
        return raw

    def change(self, features: tuple[Tensor, ...], background: tuple[Tensor, ...]) -> Tensor:
        """Foreground logits (B, 1, ceil(H/2), ceil(W/2)) from `encode` of the frame and `encode_background`."""
        logits: Tensor = self._change_decoder()(change_features(features), background)
        height, width = features[0].shape[2:]  # one row or column less than two per cell where a side is odd
        return logits[:, :, :height, :width]

    def _change_decoder(self) -> ChangeDecoder:
        decoder = self.heads["foreground"]
        assert isinstance(decoder, ChangeDecoder)
        return decoder


def change_features(features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """From what `encode` gave, the maps at strides 32, 16, 8 and 4, and the image."""
    return (*(features[i] for i in _CHANGE_STAGES), features[7])


class DenseDecoder(nn.Module):
    """Light-Weight RefineNet with one BatchNorm per fusion and fewer pooling stages towards the finer, costlier scales.

    encoder_channels: of layer1 to layer8.
    """

    def __init__(self, encoder_channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.reduce = nn.ModuleDict({f"layer{n}": nn.Conv2d(encoder_channels[n - 1], width, 1, bias=False) for n in range(8, 2, -1)})
        self.norm = nn.ModuleDict({f"stride{s}": nn.BatchNorm2d(width) for s in (32, 16, 8, 4)})
        self.crp = nn.ModuleDict(
            {f"stride{s}": ChainedResidualPooling(width, n, depthwise=s == 4) for s, n in ((32, 4), (16, 4), (8, 3), (4, 2))}
        )
        self.adapt = nn.ModuleDict({f"stride{s}": nn.Conv2d(width, width, 1, bias=False) for s in (32, 16, 8)})

    def forward(self, features: tuple[Tensor, ...]) -> Tensor:
        """Features of layer2 to layer8 to one map (B, width, ceil(H/4), ceil(W/4))."""
        _, l3, l4, l5, l6, l7, l8 = features
        r = self.reduce
        x = self._fuse("stride32", r["layer8"](l8) + r["layer7"](l7))
        x = resize_like(self.adapt["stride32"](x), l6)
        x = self._fuse("stride16", r["layer5"](l5) + r["layer6"](l6) + x)
        x = resize_like(self.adapt["stride16"](x), l4)
        x = self._fuse("stride8", r["layer4"](l4) + x)
        x = resize_like(self.adapt["stride8"](x), l3)
        return self._fuse("stride4", r["layer3"](l3) + x)

    def _fuse(self, scale: str, total: Tensor) -> Tensor:
        fused: Tensor = self.crp[scale](F.relu(self.norm[scale](total)))
        return fused


class DenseHead(nn.Sequential):
    """Depthwise 3x3, 1x1 to head_width with BatchNorm and ReLU, then a 3x3 convolution to the task's channels."""

    def __init__(self, width: int, head_width: int, channels: int) -> None:
        super().__init__(
            nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
            *conv_bn(width, head_width),
            nn.ReLU(inplace=True),
            nn.Conv2d(head_width, channels, 3, padding=1),
        )


class ChangeDecoder(nn.Module):
    """Compares two feature pyramids coarse to fine: per scale both maps and their absolute difference, plus the coarser result.

    Nothing runs at stride 2, where the time would go: each cell of stride 4 answers for the four points in it. Thin rims are lost
    in the features, so at stride 4 a convolution of the picture itself joins them. encoder_channels: of layer1 to layer8.
    """

    def __init__(self, encoder_channels: Sequence[int], widths: tuple[int, ...]) -> None:
        super().__init__()
        channels = [encoder_channels[stage + 1] for stage in _CHANGE_STAGES]
        channels[-1] += _RIM_CHANNELS
        self.rims = nn.Conv2d(3, _RIM_CHANNELS, 5, stride=_CHANGE_STRIDES[-1], padding=2, bias=False)
        self.compare = nn.ModuleList(nn.Conv2d(3 * c, w, 1, bias=False) for c, w in zip(channels, widths, strict=True))
        self.enlarge = nn.ModuleList(nn.Conv2d(a, b, 1, bias=False) for a, b in zip(widths[:-1], widths[1:], strict=True))
        self.norm = nn.ModuleList(nn.BatchNorm2d(w) for w in widths)
        self.refine = nn.ModuleList(_refinement(w, times) for w, times in zip(widths, _REFINEMENTS, strict=True))
        self.predict = nn.Conv2d(widths[-1], 4, 1)

    def remembered(self, background: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """From what `change_features` gave for a background: its map at each scale, then its share of each scale's comparison.

        The comparison is linear in [frame, background, |difference|], so the background's third need not be worked out again.
        """
        maps = self._with_rims(background)
        return (*maps, *(F.conv2d(b, _thirds(conv, b)[1]) for conv, b in zip(self.compare, maps, strict=True)))

    def forward(self, frame: tuple[Tensor, ...], background: tuple[Tensor, ...]) -> Tensor:
        """`change_features` of frames and `remembered` of a background to foreground logits at stride 2; one background serves all."""
        scales = len(self.compare)
        x: Tensor | None = None
        for i, (a, b, share) in enumerate(zip(self._with_rims(frame), background[:scales], background[scales:], strict=True)):
            check_same_features(a, b)
            of_frame, _, of_difference = _thirds(self.compare[i], a)
            total = F.conv2d(a, of_frame) + F.conv2d((a - b).abs(), of_difference) + share
            if x is not None:
                total = total + resize_like(self.enlarge[i - 1](x), a)
            x = self.refine[i](F.relu(self.norm[i](total)))
        return F.pixel_shuffle(self.predict(x), 2)

    def _with_rims(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The maps that are compared."""
        *maps, last, image = features
        return (*maps, torch.cat((last, self.rims(image)), dim=1))


def _refinement(width: int, times: int) -> nn.Sequential:
    """A depthwise 3x3 convolution and a 1x1 convolution with BatchNorm and ReLU, so many times."""
    layers: list[nn.Module] = []
    for _ in range(times):
        layers += [nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False), *conv_bn(width, width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _thirds(compare: nn.Module, features: Tensor) -> tuple[Tensor, ...]:
    """The weights of a comparison for the frame's, the background's and the difference's channels."""
    return tuple(torch.split(compare.get_parameter("weight"), features.shape[1], dim=1))
