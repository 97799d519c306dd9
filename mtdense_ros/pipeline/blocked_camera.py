"""A camera that shows nothing: covered, black or frozen."""

from __future__ import annotations

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.registration.reduction import grey, levels_at

_BLACK = 20
"""Grey level under which nearly all of a black picture lies; drivers send 0 or 16 for black."""
_DARK, _DETAIL, _SPAN = 60, 3.0, 40
"""A covered lens: mean grey level; and, nearly everywhere, the largest local difference and the range of the picture."""
_BURNT_OUT = 245
"""Grey level that a burnt-out picture nowhere falls below: too much light, and no cover."""
_DETAILED = 8.0
"""Local difference that a background must have somewhere for a picture without any to be a covered lens at whatever brightness."""

_ROWS = 24
_NOISY_ROWS, _NOISY_PAIRS = 0.9, 20
"""Share of the rows that noise changes from one picture to the next, and how many such pairs show that a camera has noise."""


def detail(picture: NDArray[np.uint8]) -> float:
    """The local difference in grey levels that 2 % of the pixels of a grey picture (h, w) exceed."""
    difference = np.asarray(cv2.absdiff(cv2.blur(picture, (3, 3)), cv2.blur(picture, (11, 11))), np.uint8)
    return float(levels_at(difference, 0.98)[0])


def covered(small: NDArray[np.uint8], background_detail: float = 0.0) -> str:
    """Why a small picture (h, w, 3) is one of a covered or black camera; empty where it is not.

    background_detail is `detail` of the background's, 0 without one: a bright blank wall is no cover unless there was more to see.
    """
    picture = grey(small)
    low, high, highest = levels_at(picture, 0.02, 0.98, 0.99)
    if highest < _BLACK:
        return "black: nearly all pixels are darker than grey level 20 (lens cap on, or light off)"
    plain = detail(picture) < _DETAIL and high - low < _SPAN and low < _BURNT_OUT
    if plain and (picture.mean() < _DARK or background_detail > _DETAILED):
        return "covered: the picture is almost uniform (something on or right before the lens)"
    return ""


class FrozenPictures:
    """How long a camera has sent the same picture, bit for bit.

    A rendered scene in which nothing moves, or a recorded picture that is sent again, is identical too. So it is only held against
    a camera that has shown noise: pictures that differed in nearly all rows while nothing was seen to move.
    """

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._stamp_ns = 0
        self._since = 0.0
        self._noisy_pairs = 0

    def observe(self, rgb: NDArray[np.uint8], stamp_ns: int, now: float, still: bool) -> float:
        """For how long (s) a camera with noise has been frozen, 0 where it is not, after a picture (H, W, 3) of this stamp.

        still: nothing is seen to move. A picture whose stamp is not later than the last one's was sent twice and says nothing.
        """
        if self._rows and stamp_ns == self._stamp_ns:
            return 0.0
        rows = [zlib.crc32(row.tobytes()) for row in rgb[:: max(1, len(rgb) // _ROWS)]]
        same = sum(a == b for a, b in zip(rows, self._rows, strict=False)) if len(rows) == len(self._rows) else 0
        if same < len(rows) or now < self._since:
            self._since = now
        if still and self._rows and same <= (1 - _NOISY_ROWS) * len(rows):
            self._noisy_pairs += 1
        self._rows, self._stamp_ns = rows, stamp_ns
        return now - self._since if self._noisy_pairs >= _NOISY_PAIRS else 0.0
