"""What is tried: engines, the devices of this machine, and precisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from mtdense_ros.engines.base import SUPPORTED_PRECISIONS
from mtdense_ros.engines.create import installed_engines
from mtdense_ros.engines.measured_choice import Candidate
from mtdense_ros.errors import ConfigError, known_names


@dataclass(frozen=True)
class Trial:
    """An engine on a device with a precision. samples: ms of single runs; problem: why there are none, "" with some."""

    engine: str
    device: str
    precision: str
    samples: tuple[float, ...] = field(default=(), repr=False)
    problem: str = ""

    @property
    def text(self) -> str:
        """For people, as in "openvino bf16 on cpu"."""
        return " ".join(filter(None, (self.engine, self.precision, f"on {self.device}" if self.device else "")))

    @property
    def median(self) -> float:
        """In ms."""
        return float(np.median(self.samples))

    @property
    def p95(self) -> float:
        """In ms."""
        return float(np.percentile(self.samples, 95))

    def measured(self, samples: Sequence[float]) -> Trial:
        """The same with more samples."""
        return replace(self, samples=(*self.samples, *samples))

    def failed(self, problem: str) -> Trial:
        """The same without any."""
        return replace(self, samples=(), problem=problem)

    def candidate(self) -> Candidate:
        """As it is kept for `auto`."""
        return Candidate(self.engine, self.device, self.precision, round(self.median, 3))


def planned_trials(engines: Sequence[str] = (), precisions: Sequence[str] = ()) -> list[Trial]:
    """The trials of these engines and precisions, of all if none is given; an engine that is not installed is one failed trial.

    Raises ConfigError for an engine that does not exist.
    """
    installed = installed_engines()
    for name in engines:
        if name not in installed:
            raise ConfigError(f"--engines: '{name}' is unknown; {known_names(name, installed)}")
    devices = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
    trials = []
    for name, absent in installed.items():
        if engines and name not in engines:
            continue
        if absent is not None:
            trials.append(Trial(name, "", "", problem=absent))
            continue
        for device in devices:
            formats = SUPPORTED_PRECISIONS.get((name, device), ())
            trials += [Trial(name, device, precision) for precision in (precisions if formats and precisions else formats)]
    return trials
