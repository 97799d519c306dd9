"""HydraNet: Multi-Task Light-Weight RefineNet on MobileNetV2.

Nekrasov et al., "Real-Time Joint Semantic Segmentation and Depth Estimation Using Asymmetric Annotations", ICRA 2019.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from torch import Tensor, nn

from mtdense_ros.models.base import Background, DenseNetwork, check_classes, check_image, checked_tasks, task_channels
from mtdense_ros.models.blocks import resize_like
from mtdense_ros.models.mobilenet_v2 import CHANNELS, MobileNetV2
from mtdense_ros.models.refinenet import ChainedResidualPooling

WIDTH = 256


class HydraNet(DenseNetwork):
    """One encoder and decoder, and a small head per task; raw outputs at stride 4, sizes rounded up.

    `labels` has num_classes channels; tasks are some of labels, depth and normals. Raw depth is in metres and may be slightly
    negative: its absolute value is part of the published post-processing. 2,991,687 parameters with 6 classes and
    (labels, depth); 3,077,228 with 40 and all three.
    """

    def __init__(self, num_classes: int = 40, tasks: Sequence[str] = ("labels", "depth")) -> None:
        check_classes(num_classes)
        tasks = checked_tasks(tasks)
        super().__init__(num_classes=num_classes, tasks=list(tasks))
        self.encoder = MobileNetV2()
        self.decoder = LightWeightRefineNet()
        channels = task_channels(num_classes)
        for task in tasks:
            self.heads[task] = Head(channels[task])

    def forward(self, image: Tensor, background: Background | None = None, outputs: Collection[str] | None = None) -> dict[str, Tensor]:
        """See DenseNetwork.forward. There is no foreground, so a background changes nothing."""
        check_image(image, "image")
        fused = self.decoder(self.encoder(image))
        return {key: self.heads[key](fused) for key in self.chosen(outputs)}


class LightWeightRefineNet(nn.Module):
    """Encoder features, coarse to fine, summed after 1x1 reductions; context by chained pooling. No bias, no BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce = nn.ModuleDict({f"layer{n}": nn.Conv2d(CHANNELS[n - 1], WIDTH, 1, bias=False) for n in range(8, 2, -1)})
        self.crp = nn.ModuleDict({f"stride{s}": ChainedResidualPooling(WIDTH, 4, depthwise=s == 4) for s in (32, 16, 8, 4)})
        self.adapt = nn.ModuleDict({f"stride{s}": nn.Conv2d(WIDTH, WIDTH, 1, bias=False) for s in (32, 16, 8)})
        self.relu = nn.ReLU6()

    def forward(self, features: tuple[Tensor, ...]) -> Tensor:
        """Features of layer2 to layer8 to one map (B, 256, ceil(H/4), ceil(W/4))."""
        _, l3, l4, l5, l6, l7, l8 = features
        r = self.reduce
        x = self.crp["stride32"](self.relu(r["layer8"](l8) + r["layer7"](l7)))
        x = resize_like(self.adapt["stride32"](x), l6)  # adapted before it is enlarged: a quarter of the work, the same result
        x = self.crp["stride16"](self.relu(r["layer5"](l5) + r["layer6"](l6) + x))
        x = resize_like(self.adapt["stride16"](x), l4)
        x = self.crp["stride8"](self.relu(r["layer4"](l4) + x))
        x = resize_like(self.adapt["stride8"](x), l3)
        fused: Tensor = self.crp["stride4"](self.relu(r["layer3"](l3) + x))
        return fused


class Head(nn.Module):
    """A scale per channel, ReLU6 and a 3x3 convolution to the task's channels; no activation on the output."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Conv2d(WIDTH, WIDTH, 1, groups=WIDTH, bias=False)
        self.relu = nn.ReLU6(inplace=True)
        self.predict = nn.Conv2d(WIDTH, channels, 3, padding=1)

    def forward(self, fused: Tensor) -> Tensor:
        out: Tensor = self.predict(self.relu(self.scale(fused)))
        return out
