"""The scores of an experiment, as a JSON file, and the comparison of its arms."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mtdense_ros.errors import InputError
from mtdense_ros.utils.files import write_atomically
from mtdense_ros.utils.strict_json import to_json_by_line

ENOUGH = 2.0
"""How many standard errors a mean difference must reach to count."""


@dataclass(frozen=True)
class Outcome:
    """The result of one training: the scores on the held-out samples at its end, the steps and samples it saw, minutes and commit."""

    arm: str
    seed: int
    scores: Mapping[str, float]
    steps: int
    samples: int
    minutes: float
    commit: str


@dataclass
class Record:
    """An experiment as plan.Experiment has it, and the outcomes so far.

    sets: the data sets, by the name that stands for them in the settings; teachers: the weights that arms learn from, by arm.
    """

    name: str
    score: str
    sign: int
    reference: str
    settings: Mapping[str, Any]
    arms: Mapping[str, Any]
    sets: Mapping[str, Any]
    teachers: Mapping[str, Any]
    outcomes: list[Outcome] = field(default_factory=list)

    def scores(self, arm: str, name: str = "") -> dict[int, float]:
        """A score (the deciding one if none is named) of an arm's trainings, by seed."""
        key = name or self.score
        return {o.seed: o.scores[key] for o in self.outcomes if o.arm == arm and key in o.scores}

    def write(self, path: Path) -> None:
        """As a file, in one step; a line per field and per outcome."""
        write_atomically(path, to_json_by_line(asdict(self)).encode())

    @classmethod
    def read(cls, path: Path) -> Record:
        """The record of a file. Raises InputError."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**content, "outcomes": [Outcome(**outcome) for outcome in content["outcomes"]]})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path}: no record of an experiment ({error}); write it with mtdense_ros.training.experiments.run") from error


@dataclass(frozen=True)
class Comparison:
    """Of paired differences: their mean, its standard error (NaN for fewer than two) and how many there are."""

    mean: float
    standard_error: float
    pairs: int

    @property
    def shown(self) -> bool:
        """Whether the mean is ENOUGH standard errors or more from 0."""
        return self.mean != 0 and abs(self.mean) >= ENOUGH * self.standard_error


def mean_of(values: Mapping[int, float]) -> float:
    """The mean of scores by seed; NaN without any."""
    return math.fsum(values.values()) / len(values) if values else math.nan


def compared(scores: Mapping[int, float], reference: Mapping[int, float]) -> Comparison:
    """Scores against those of a reference, by seed; of the seeds that both have.

    The standard error is that of the mean: the root of the sum of squares over n - 1, by that of n.
    """
    differences = [scores[seed] - reference[seed] for seed in scores if seed in reference]
    n = len(differences)
    mean = math.fsum(differences) / n if n else math.nan
    squares = math.fsum((difference - mean) ** 2 for difference in differences)
    return Comparison(mean, math.sqrt(squares / (n - 1) / n) if n > 1 else math.nan, n)


def verdict(comparison: Comparison, sign: int) -> str:
    """The comparison in words. sign: 1 where a higher score is better, -1 where a lower one is."""
    if not comparison.shown:
        return "not shown"
    word = "better" if sign * comparison.mean > 0 else "worse"
    return f"{word} by {abs(comparison.mean):.4f}"
