"""Which frames a contact sheet shows."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

_THUMBNAIL = (32, 24)


def most_different(pictures: Sequence[NDArray[np.uint8]], count: int) -> list[int]:
    """Indices, in order, of at most `count` pictures (H, W, 3): the first, then always the one least like those chosen (Gonzalez 1985)."""
    small = np.stack([cv2.resize(picture, _THUMBNAIL, interpolation=cv2.INTER_AREA).ravel() for picture in pictures]).astype(np.float32)
    chosen = [0]
    distance = np.linalg.norm(small - small[0], axis=1)
    while len(chosen) < min(count, len(pictures)):
        distance[chosen] = -1.0
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(small - small[chosen[-1]], axis=1))
    return sorted(chosen)
