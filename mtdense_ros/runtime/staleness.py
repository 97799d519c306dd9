"""How old a frame is, whether it is stale, and whether its clock can be believed."""

from __future__ import annotations

from dataclasses import dataclass

MISMATCH_S = 10.0
"""A stamp older than this, or in the future, comes from another clock than ours (a bag, an unsynchronised host)."""

JUMP_S = 0.2
"""Stamps or clocks that run back by more than this jumped: a looping bag, a simulation reset."""


@dataclass(frozen=True)
class Age:
    """The age of a frame in seconds, since it arrived (monotonic clock) and since its stamp (ROS clock)."""

    arrival_s: float
    stamp_s: float

    @classmethod
    def of(cls, waited_ns: int, stamp_ns: int, clock_ns: int) -> Age:
        """The age of a frame that arrived this long ago (ns, monotonic) and carries this stamp at this ROS time (ns)."""
        return cls(waited_ns * 1e-9, (clock_ns - stamp_ns) * 1e-9)

    @property
    def mismatch(self) -> bool:
        """Whether the stamp comes from another clock."""
        return not 0.0 <= self.stamp_s <= MISMATCH_S

    def since(self, source: str) -> float:
        """Seconds since the arrival or since the stamp; source is "arrival" or "stamp", as the parameter max_age_from."""
        return self.stamp_s if source == "stamp" else self.arrival_s

    def is_stale(self, max_age: float, source: str) -> bool:
        """Whether the frame is older than max_age (s, 0: never). A mismatched stamp does not matter when the arrival counts."""
        return 0.0 < max_age < self.since(source)


class ClockWatch:
    """Notices when stamps or the ROS clock run back."""

    def __init__(self) -> None:
        self._last_stamp_ns: int | None = None
        self._last_clock_ns: int | None = None

    def jumped(self, stamp_ns: int, clock_ns: int) -> bool:
        """Whether this frame's stamp, or the ROS clock at its arrival, lies before the last one's; remembers both (ns)."""
        jumped = _ran_back(self._last_stamp_ns, stamp_ns) or _ran_back(self._last_clock_ns, clock_ns)
        self._last_stamp_ns, self._last_clock_ns = stamp_ns, clock_ns
        return jumped


def _ran_back(last_ns: int | None, now_ns: int) -> bool:
    return last_ns is not None and (last_ns - now_ns) * 1e-9 > JUMP_S
