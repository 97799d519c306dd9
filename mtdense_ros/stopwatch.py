"""Times of the stages of one piece of work."""

from __future__ import annotations

import time


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
