"""How old a frame is, and whether its clock can be believed."""

from __future__ import annotations

from dataclasses import dataclass

MISMATCH_S = 10.0
"""A stamp older than this, or in the future, comes from another clock than ours (a bag, an unsynchronised host)."""

JUMP_S = 0.2
"""Stamps or clocks that run back by more than this jumped: a looping bag, a simulation reset."""


@dataclass(frozen=True)
class Age:
    """A frame's age in seconds since it arrived (monotonic clock) and since its stamp (ROS clock), and what follows from it."""

    arrival_s: float
    stamp_s: float
    late: bool
    mismatch: bool


class AgeGate:
    """Judges frames against a maximum age (s, 0: none) from their arrival or from their stamp."""

    def __init__(self) -> None:
        self._last_stamp_ns: int | None = None
        self._last_clock_ns: int | None = None

    def jumped(self, stamp_ns: int, clock_ns: int) -> bool:
        """Whether this frame's stamp, or the ROS clock at its arrival, lies before the last one's; remembers both (ns)."""
        jumped = _ran_back(self._last_stamp_ns, stamp_ns) or _ran_back(self._last_clock_ns, clock_ns)
        self._last_stamp_ns, self._last_clock_ns = stamp_ns, clock_ns
        return jumped

    @staticmethod
    def judge(waited_ns: int, stamp_ns: int, clock_ns: int, max_age: float, source: str) -> Age:
        """The age of a frame that waited for this time (ns, monotonic) and bears this stamp at this ROS time (ns).

        source is "arrival" or "stamp". A mismatched stamp makes no frame late that is judged by its arrival.
        """
        arrival_s, stamp_s = waited_ns * 1e-9, (clock_ns - stamp_ns) * 1e-9
        judged = stamp_s if source == "stamp" else arrival_s
        return Age(arrival_s, stamp_s, late=0.0 < max_age < judged, mismatch=not 0.0 <= stamp_s <= MISMATCH_S)


def _ran_back(last_ns: int | None, now_ns: int) -> bool:
    return last_ns is not None and (last_ns - now_ns) * 1e-9 > JUMP_S
