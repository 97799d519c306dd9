"""When a failure is one frame's misfortune, and when the engine or the worker behind it is given up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

FAILED_FRAMES = 3
"""So many frames in a row that the engine failed on end the trust in it; one alone may be a moment without memory."""

SILENCE_S = 5.0
"""A frame that is in work for so long is reported; the first of a new size may compile for a second or two."""

DEATHS, DEATHS_WITHIN_S = 3, 60.0
"""A worker that dies so often in this time is not started again."""


@dataclass(frozen=True)
class Failure:
    """What was given up: the fault's name, its text, and whether another engine may help."""

    fault: str
    message: str
    of_engine: bool


class FailurePolicy:
    """Decides of what is seen at every tick of the node. Times are seconds, monotonic."""

    def __init__(self) -> None:
        self._deaths: deque[float] = deque(maxlen=DEATHS)

    def died(self, now: float) -> None:
        """The worker died."""
        self._deaths.append(now)

    def verdict(self, failed_frames: int, fault: str, busy_s: float, timeout_s: float, now: float) -> Failure | None:
        """What is to be given up, None where nothing is.

        failed_frames: in a row, under this fault; busy_s: how long the present frame is in work; timeout_s: the longest that it may
        be, 0: however long.
        """
        if 0.0 < timeout_s < busy_s:
            return Failure("engine failed", f"a frame is in work for more than engine_timeout {timeout_s:g} s", True)
        if failed_frames >= FAILED_FRAMES:
            return Failure(fault, f"the engine failed on {failed_frames} frames in a row", True)
        if len(self._deaths) == DEATHS and now - self._deaths[0] <= DEATHS_WITHIN_S:
            return Failure("worker restarted", f"the worker thread died {DEATHS} times within {DEATHS_WITHIN_S:g} s", False)
        return None
