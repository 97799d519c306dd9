"""Markdown tables and the figures in them. What was not measured is a dash."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from benchmarks.common.statistics import median


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


def number(value: float, decimals: int = 1, unit: str = "") -> str:
    """A figure, a dash for NaN."""
    return f"{value:.{decimals}f}{unit}" if math.isfinite(value) else "-"


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
