"""A teacher: a finished network whose soft labels and features a student learns beside the truth."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from mtdense_ros.errors import ConfigError
from mtdense_ros.models import DenseNetwork
from mtdense_ros.models.ffm import FeatureFusion
from mtdense_ros.training.batches import normalised
from mtdense_ros.training.config import TrainConfig
from mtdense_ros.training.losses import distillation_loss, feature_distillation
from mtdense_ros.training.recipes import FEATURES, SOFT_LABELS, at_size
from mtdense_ros.weights import load_weights


class Teacher:
    """The weights that a configuration names, beside a student. Raises ConfigError where one cannot learn from the other."""

    def __init__(self, config: TrainConfig, student: DenseNetwork, device: torch.device) -> None:
        self._config = config.teacher
        net, self.card = load_weights(config.teacher.weights)
        self._net = net.to(device).requires_grad_(False)
        if self._config.labels:
            self._check_labels(config, student)
        if self._config.features:
            self._taps = Tap(before_last_activation(student)), Tap(before_last_activation(self._net))

    def lesson(self, images: Tensor, raw: dict[str, Tensor]) -> dict[str, Tensor]:
        """The terms of pictures (N, H, W, 3) uint8 and of what the student just made of them. No gradient reaches the teacher."""
        given, terms = self.card.input, {}
        with torch.no_grad():
            taught = self._net(normalised(images, given.mean, given.std), outputs=self._net.outputs[:1])
        if self._config.labels:
            logits = at_size(taught["labels"], raw["labels"])
            terms[SOFT_LABELS] = distillation_loss(raw["labels"], logits, self._config.temperature)
        if self._config.features:
            ours, theirs = (tap.value for tap in self._taps)
            terms[FEATURES] = feature_distillation(ours, theirs)
        return terms

    def _check_labels(self, config: TrainConfig, student: DenseNetwork) -> None:
        where = f"training: teacher '{config.teacher.weights}'"
        if "labels" not in self._net.outputs or "labels" not in (config.targets or student.outputs):
            raise ConfigError(f"{where}: 'teacher.labels' needs labels of both networks, and among the targets; set it to 0")
        if self.card.label_space != config.label_space:
            raise ConfigError(f"{where}: knows '{self.card.label_space}', the training '{config.label_space}'; train in its label space")
        known, classes = (net.config["num_classes"] for net in (self._net, student))
        if known != classes:
            raise ConfigError(f"{where}: knows {known} classes, the student {classes}; set 'model.num_classes' to {known}")


class Tap:
    """Keeps what a module gave last."""

    value: Tensor

    def __init__(self, module: nn.Module) -> None:
        module.register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        self.value = output.clone()  # the activation behind it works in place


def before_last_activation(net: DenseNetwork) -> nn.Module:
    """The module whose output is the last activation's input. Raises ConfigError for another network than ffm."""
    if not isinstance(net, FeatureFusion):
        raise ConfigError(f"training: 'teacher.features' is for ffm as student and teacher, found {type(net).__name__}; set it to 0")
    norm: nn.Module = net.decoder.refine[-1].get_submodule("1")
    return norm
