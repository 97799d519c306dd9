"""The settings of a training: every default once, here; a YAML file and key=value words hold only what differs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mtdense_ros.errors import ConfigError
from mtdense_ros.hints import known_names


@dataclass(frozen=True)
class TrainConfig:
    """One run. It ends at `steps` or after `minutes`, whichever is first (0: no such limit; one must be given).

    arch: the network; encoder: file of an ImageNet MobileNetV2, torchvision's or the HydraNet authors', that its encoder starts
    from (empty: random weights); start: name or path of weights of this package that the whole network starts from; seed: of
    weights, order and augmentation; height, width: of the network's input, pixels; small_until: share of the run at three quarters
    of that size; batch: pairs per step; lr: the peak; warmup: steps; clip: norm of the gradient; ema: decay of the averaged
    weights; bf16: autocast; threads: of torch; loaders: threads that make batches; checkpoint_minutes: between checkpoints, each
    with a validation; validation: pairs held out, the first ones of the first set; weight_*: of the losses; augment: whether
    samples are changed at random.
    """

    arch: str = "mtdense"
    encoder: str = ""
    start: str = ""
    seed: int = 0
    steps: int = 0
    minutes: float = 0.0
    height: int = 192
    width: int = 256
    small_until: float = 0.0
    batch: int = 8
    lr: float = 2e-3
    warmup: int = 200
    weight_decay: float = 0.01
    clip: float = 5.0
    ema: float = 0.998
    bf16: bool = False
    threads: int = 2
    loaders: int = 1
    checkpoint_minutes: float = 3.0
    validation: int = 48
    weight_foreground: float = 0.6
    weight_labels: float = 1.3
    weight_depth: float = 1.0
    weight_normals: float = 1.0
    augment: bool = True

    def __post_init__(self) -> None:
        if self.steps <= 0 and self.minutes <= 0:
            raise ConfigError("training: neither 'steps' nor 'minutes' limits the run; set one of them")
        if self.encoder and self.start:
            raise ConfigError("training: both 'encoder' and 'start' say what to start from; give one of them")
        for key in ("height", "width", "batch", "threads", "loaders"):
            if getattr(self, key) < 1:
                raise ConfigError(f"training: '{key}' is {getattr(self, key)}; give a whole number of at least 1")


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> TrainConfig:
    """The defaults, changed by a YAML file and then by words "key=value". Raises ConfigError on unknown keys and wrong types."""
    values: dict[str, Any] = {}
    if path is not None:
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigError(f"{path}: not a readable YAML file ({error}); correct the path or the file") from error
        if not isinstance(content, Mapping):
            raise ConfigError(f"{path}: must hold keys and values, found {content!r}")
        values.update(_checked(content, str(path)))
    for word in overrides:
        key, separator, text = word.partition("=")
        if not separator:
            raise ConfigError(f"setting '{word}': expected key=value")
        values.update(_checked({key: yaml.safe_load(text)}, f"setting '{word}'"))
    return TrainConfig(**values)


def _checked(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    defaults = {field.name: field.default for field in dataclasses.fields(TrainConfig)}
    checked = {}
    for key, value in values.items():
        if key not in defaults:
            raise ConfigError(f"{where}: unknown key '{key}'; {known_names(str(key), defaults)}")
        kind = type(defaults[key])
        if kind is float and type(value) in (int, str):  # YAML reads 2e-3 as text
            value = _number(value, key, where)
        if type(value) is not kind:
            raise ConfigError(f"{where}: '{key}' is {value!r}; expected a value like {defaults[key]!r}")
        checked[key] = value
    return checked


def _number(value: int | str, key: str, where: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise ConfigError(f"{where}: '{key}' is {value!r}; expected a number") from error
