"""LR-ASPP on MobileNetV3 (Howard et al., "Searching for MobileNetV3", ICCV 2019, section 6.4).

The numbers are torchvision's: the gate pools the whole map, where the paper's pools windows of 49x49.
"""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor, nn

from mtdense_ros.models.base import Background, DenseNetwork, check_choice, check_classes, check_flags, check_image
from mtdense_ros.models.blocks import conv_bn, resize_like
from mtdense_ros.models.mobilenet_v3 import VARIANTS, MobileNetV3

WIDTH = 128
_LOW_STRIDE = 8


class LrAspp(DenseNetwork):
    """Segmentation from two feature maps; raw `labels` have the image's size.

    `labels` has num_classes channels; the backbone is large or small. If dilated, the deepest map has stride 16 instead of 32.
    reduced_tail halves the channels of the deepest stage, as in the paper; torchvision's published weights do not.
    3,221,538 parameters by default, which is torchvision's `lraspp_mobilenet_v3_large`; 3,221,198 with 19 classes.
    """

    def __init__(self, num_classes: int = 21, backbone: str = "large", dilated: bool = True, reduced_tail: bool = False) -> None:
        check_classes(num_classes)
        check_choice(VARIANTS, backbone=backbone)
        check_flags(dilated=dilated, reduced_tail=reduced_tail)
        super().__init__(num_classes=num_classes, backbone=backbone, dilated=dilated, reduced_tail=reduced_tail)
        self.encoder = MobileNetV3(backbone, dilated, reduced_tail)
        self.low = self.encoder.strides.index(_LOW_STRIDE)  # the first map of that stride, not the last as in other decoders
        self.heads["labels"] = LrAsppHead(self.encoder.channels[self.low], self.encoder.channels[-1], num_classes)

    def forward(self, image: Tensor, background: Background | None = None, outputs: Collection[str] | None = None) -> dict[str, Tensor]:
        """See DenseNetwork.forward. There is no foreground, so a background changes nothing."""
        check_image(image, "image")
        wanted = self.chosen(outputs)
        features = self.encoder(image)
        return {key: resize_like(self.heads[key](features[self.low], features[-1]), image) for key in wanted}


class LrAsppHead(nn.Module):
    """The deepest map, gated per channel by its own global mean and enlarged; classified there and on the fine map, and summed."""

    def __init__(self, low_channels: int, high_channels: int, num_classes: int) -> None:
        super().__init__()
        self.cbr = nn.Sequential(*conv_bn(high_channels, WIDTH), nn.ReLU(inplace=True))
        self.scale = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(high_channels, WIDTH, 1, bias=False), nn.Sigmoid())
        self.low_classifier = nn.Conv2d(low_channels, num_classes, 1)
        self.high_classifier = nn.Conv2d(WIDTH, num_classes, 1)

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        """Maps at stride 8 and 16 (or 32) to logits at stride 8."""
        context = resize_like(self.cbr(high) * self.scale(high), low)
        logits: Tensor = self.low_classifier(low) + self.high_classifier(context)
        return logits
