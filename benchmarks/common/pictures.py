"""What the benchmarks' camera sees: a still room-like picture, and a box that moves across it."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
COUNT = 24


def background(size_hw: tuple[int, int]) -> Rgb:
    """A picture (H, W, 3) with structure at several scales; always the same one."""
    height, width = size_hw
    random = np.random.default_rng(0)
    total = np.zeros((height, width, 3), np.float32)
    for cells in (3, 12, 48):
        noise = random.uniform(0, 85, (cells, cells, 3)).astype(np.float32)
        total += cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    return total.astype(np.uint8)


def moving(size_hw: tuple[int, int], count: int = COUNT) -> list[Rgb]:
    """The background with a box that crosses it within `count` pictures."""
    height, width = size_hw
    pictures = []
    for i in range(count):
        picture = background(size_hw)
        left = (width * 3 // 4) * i // count
        picture[height // 3 : height * 3 // 4, left : left + width // 4] = (200, 60, 40)
        pictures.append(picture)
    return pictures


def digest(size_hw: tuple[int, int]) -> str:
    """The sha256 of all that the camera shows at this size."""
    digester = hashlib.sha256(background(size_hw).tobytes())
    for picture in moving(size_hw):
        digester.update(picture.tobytes())
    return digester.hexdigest()
