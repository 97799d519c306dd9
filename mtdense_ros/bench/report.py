"""The outcome of trials: a table for people, and JSON with every sample."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mtdense_ros.bench.trials import Trial
from mtdense_ros.engines.machine import Machine
from mtdense_ros.engines.measured_choice import Candidate, precision_refusal
from mtdense_ros.utils.tables import plain_table
from mtdense_ros.weights import Card

_TITLES = ("engine", "device", "precision", "ms median", "p95", "x slowest", "auto")
_NUMBERS = (3, 4, 5)
"""The columns with numbers."""


@dataclass(frozen=True)
class Outcome:
    """What was measured on a machine for a network with an input of size_hw."""

    card: Card
    size_hw: tuple[int, int]
    machine: Machine
    trials: Sequence[Trial]

    @property
    def ranked(self) -> list[Trial]:
        """The trials that ran, the fastest first."""
        return sorted((trial for trial in self.trials if trial.samples), key=lambda trial: trial.median)

    @property
    def candidates(self) -> list[Candidate]:
        """The same as they are kept for `auto`."""
        return [trial.candidate() for trial in self.ranked]

    def refusal(self, trial: Trial) -> str:
        """Why `auto` must not use a trial's precision; "" if it may."""
        return precision_refusal(self.card, trial.engine, trial.precision)

    def table(self) -> str:
        """Lines with a row per trial, the fastest first, then what did not run, with the reason."""
        ranked = self.ranked
        rows = [(t.engine, t.device, t.precision, *_numbers(t, ranked[-1].median), self._may(t)) for t in ranked]
        failed = [(t.engine, t.device, t.precision, "-", "-", "-", t.problem) for t in self.trials if not t.samples]
        height, width = self.size_hw
        outputs = f"{', '.join(self.card.outputs)}{', background cached' if 'foreground' in self.card.outputs else ''}"
        head = f"{self.card.name}, {height} rows of {width} pixels: {outputs}\n{self.machine.text}\n\n"
        return head + plain_table([_TITLES, *rows, *failed], right=_NUMBERS)

    def to_json(self, command: str) -> str:
        """Everything, with the samples in ms."""
        rows: list[dict[str, Any]] = []
        for trial in (*self.ranked, *(t for t in self.trials if not t.samples)):
            times = {"median_ms": round(trial.median, 4), "p95_ms": round(trial.p95, 4)} if trial.samples else {}
            rows.append({**asdict(trial), **times, "auto": bool(trial.samples) and not self.refusal(trial)})
        content = {
            "command": command,
            "machine": self.machine.as_json(),
            "weights": {"name": self.card.name, "sha256": self.card.sha256},
            "size_hw": list(self.size_hw),
            "outputs": list(self.card.outputs),
            "trials": rows,
        }
        return json.dumps(content, indent=1) + "\n"

    def _may(self, trial: Trial) -> str:
        refusal = self.refusal(trial)
        return f"no: {refusal}" if refusal else "yes"


def _numbers(trial: Trial, slowest: float) -> tuple[str, str, str]:
    return f"{trial.median:.2f}", f"{trial.p95:.2f}", f"{slowest / trial.median:.1f}"
