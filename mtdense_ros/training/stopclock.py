"""The time that a run has taken, over all its sittings, as the whole team reads it."""

from __future__ import annotations

import time

from mtdense_ros.training.distributed import Team


class Stopclock:
    """elapsed_s: of earlier sittings; checkpoint_minutes: between checkpoints."""

    def __init__(self, elapsed_s: float, team: Team, checkpoint_minutes: float) -> None:
        self._team = team
        self._start = time.monotonic() - elapsed_s
        self._period_s = 60 * checkpoint_minutes
        self._now = self._checkpoint = elapsed_s

    def read(self) -> float:
        """Seconds of training in all, the same in every process."""
        self._now = self._team.agreed(time.monotonic() - self._start)
        return self._now

    def checkpoint_due(self) -> bool:
        """Whether the time for one had come when the clock was last read; if so the next one counts from there."""
        due = self._now - self._checkpoint > self._period_s
        if due:
            self._checkpoint = self._now
        return due
