"""The faults of the node, each by its own name: which hold now, how often they came, and when to log them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

from mtdense_ros.runtime.log_schedule import LogSchedule


@dataclass(frozen=True)
class FaultKind:
    """What a fault means.

    error: nothing can be published; otherwise something is missing. hold_s: how long one report holds when neither another
    report nor the end of the cause follows. log_always: every report answers to something that a person did, so each is logged.
    of_node: it concerns all cameras of the node, whichever reported it.
    """

    error: bool
    hold_s: float
    log_always: bool = False
    of_node: bool = False


FAULTS = {
    "no publisher": FaultKind(False, 2.0),
    "incompatible QoS": FaultKind(True, 2.0),
    "unknown encoding": FaultKind(True, 5.0),
    "bad image": FaultKind(True, 5.0),
    "size mismatch": FaultKind(True, 5.0),
    "no camera_info": FaultKind(False, 5.0),
    "clock mismatch": FaultKind(False, 10.0),
    "clock jump": FaultKind(False, 10.0),
    "late frames": FaultKind(False, 5.0),
    "no background": FaultKind(False, 5.0),
    "background unusable": FaultKind(False, 5.0),
    "camera moved": FaultKind(False, 5.0),
    "light changed": FaultKind(False, 5.0),
    "camera blocked": FaultKind(False, 5.0),
    "output not available": FaultKind(False, 5.0),
    "doubtful output": FaultKind(False, 5.0),
    "distorted camera": FaultKind(True, 5.0),
    "scale implausible": FaultKind(False, 5.0),
    "TF missing": FaultKind(False, 5.0),
    "range missing": FaultKind(False, 5.0),
    "weights missing or changed": FaultKind(True, inf, log_always=True, of_node=True),
    "configuration": FaultKind(True, inf, log_always=True, of_node=True),
    "GPU lost": FaultKind(True, inf, of_node=True),
    "engine failed": FaultKind(True, 5.0, of_node=True),
    "worker restarted": FaultKind(False, 30.0, of_node=True),
    "over budget": FaultKind(False, 5.0, of_node=True),
}
"""Every fault this version can find."""


@dataclass(frozen=True)
class FaultState:
    """One fault as it stands: whether it holds, its last message, how often it was reported, and of which camera it is."""

    name: str
    error: bool
    active: bool
    message: str
    count: int
    camera: str = ""


class Faults:
    """Collects reports from all threads and logs them by a LogSchedule: log(is_error, text). clock: seconds, monotonic.

    A fault that ends before anybody has asked for the states is still shown once, so that a single bad frame can be seen.
    Those of a named `camera` pass what concerns the whole node on to the `node`'s.
    """

    def __init__(
        self,
        log: Callable[[bool, str], None],
        clock: Callable[[], float] = time.monotonic,
        camera: str = "",
        node: Faults | None = None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._camera = camera
        self._node = node
        self._of_cameras: dict[str, Faults] = {}
        self._lock = threading.Lock()
        self._schedule = LogSchedule()
        self._messages = dict.fromkeys(FAULTS, "")
        self._counts = dict.fromkeys(FAULTS, 0)
        self._until = dict.fromkeys(FAULTS, -inf)
        self._unseen: set[str] = set()

    def divide(self, cameras: Collection[str]) -> dict[str, Faults]:
        """The faults of each of these cameras from now on, by its name. An unnamed camera has none of its own: its are these."""
        self._of_cameras = {name: Faults(self._log, self._clock, name, self) for name in cameras if name}
        return {name: self._of_cameras.get(name, self) for name in cameras}

    def report(self, name: str, message: str, lasting: bool = False) -> None:
        """Notes that a fault holds, and logs it when it is due. lasting: it holds until it is cleared."""
        kind, keeper = FAULTS[name], self._keeper(name)
        if keeper._note(name, message, kind, lasting):
            self._log(kind.error, f"{keeper._camera and keeper._camera + ': '}{name}: {message}")

    def clear(self, *names: str) -> None:
        """The causes of these faults are gone."""
        for name in names:
            self._keeper(name)._end(name)

    @contextmanager
    def judging(self, *names: str) -> Iterator[None]:
        """Within the block it is decided whether these faults hold: one that is not reported there is cleared at its end."""
        before = {name: self._keeper(name)._counts[name] for name in names}
        try:
            yield
        finally:
            self.clear(*(name for name, count in before.items() if self._keeper(name)._counts[name] == count))

    def states(self) -> list[FaultState]:
        """All faults in the order of FAULTS; with named cameras those of the node, then those of each camera."""
        own = [name for name, kind in FAULTS.items() if not self._of_cameras or kind.of_node]
        states = self._states(own)
        for faults in self._of_cameras.values():
            states += faults._states([name for name, kind in FAULTS.items() if not kind.of_node])
        return states

    def _keeper(self, name: str) -> Faults:
        """Where a fault is kept."""
        return self if self._node is None or not FAULTS[name].of_node else self._node

    def _note(self, name: str, message: str, kind: FaultKind, lasting: bool) -> bool:
        """Takes a report; whether it is to be logged."""
        now = self._clock()
        with self._lock:
            due = self._schedule.due(name, message, now) or kind.log_always
            if now >= self._until[name]:
                self._unseen.add(name)
            self._counts[name] += 1
            self._messages[name] = message
            self._until[name] = max(self._until[name], inf if lasting else now + kind.hold_s)
        return due

    def _end(self, name: str) -> None:
        with self._lock:
            self._until[name] = -inf

    def _states(self, names: Collection[str]) -> list[FaultState]:
        now = self._clock()
        with self._lock:
            unseen, self._unseen = self._unseen, set()
            active = {name for name in names if now < self._until[name]} | unseen
            return [FaultState(n, FAULTS[n].error, n in active, self._messages[n], self._counts[n], self._camera) for n in names]
