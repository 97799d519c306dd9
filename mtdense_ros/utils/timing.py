"""How long the stages of a piece of work take, and those of the start of this process."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path


class Stopwatch:
    """`laps` holds the ms spent in each named stage; a stage met again adds up."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Books the time since the last lap, or since the start, under `stage`."""
        now = time.perf_counter()
        self.laps[stage] = self.laps.get(stage, 0.0) + 1e3 * (now - self._last)
        self._last = now


class Startup:
    """Notes when each stage ended; the first one began with the process. `stages`: seconds of each, in order.

    over: the first output was published, and nothing more is noted.
    """

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self.over = False
        self._last = process_start_s()

    def lap(self, stage: str, at_s: float | None = None) -> None:
        """Books the time since the last stage's end under `stage`; at_s: when it ended (s, monotonic), None for now."""
        if self.over:
            return
        now = time.monotonic() if at_s is None else max(at_s, self._last)
        self.stages[stage] = self.stages.get(stage, 0.0) + now - self._last
        self._last = now

    def book(self, laps_ms: Mapping[str, float], rest: str) -> None:
        """Books the time since the last stage's end under the stages of a stopwatch (ms), and what they leave under `rest`."""
        end = time.monotonic()
        for stage, ms in laps_ms.items():
            self.lap(stage, min(self._last + 1e-3 * ms, end))
        self.lap(rest, end)

    def finish(self) -> str:
        """The sum and the stages, for people and for benchmarks."""
        self.over = True
        parts = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in self.stages.items())
        return f"first output {sum(self.stages.values()):.2f} s after the process began: {parts} s"


def process_start_s(status: Path = Path("/proc/self/stat")) -> float:
    """When this process began, as seconds of the monotonic clock; when it replaces its program, its start stays the same."""
    ticks = int(status.read_text().rpartition(")")[2].split()[19])
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.monotonic() - age_s
