"""Everything that a checkpoint holds: written and read so that a continued run ends like one that was never stopped."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import os
import pickle
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mtdense_ros.engines.torch_engine import choose_device
from mtdense_ros.errors import ConfigError, WeightsError
from mtdense_ros.imaging.label_spaces import load_label_spaces
from mtdense_ros.models import DenseNetwork, create_model
from mtdense_ros.models.efficientnet_lite import EfficientNetLite
from mtdense_ros.models.mobilenet_v2 import MobileNetV2
from mtdense_ros.models.mobilenet_v3 import MobileNetV3
from mtdense_ros.training.batches import Layout
from mtdense_ros.training.config import TrainConfig
from mtdense_ros.training.distributed import Team
from mtdense_ros.training.forward import TrainingPass
from mtdense_ros.training.optimisers import make_optimiser
from mtdense_ros.training.recipes import recipe_of
from mtdense_ros.training.schedules import progress
from mtdense_ros.training.teacher import Teacher
from mtdense_ros.training.transfer import FEATURE_DISTANCE, FeatureDistance, FrozenParts
from mtdense_ros.utils.settings import build_settings
from mtdense_ros.weights import check_state, convert_encoder_state_dict, find_weights, load_weights, read_card, read_foreign, read_state
from mtdense_ros.weights.card import Card

_MAY_CHANGE = {"steps", "minutes", "device", "amp", "threads", "loaders", "checkpoint_minutes"}
"""Settings that say how long and on what machine."""

_log = logging.getLogger(__name__)


class Run:
    """The network, its running average, the optimiser, the generator's state, the steps and seconds done, the best scores."""

    def __init__(self, config: TrainConfig, team: Team | None = None) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.team = team or Team()
        self.device = self.team.device(choose_device(config.device))
        if config.amp == "fp16" and self.device.type != "cuda":
            raise ConfigError("training: 'amp' is fp16, which needs a GPU; use bf16 or fp32")
        self.net = network_of(config).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average: DenseNetwork = copy.deepcopy(self.net).eval().requires_grad_(False)
        self.targets = targets_of(config, self.net)
        self.recipe = recipe_of(config.loss, config.teacher, self.targets, self.net.positive_depth)
        self.frozen = FrozenParts(config.transfer, self.net)
        self.distance = FeatureDistance(self.net) if config.transfer.feature_distance else None
        if self.distance:
            weights = {**self.recipe.weights, FEATURE_DISTANCE: config.transfer.feature_distance}
            self.recipe = dataclasses.replace(self.recipe, weights=weights)
        self.layout = Layout(self.targets, self.recipe.strides, config.focal_px if config.depth_kind == "metric" else 0.0)
        self.forward = self.team.joined(TrainingPass(self.net, self.targets), self.device, self.targets == self.net.outputs)
        self.teacher = Teacher(config, self.net, self.device) if config.teacher.weights else None
        self.optimiser = make_optimiser(config.optimiser, self.net)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=config.amp == "fp16")
        self.step = 0
        self.elapsed_s = 0.0
        self.steps_per_epoch = 1
        self.best: dict[str, float] = {}

    @property
    def share(self) -> float:
        """How far the run is, 0..1."""
        return self.share_at(self.step)

    def share_at(self, step: int) -> float:
        """How far the run is at a step, by the clock at least as far as now."""
        return progress(step, self.config.steps, self.elapsed_s, self.config.minutes)

    def start_from(self, name_or_path: str) -> Path:
        """Gives the encoder that of this package's weights or of an ImageNet checkpoint; returns their file. Raises WeightsError."""
        path = Path(name_or_path)
        if path.is_file() and not path.with_suffix(".json").exists():  # without a card: not of this package
            state = convert_encoder_state_dict(encoder_kind(self.net), read_foreign(path))
        else:
            path = find_weights(name_or_path)
            state = encoder_of(load_weights(path)[0], path).state_dict()
        for net in (self.net, self.average):
            try:
                encoder_of(net, path).load_state_dict(state)
            except RuntimeError as error:
                raise WeightsError(f"training: 'encoder' is {path}, which is another one ({error}); change it or 'model'") from error
        self._started()
        return path

    def continue_from(self, name_or_path: str) -> Path:
        """Gives the network this package's weights of a name or path, but for what begins `anew`; returns their file.

        Classes that their label space has got since begin with random weights, the others keep theirs.
        Raises WeightsError, and ConfigError where nothing is called what is to begin anew.
        """
        path = find_weights(name_or_path)
        found = self._with_new_classes(read_state(path), read_card(path))
        self._check_anew([*found, *self.net.state_dict()])
        try:
            state = self._not_anew(found)
            check_state(state, self._not_anew(self.net.state_dict()), str(path))
        except WeightsError as error:
            remedy = "name weights of this one, or what differs in 'anew'"
            raise WeightsError(f"training: 'start' is {path}, which is another network ({error}); {remedy}") from error
        for each in (self.net, self.average):
            each.load_state_dict(state, strict=False)
        self._started()
        return path

    def _started(self) -> None:
        if self.distance:
            self.distance.start_at(self.net)

    def _with_new_classes(self, state: Mapping[str, Tensor], card: Card) -> dict[str, Tensor]:
        """The entries of a network of an earlier size of this label space, with the rows of its new classes from this network."""
        before, now = card.config.get("num_classes"), self.net.config.get("num_classes")
        grown = dict(state)
        if before == now or card.label_space != self.config.label_space or not _is_earlier_size(card.label_space, before):
            return grown
        for name, value in self.net.state_dict().items():
            found = state.get(name, value)
            if name.startswith("heads.labels.") and value.shape[:1] == (now,) and found.shape[:1] == (before,):
                grown[name] = torch.cat([found, value[before:].cpu()])
        return grown

    def _check_anew(self, entries: Collection[str]) -> None:
        for name in self.config.anew:
            if not any(entry.startswith(f"{name}.") for entry in entries):
                raise ConfigError(f"training: 'anew' names {name}, which no module is called; name one such as heads.foreground")

    def _not_anew(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The entries that belong to none of the modules that begin anew."""
        beginnings = tuple(f"{name}." for name in self.config.anew)
        return {name: value for name, value in state.items() if not name.startswith(beginnings)}

    def save(self, path: Path) -> None:
        """Writes the run, atomically."""
        content = {
            "config": json.dumps(dataclasses.asdict(self.config)),
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "random": torch.get_rng_state(),
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "best": self.best,
            **({"original_encoder": self.distance.state()} if self.distance else {}),
        }
        partial = path.with_suffix(".partial")
        torch.save(content, partial)
        os.replace(partial, path)

    def load(self, path: Path) -> None:
        """Continues what `save` wrote. Raises WeightsError on another network's checkpoint."""
        content = read_checkpoint(path)
        try:
            self.net.load_state_dict(content["net"])
            self.average.load_state_dict(content["average"])
            self.optimiser.load_state_dict(content["optimizer"])
            if self.distance:
                self.distance.load_state(content["original_encoder"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise WeightsError(f"{path}: is not a checkpoint of this training ({error}); choose another output folder") from error
        if self.scaler.is_enabled() and content["scaler"]:  # empty where the run was not in fp16 before
            self.scaler.load_state_dict(content["scaler"])
        torch.set_rng_state(content["random"])
        changed = changed_settings(json.loads(content["config"]), self.config)
        if changed:
            _log.warning("%s: goes on with another %s than it was begun with", path, ", ".join(changed))
        self.step, self.elapsed_s, self.best = content["step"], content["elapsed_s"], content["best"]


def changed_settings(before: Mapping[str, Any], config: TrainConfig, may_change: Collection[str] = _MAY_CHANGE) -> list[str]:
    """The settings that make a continued run another training; what `before` does not know counts as the default."""
    known = {key: value for key, value in before.items() if hasattr(config, key)}
    then, now = (json.loads(json.dumps(dataclasses.asdict(each))) for each in (build_settings(TrainConfig, known, "checkpoint"), config))
    return [key for key in now if key not in may_change and then[key] != now[key]]


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What Run.save wrote, on the CPU. Raises WeightsError where there is nothing of the kind."""
    try:
        content: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        missing = {"config", "net", "average", "optimizer", "scaler", "random", "step", "elapsed_s", "best"} - set(content)
    except (OSError, RuntimeError, ValueError, TypeError, pickle.UnpicklingError) as error:
        raise WeightsError(f"{path}: no readable checkpoint of a training ({error}); choose another output folder") from error
    if missing:
        raise WeightsError(f"{path}: is not a checkpoint of this training (no {', '.join(sorted(missing))}); choose another output folder")
    return content


def restored(path: Path) -> Run:
    """The run of a checkpoint with the settings that it was made with, on the CPU."""
    config = build_settings(TrainConfig, {**json.loads(read_checkpoint(path)["config"]), "device": "cpu", "amp": "fp32"}, str(path))
    run = Run(config)
    run.load(path)
    return run


def network_of(config: TrainConfig) -> DenseNetwork:
    """The network of a configuration, with as many classes as its label space has, or had earlier where `model` says so.

    Raises ConfigError where `model` asks for any other number.
    """
    with torch.device("meta"):  # draws no random numbers
        known = create_model(config.arch, **config.model).config
    if "num_classes" not in known:
        return create_model(config.arch, **config.model)
    classes = sum(len(space.classes) for space in load_label_spaces(config.label_space, config.model.get("num_classes")))
    if config.model.get("num_classes", classes) != classes:
        found = f"'model.num_classes' is {known['num_classes']}, '{config.label_space}' has {classes}"
        raise ConfigError(f"training: {found}; leave it out")
    return create_model(config.arch, **{**config.model, "num_classes": classes})


def _is_earlier_size(label_space: str, num_classes: int | None) -> bool:
    """Whether a label space had so many classes before others joined at its end."""
    return num_classes is not None and load_label_spaces(label_space, num_classes) != load_label_spaces(label_space)


def targets_of(config: TrainConfig, net: DenseNetwork) -> tuple[str, ...]:
    """The outputs to train, in the network's order. Raises ConfigError on one that it lacks."""
    unknown = [target for target in config.targets if target not in net.outputs]
    if unknown:
        raise ConfigError(f"training: 'targets' names {', '.join(unknown)}; {config.arch} as configured has {', '.join(net.outputs)}")
    return tuple(key for key in net.outputs if not config.targets or key in config.targets)


def encoder_kind(net: DenseNetwork) -> str:
    """What the encoder of a network is, for convert_encoder_state_dict. Raises ConfigError without one of ImageNet's."""
    encoder = dict(net.named_children()).get("encoder")
    if isinstance(encoder, MobileNetV2):
        return "mobilenet_v2"
    if isinstance(encoder, EfficientNetLite):
        return str(net.config["backbone"])
    if isinstance(encoder, MobileNetV3):
        return f"mobilenet_v3_{net.config['backbone']}"
    raise ConfigError(f"training: 'encoder' is given, and {type(net).__name__} has no encoder of an ImageNet classifier; leave it out")


def encoder_of(net: DenseNetwork, path: Path) -> nn.Module:
    """The module of that name. Raises ConfigError for a network that has none, `path`: the file that it is about."""
    encoder = dict(net.named_children()).get("encoder")
    if encoder is None:
        raise ConfigError(f"training: 'encoder' is {path}, and {type(net).__name__} has no encoder of its own; leave it out")
    return encoder
