"""When a message that comes again and again is written to the log."""

from __future__ import annotations

import re
from dataclasses import dataclass

AGAIN_S = (60.0, 600.0, 3600.0)
"""A message is logged when it first comes, and again this long after that; later once an hour."""

FORGET_S = 3600.0
"""A message that did not come for this long is a new one when it comes."""

MOST_MESSAGES = 8
"""Different messages of one subject that are kept apart; all further ones count as one, so that no sender can fill the log."""

_MEASURED = re.compile(r"-?\d+\.\d+(e[+-]?\d+)?")


@dataclass
class _History:
    first_s: float
    next_s: float
    last_s: float


class LogSchedule:
    """Decides for each message of a subject whether it is due. Decimal fractions are measured values and make no new message."""

    def __init__(self) -> None:
        self._subjects: dict[str, dict[str, _History]] = {}

    def due(self, subject: str, message: str, now: float) -> bool:
        """Whether a message that comes at this time (s, monotonic) is to be logged."""
        histories = self._subjects.setdefault(subject, {})
        for key in [key for key, history in histories.items() if now - history.last_s > FORGET_S]:
            del histories[key]
        key = _MEASURED.sub("#", message)
        if key not in histories and len(histories) >= MOST_MESSAGES:
            key = ""
        history = histories.setdefault(key, _History(now, now, now))
        history.last_s = now
        if now < history.next_s:
            return False
        history.next_s = min((history.first_s + s for s in AGAIN_S if history.first_s + s > now), default=now + AGAIN_S[-1])
        return True
