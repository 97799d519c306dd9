"""What can be given up for a budget, in this order, and what each is believed to save until it was measured."""

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
class Concession:
    """One thing given up. precision: its number format; every: labels and normals on every n-th frame only; size: the fraction
    of the input's sides, and the fraction before."""

    kind: Kind
    precision: str = ""
    every: int = 1
    fraction: float = 1.0
    fraction_before: float = 1.0

    @property
    def network_factor(self) -> float:
        """The network's time with it over the time without, as believed."""
        return (self.fraction / self.fraction_before) ** 2 if self.kind == "size" else NETWORK_FACTORS[self.kind]

    @property
    def rest_factor(self) -> float:
        """The other work's time with it over the time without, as believed."""
        return REST_FACTORS[self.kind]


@dataclass(frozen=True)
class Setting:
    """All that is given up together; the defaults give up nothing. every: of labels and normals, which then take turns."""

    fast_labels: bool = False
    precision: str = ""
    every: int = 1
    fraction: float = 1.0

    @classmethod
    def of(cls, concessions: Sequence[Concession]) -> Setting:
        """The setting with these concessions."""
        return cls(
            fast_labels=any(c.kind == "upsampling" for c in concessions),
            precision=next((c.precision for c in concessions if c.kind == "precision"), ""),
            every=max((c.every for c in concessions), default=1),
            fraction=min((c.fraction for c in concessions), default=1.0),
        )

    @property
    def networks(self) -> tuple[str, float]:
        """What of it needs other networks: number format and fraction of the input's sides."""
        return self.precision, self.fraction


@dataclass(frozen=True)
class Situation:
    """What decides which concessions are to be had.

    labels, normals: whether they are heard, and not thinned out already; exact_labels: whether labels are heard that are upsampled
    exactly; precision: a cheaper number format that may be used, or ""; fractions: smaller inputs, falling; latency, rate:
    which budgets are set.
    """

    labels: bool = False
    normals: bool = False
    exact_labels: bool = False
    precision: str = ""
    fractions: tuple[float, ...] = ()
    latency: bool = False
    rate: bool = False

    def concessions(self) -> tuple[Concession, ...]:
        """Those that can help, the least loss first.

        Fewer labels or normals raise the rate. They shorten the longest frame only where the two take turns, and there a third
        turn adds nothing.
        """
        found = []
        if self.exact_labels:
            found.append(Concession("upsampling"))
        if self.precision:
            found.append(Concession("precision", precision=self.precision))
        if (self.labels or self.normals) if self.rate else (self.labels and self.normals and self.latency):
            found += [Concession("every", every=n) for n in ((2, 3) if self.rate else (2,))]
        before = 1.0
        for fraction in self.fractions:
            found.append(Concession("size", fraction=fraction, fraction_before=before))
            before = fraction
        return tuple(found)
