"""Whether an arm differs from another: by the differences of runs of the same seed, and their standard error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

ENOUGH = 2.0
"""How many standard errors a mean difference must reach to count."""


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
    """Of the scores by seed; NaN without any."""
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
    """In words; sign: 1 where more of the score is better, -1 where less is."""
    if not comparison.shown:
        return "not shown"
    word = "better" if sign * comparison.mean > 0 else "worse"
    return f"{word} by {abs(comparison.mean):.4f}"
