"""Strips: maps worked on some rows at a time, so that what lies between input and result stays in the processor's cache."""

from __future__ import annotations

STRIP_PIXELS = 80_000


def strips(size_hw: tuple[int, int]) -> list[slice]:
    """The rows of a map (height, width) in shares of about STRIP_PIXELS, all as high as the first but perhaps the last one."""
    height, width = size_hw
    count = max(1, round(height * width / STRIP_PIXELS))
    rows = -(-height // count)
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]
