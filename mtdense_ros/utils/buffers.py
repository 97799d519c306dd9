"""Scratch buffers: large arrays that are allocated once and used for every frame, because fresh ones cost page faults."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Value = TypeVar("Value", bound=np.generic)


class BufferPool:
    """Arrays by name. What a function puts into the one that it is given stands there until its next call with the same one.

    Functions that take one and are given none make their own, so that what they return is fresh. One frame at a time.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}
        self._parts: dict[str, BufferPool] = {}

    def array(self, name: str, shape: Shape, kind: type[Value]) -> NDArray[Value]:
        """The array of this name, with whatever stands in it; another one from now on where its shape or kind was different."""
        kept = self._arrays.get(name)
        if kept is None or kept.shape != shape or kept.dtype != kind:
            kept = self._arrays[name] = self._made(shape, kind)
        return kept

    def part(self, name: str) -> BufferPool:
        """A pool within this one, with names of its own."""
        if name not in self._parts:
            self._parts[name] = type(self)()
        return self._parts[name]

    def _made(self, shape: Shape, kind: type[Value]) -> NDArray[Value]:
        return np.empty(shape, kind)


STRIP_PIXELS = 80_000


def strips(size_hw: tuple[int, int]) -> list[slice]:
    """The rows of a map (height, width) in shares of about STRIP_PIXELS, all as high as the first but perhaps the last one."""
    height, width = size_hw
    count = max(1, round(height * width / STRIP_PIXELS))
    rows = -(-height // count)
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]
