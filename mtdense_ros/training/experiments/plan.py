"""What an experiment is: the settings of a training, the arms that change them, the seeds, and the score that decides."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from mtdense_ros.errors import ConfigError, known_names
from mtdense_ros.training.config import TrainConfig, load_config
from mtdense_ros.training.validation import BEST
from mtdense_ros.utils.settings import load_settings


@dataclass(frozen=True)
class Experiment:
    """settings: of a training (TrainConfig), where all arms differ from the defaults; arms: what each changes of these, by name; seeds:
    one training of every arm for each; score: which of the validation's decides, see validation.BEST; baseline: the arm that the
    others are compared with (empty: the first).

    "$name" in a setting stands for a data set that the command line names.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    arms: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0, 1, 2)
    score: str = ""
    baseline: str = ""

    def __post_init__(self) -> None:
        if len(self.arms) < 2 or not self.seeds:
            raise ConfigError("experiment: needs two or more 'arms' and at least one of 'seeds'; add what is missing")
        if self.score not in BEST:
            raise ConfigError(f"experiment: 'score' is '{self.score}'; {known_names(self.score, BEST)}")
        if self.baseline and self.baseline not in self.arms:
            raise ConfigError(f"experiment: 'baseline' is '{self.baseline}'; {known_names(self.baseline, self.arms)}")

    @property
    def reference(self) -> str:
        """The arm that the others are compared with."""
        return self.baseline or next(iter(self.arms))

    @property
    def sign(self) -> int:
        """1 where more of the score is better, -1 where less is."""
        return BEST[self.score][1]


class Trial(NamedTuple):
    """One training of an experiment."""

    arm: str
    seed: int

    def __str__(self) -> str:
        return f"{self.arm}/{self.seed}"


def load_experiment(path: Path) -> Experiment:
    """The experiment of a YAML file. Raises ConfigError."""
    return load_settings(Experiment, path)


def trials(experiment: Experiment, only: Sequence[str] = ()) -> list[Trial]:
    """The trainings, all arms of a seed before the next seed, so that a stopped series compares like with like.

    only: those of "ARM" and "ARM/SEED" (none named: all). Raises ConfigError where one is none.
    """
    everything = [Trial(arm, seed) for seed in experiment.seeds for arm in experiment.arms]
    known = {*experiment.arms, *map(str, everything)}
    for name in only:
        if name not in known:
            raise ConfigError(f"experiment: there is no arm or trial '{name}'; {known_names(name, known)}")
    return [trial for trial in everything if not only or trial.arm in only or str(trial) in only]


def config_of(experiment: Experiment, trial: Trial, sets: Mapping[str, str]) -> TrainConfig:
    """The training of a trial; sets: data sets by the name that stands for them. Raises ConfigError."""
    layers = (experiment.settings, experiment.arms[trial.arm] or {}, {"seed": trial.seed})
    words = [f"{key}={_resolved(value, sets)}" for layer in layers for key, value in layer.items()]
    config = load_config(None, words)
    if not config.steps or config.minutes:
        raise ConfigError(f"experiment, arm '{trial.arm}': 'minutes' compare machines; set 'steps' to their number, and minutes to 0")
    return config


def _resolved(value: Any, sets: Mapping[str, str]) -> str:
    """A setting as the text of a key=value word."""
    text = json.dumps(value)
    try:
        return Template(text).substitute({name: json.dumps(path)[1:-1] for name, path in sets.items()})
    except KeyError as error:
        name = error.args[0]
        raise ConfigError(f"experiment: '${name}' stands for a data set; say which with --sets {name}=KIND:PATH") from error
