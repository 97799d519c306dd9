"""Tables for people, in Markdown and as plain text, and the figures in them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

NONE = "-"
"""What stands for a figure that does not exist."""


def number(value: Any, decimals: int = 1, unit: str = "", sign: str = "") -> str:
    """A figure as text, NONE for None and for what is not finite. sign: "+" shows that of positive figures too."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return NONE
    return f"{value:{sign}.{decimals}f}{unit}"


def markdown_table(titles: Sequence[str], rows: Iterable[Sequence[str]], left: Collection[int] = (0,), padded: bool = False) -> str:
    """A Markdown table, the columns of these numbers aligned left, the others right. padded: it lines up as plain text too."""
    lines = [list(titles), *(list(row) for row in rows)]
    widths = _widths(lines) if padded else [0] * len(titles)
    rule = ("-" * max(3, width + 2) if i in left else "-" * max(3, width + 1) + ":" for i, width in enumerate(widths))
    head, *body = (f"| {' | '.join(_aligned(line, widths, left))} |\n" for line in lines)
    return "".join([head, f"|{'|'.join(rule)}|\n", *body])


def plain_table(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Lines with the cells of each column below each other, the columns of these numbers aligned right, the others left."""
    widths = _widths(rows)
    left = set(range(len(widths))) - set(right)
    return "".join("  ".join(_aligned(row, widths, left)).rstrip() + "\n" for row in rows)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _aligned(row: Sequence[str], widths: Sequence[int], left: Collection[int]) -> list[str]:
    return [cell.ljust(width) if i in left else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths, strict=True))]
