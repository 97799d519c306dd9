"""Evenly spaced items of a sequence whose length is unknown before its end."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class EvenSample(Generic[T]):
    """`items` holds between half and all of `capacity` items. Every n-th item is kept, and n doubles whenever there are too many."""

    def __init__(self, capacity: int) -> None:
        self.items: list[T] = []
        self._capacity = capacity
        self._stride = 1
        self._count = 0

    @property
    def keeps_next(self) -> bool:
        """Whether the next item will be kept: where items are costly to make, give None for the others."""
        return self._count % self._stride == 0

    def add(self, item: T | None) -> None:
        """Takes the next item of the sequence."""
        if self.keeps_next and item is not None:
            self.items.append(item)
        self._count += 1
        if len(self.items) > self._capacity:
            self.items = self.items[::2]
            self._stride *= 2
