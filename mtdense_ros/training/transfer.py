"""Keeping what a pretrained encoder knows while the rest is trained on renders: frozen parts, and a distance to what it was."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mtdense_ros.errors import ConfigError
from mtdense_ros.models import DenseNetwork
from mtdense_ros.models.efficientnet_lite import EfficientNetLite
from mtdense_ros.models.mobilenet_v2 import MobileNetV2
from mtdense_ros.models.mobilenet_v3 import MobileNetV3
from mtdense_ros.training.config import TransferConfig
from mtdense_ros.training.reduction import total

FEATURE_DISTANCE = "feature_distance"
"""The term of the loss; see FeatureDistance."""


class FrozenParts:
    """The stages and BatchNorm layers of a network's encoder that a training leaves as they are. Raises ConfigError."""

    def __init__(self, config: TransferConfig, net: DenseNetwork) -> None:
        self._config, self._net = config, net
        if config.frozen_stages or config.frozen_norms:
            for module in self._modules():
                module.requires_grad_(False)

    def to_evaluation(self) -> None:
        """Takes them out of the training mode that the network is in: BatchNorm uses its running statistics, and keeps them."""
        for module in self._modules():
            module.eval()

    def _modules(self) -> list[nn.Module]:
        """Looked up each time: for several processes BatchNorm is exchanged."""
        count = self._config.frozen_stages
        if not count and not self._config.frozen_norms:
            return []
        stages = encoder_stages(self._net)
        if count > len(stages):
            raise ConfigError(f"training: 'transfer.frozen_stages' is {count}, the encoder has {len(stages)}; give fewer")
        norms = [module for stage in stages for module in stage.modules() if isinstance(module, _BatchNorm)]
        return [*stages[:count], *(norms if self._config.frozen_norms else [])]


class FeatureDistance:
    """How far the encoder's feature maps have moved from those of the encoder that the training started from.

    After the proxy guidance of Chen et al., "Automated Synthetic-to-Real Generalization", ICML 2020, on features instead of an ImageNet
    classifier's output. Raises ConfigError for a network without an encoder of ImageNet's.
    """

    def __init__(self, net: DenseNetwork) -> None:
        encoder_stages(net)
        encoder = net.get_submodule("encoder")
        self._original = copy.deepcopy(encoder).eval().requires_grad_(False)
        self._maps: tuple[Tensor, ...] = ()
        encoder.register_forward_hook(self._keep)

    def start_at(self, net: DenseNetwork) -> None:
        """From now on the original is what the network's encoder is now."""
        self.load_state(net.get_submodule("encoder").state_dict())

    def state(self) -> dict[str, Any]:
        """The original's entries, for a checkpoint."""
        return self._original.state_dict()

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` gave."""
        self._original.load_state_dict(state)

    def term(self, images: Tensor) -> Tensor:
        """Mean over the maps of |ours - original|^2 / |original|^2, of images (N, 3, H, W) that the network has just seen."""
        with torch.no_grad():
            theirs = self._original(images)
        pairs = [(ours.float(), original.float()) for ours, original in zip(self._maps, theirs, strict=True)]
        ratios = [total((a - b).square().sum()) / total(b.square().sum()) for a, b in pairs]
        self._maps = ()
        return torch.stack(ratios).mean()

    def _keep(self, module: nn.Module, inputs: Any, output: tuple[Tensor, ...]) -> None:
        self._maps = tuple(output)


def encoder_stages(net: DenseNetwork) -> list[nn.Module]:
    """The stages of an encoder of ImageNet's, from the image on, the stem first. Raises ConfigError for a network without one."""
    encoder = dict(net.named_children()).get("encoder")
    if isinstance(encoder, (MobileNetV2, EfficientNetLite)):
        return list(encoder.children())
    if isinstance(encoder, MobileNetV3):
        return list(encoder.features)
    raise ConfigError(f"training: 'transfer' is set, and {type(net).__name__} has no encoder of an ImageNet classifier; leave it out")
