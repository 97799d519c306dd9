"""The faults of the node, each by its own name: which hold now, how often they came, and when to log them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

LOG_PERIOD_S = 5.0
NEW_MESSAGE_PERIOD_S = 1.0


@dataclass(frozen=True)
class FaultKind:
    """error: nothing can be published; otherwise something is missing. hold_s: how long one report holds without another.

    once: logged when it begins to hold, not again while it does.
    """

    error: bool
    hold_s: float
    once: bool = False


FAULTS = {
    "no publisher": FaultKind(False, 2.0),
    "incompatible QoS": FaultKind(True, 2.0),
    "unknown encoding": FaultKind(True, 5.0),
    "size mismatch": FaultKind(True, 5.0),
    "no camera_info": FaultKind(False, 5.0),
    "clock mismatch": FaultKind(False, 10.0, once=True),
    "clock jump": FaultKind(False, 10.0),
    "late frames": FaultKind(False, 5.0),
    "no background": FaultKind(False, 5.0),
    "output not available": FaultKind(False, 5.0),
    "doubtful output": FaultKind(False, 5.0),
    "distorted camera": FaultKind(True, 5.0),
    "weights missing or changed": FaultKind(True, inf),
    "configuration": FaultKind(True, inf),
    "GPU lost": FaultKind(True, inf),
    "worker restarted": FaultKind(False, 30.0),
    "over budget": FaultKind(False, 5.0, once=True),
}
"""Every fault this version can find."""


@dataclass(frozen=True)
class FaultState:
    """One fault as it stands: whether it holds, its last message, and how often it was reported."""

    name: str
    error: bool
    active: bool
    message: str
    count: int


class Faults:
    """Collects reports from all threads and logs them throttled: log(is_error, text). clock: seconds, monotonic."""

    def __init__(self, log: Callable[[bool, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._messages = dict.fromkeys(FAULTS, "")
        self._counts = dict.fromkeys(FAULTS, 0)
        self._until = dict.fromkeys(FAULTS, -inf)
        self._logged: dict[str, tuple[str, float]] = {}

    def report(self, name: str, message: str) -> None:
        """Notes a fault, and logs at most every 5 s, a changed message every second."""
        now = self._clock()
        with self._lock:
            due = self._due(name, message, now)
            self._counts[name] += 1
            self._messages[name] = message
            self._until[name] = now + FAULTS[name].hold_s
        if due:
            self._log(FAULTS[name].error, f"{name}: {message}")

    def clear(self, *names: str) -> None:
        """These faults hold no more."""
        with self._lock:
            for name in names:
                self._until[name] = -inf

    def states(self) -> list[FaultState]:
        """All faults in the order of FAULTS."""
        now = self._clock()
        with self._lock:
            return [FaultState(n, k.error, now < self._until[n], self._messages[n], self._counts[n]) for n, k in FAULTS.items()]

    def _due(self, name: str, message: str, now: float) -> bool:
        last, at = self._logged.get(name, ("", -inf))
        due = now - at >= (LOG_PERIOD_S if message == last else NEW_MESSAGE_PERIOD_S)
        if FAULTS[name].once and now < self._until[name]:
            due = False
        if due:
            self._logged[name] = (message, now)
        return due
