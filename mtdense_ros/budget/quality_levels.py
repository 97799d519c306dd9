"""What can be given up for a budget, in this order, and what each step is expected to save until it has been measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["upsampling", "precision", "every", "size"]

REST_FACTORS = {"upsampling": 0.9, "precision": 1.0, "every": 0.9, "size": 1.0}
"""What is left of the work outside the network."""

NETWORK_FACTORS = {"upsampling": 1.0, "precision": 0.6, "every": 0.85}
"""What is left of the network's time; of a smaller input it is the share of its pixels."""


@dataclass(frozen=True)
class QualityLevel:
    """One step down in quality; a lower level includes the steps of all levels above it.

    A step of the kind "precision" names its dtype, one of the kind "every" computes labels and normals on every n-th frame only,
    and one of the kind "size" has the fraction of the input's sides, and the fraction of the level above.
    """

    kind: Kind
    precision: str = ""
    every: int = 1
    fraction: float = 1.0
    fraction_before: float = 1.0

    @property
    def network_factor(self) -> float:
        """The expected ratio of the network's time with this step to its time without."""
        return (self.fraction / self.fraction_before) ** 2 if self.kind == "size" else NETWORK_FACTORS[self.kind]

    @property
    def rest_factor(self) -> float:
        """The expected ratio of the other work's time with this step to its time without."""
        return REST_FACTORS[self.kind]


@dataclass(frozen=True)
class Setting:
    """All that is given up at a level; the defaults give up nothing. With every > 1 labels and normals take turns."""

    fast_labels: bool = False
    precision: str = ""
    every: int = 1
    fraction: float = 1.0

    @classmethod
    def of(cls, levels: Sequence[QualityLevel]) -> Setting:
        """The setting with the steps of these levels."""
        return cls(
            fast_labels=any(each.kind == "upsampling" for each in levels),
            precision=next((each.precision for each in levels if each.kind == "precision"), ""),
            every=max((each.every for each in levels), default=1),
            fraction=min((each.fraction for each in levels), default=1.0),
        )

    @property
    def networks(self) -> tuple[str, float]:
        """What of it needs other networks: precision and fraction of the input's sides."""
        return self.precision, self.fraction


@dataclass(frozen=True)
class Situation:
    """What decides which levels there are.

    labels and normals say whether they have subscribers and come on every frame; exact_labels, whether labels have subscribers and
    are upsampled exactly. precision is a cheaper dtype that may be used, or ""; fractions are smaller inputs in falling order.
    latency and rate say which budgets are set.
    """

    labels: bool = False
    normals: bool = False
    exact_labels: bool = False
    precision: str = ""
    fractions: tuple[float, ...] = ()
    latency: bool = False
    rate: bool = False

    def levels(self) -> tuple[QualityLevel, ...]:
        """The levels that can help, the least loss first.

        Fewer labels or normals raise the rate. They shorten the longest frame only where the two take turns, and there a third
        turn adds nothing.
        """
        found = []
        if self.exact_labels:
            found.append(QualityLevel("upsampling"))
        if self.precision:
            found.append(QualityLevel("precision", precision=self.precision))
        if (self.labels or self.normals) if self.rate else (self.labels and self.normals and self.latency):
            found += [QualityLevel("every", every=n) for n in ((2, 3) if self.rate else (2,))]
        before = 1.0
        for fraction in self.fractions:
            found.append(QualityLevel("size", fraction=fraction, fraction_before=before))
            before = fraction
        return tuple(found)
