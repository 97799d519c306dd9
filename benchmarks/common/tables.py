"""The figures in the tables, as text."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.common.statistics import median
from mtdense_ros.utils.tables import number


def percent(share: float) -> str:
    """A share as a percentage."""
    return number(100 * share, 0 if share >= 0.995 else 1, " %")


def hertz(value: float) -> str:
    """The camera's rate, for people."""
    return f"{value:g} Hz" if value else "peak"


def size_text(size: Sequence[int]) -> str:
    """(height, width) as WIDTHxHEIGHT."""
    return f"{size[1]}x{size[0]}"


def spread(quotients: Sequence[float]) -> str:
    """The median of the rounds' quotients, with their range where there are several."""
    if not quotients or len(quotients) == 1:
        return number(median(quotients))
    return f"{number(median(quotients))} ({number(min(quotients))} to {number(max(quotients))})"
