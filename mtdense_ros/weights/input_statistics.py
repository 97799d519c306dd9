"""How the picture of a network is normalised: what its encoder's published checkpoints were trained with."""

from __future__ import annotations

from dataclasses import dataclass

from mtdense_ros.models import DenseNetwork
from mtdense_ros.models.efficientnet_lite import INPUT_MEAN, INPUT_STD, EfficientNetLite
from mtdense_ros.models.mdeas import Mdeas

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class InputStatistics:
    """mean and std of RGB in [0, 1] that are taken out of a picture."""

    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD


def input_statistics(net: DenseNetwork) -> InputStatistics:
    """ImageNet's, but for mdeas, which takes [0, 1] as it is, and for EfficientNet-Lite, whose checkpoints have their own."""
    if isinstance(net, Mdeas):
        return InputStatistics((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    if isinstance(dict(net.named_children()).get("encoder"), EfficientNetLite):
        return InputStatistics(INPUT_MEAN, INPUT_STD)
    return InputStatistics()
