"""Which frames of a sequence a sheet shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

_THUMBNAIL = (32, 24)


class EvenSample(Generic[T]):
    """Items evenly spaced over a sequence whose length is unknown before its end: `items` holds between half and all of `capacity`."""

    def __init__(self, capacity: int) -> None:
        self.items: list[T] = []
        self._capacity = capacity
        self._stride = 1
        self._count = 0

    def add(self, item: T) -> None:
        """The next item; every n-th is kept, and n doubles whenever there are too many."""
        if self._count % self._stride == 0:
            self.items.append(item)
        self._count += 1
        if len(self.items) > self._capacity:
            self.items = self.items[::2]
            self._stride *= 2


def most_different(pictures: Sequence[NDArray[np.uint8]], count: int) -> list[int]:
    """Numbers of at most so many pictures (H, W, 3), in order: the first, then always the one least like those chosen (Gonzalez 1985)."""
    small = np.stack([cv2.resize(picture, _THUMBNAIL, interpolation=cv2.INTER_AREA).ravel() for picture in pictures]).astype(np.float32)
    chosen = [0]
    distance = np.linalg.norm(small - small[0], axis=1)
    while len(chosen) < min(count, len(pictures)):
        distance[chosen] = -1.0
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(small - small[chosen[-1]], axis=1))
    return sorted(chosen)
