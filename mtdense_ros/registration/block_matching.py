"""Where the textured blocks of a reference picture are found in another one: zero-normalised cross-correlation.

The score does not depend on the gain and offset of a block, so that light may change; a block that something covers scores low.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK, REACH, FAR = 20, 3, 8
"""Side of a block, and how far it is searched for from where it is expected, at first and when it is not there, in pixels of the small
picture."""

_SPACING = 15
_MIN_DEVIATION = 3.0
"""Grey levels, standard deviation, below which a block shows more noise than texture."""
_MIN_SCORE = 0.75


@dataclass(frozen=True, eq=False)
class Blocks:
    """The n textured blocks of a reference picture (h, w) uint8.

    corners (n, 2): x, y of their top left pixels; centres (n, 2): from the middle of the picture; tensors (n, 2, 2): how well the
    texture fixes a displacement in each direction, the structure tensor with trace 1.
    """

    picture: NDArray[np.uint8]
    corners: NDArray[np.int64]
    centres: Floats
    tensors: Floats

    @classmethod
    def of(cls, picture: NDArray[np.uint8]) -> Blocks:
        """Of a grey picture (h, w): a grid of overlapping blocks, without those that have no texture."""
        height, width = picture.shape
        rows, columns = (_positions(side) for side in (height, width))
        grid = np.array([(x, y) for y in rows for x in columns], np.int64).reshape(-1, 2)
        smooth = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float32)
        gx, gy = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
        tensors, textured = [], []
        for x, y in grid:
            window = slice(y, y + BLOCK), slice(x, x + BLOCK)
            a, b, c = ((first[window] * second[window]).sum() for first, second in ((gx, gx), (gx, gy), (gy, gy)))
            textured.append(picture[window].std() > _MIN_DEVIATION and a + c > 0)
            tensors.append(np.array([[a, b], [b, c]], np.float64) / max(float(a + c), 1e-9))
        chosen = np.array(textured, bool)
        corners = grid[chosen]
        centres = corners + (BLOCK - 1) / 2 - np.array([(width - 1) / 2, (height - 1) / 2])
        return cls(picture, corners, centres, np.array(tensors, np.float64).reshape(-1, 2, 2)[chosen])

    def __len__(self) -> int:
        return len(self.corners)


@dataclass(frozen=True, eq=False)
class Matches:
    """Which blocks (indices, (m,)) were found in a picture, and their displacements x, y (m, 2) in its pixels."""

    index: NDArray[np.int64]
    displacement: Floats


def match(blocks: Blocks, picture: NDArray[np.uint8], expected: Floats, reach: int = REACH) -> Matches:
    """Searches every block around its expected displacement (n, 2), to a fraction of a pixel; what leaves the picture is not found."""
    found, displacements = [], []
    size = picture.shape[1], picture.shape[0]
    starts = blocks.corners + np.rint(expected).astype(np.int64) - reach
    ends = np.minimum(starts + BLOCK + 2 * reach, size)
    starts = np.maximum(starts, 0)
    for i in np.flatnonzero((ends - starts >= BLOCK + 2).all(1)):
        (x, y), (u, v), (right, bottom) = blocks.corners[i], starts[i], ends[i]
        window, block = picture[v:bottom, u:right], blocks.picture[y : y + BLOCK, x : x + BLOCK]
        scores = np.asarray(cv2.matchTemplate(window, block, cv2.TM_CCOEFF_NORMED), np.float32)
        row, column = divmod(int(scores.argmax()), scores.shape[1])
        inside = 0 < row < scores.shape[0] - 1 and 0 < column < scores.shape[1] - 1
        if scores[row, column] >= _MIN_SCORE and inside:
            at = u - x + column + _vertex(scores[row, column - 1 : column + 2]), v - y + row + _vertex(scores[row - 1 : row + 2, column])
            found.append(i)
            displacements.append(at)
    return Matches(np.array(found, np.int64), np.array(displacements, np.float64).reshape(-1, 2))


def _positions(side: int) -> list[int]:
    """Evenly spread first pixels of blocks along a side, so that each can be found REACH pixels to both sides."""
    free = side - BLOCK - 2 * REACH
    if free < 0:
        return []
    count = free // _SPACING + 1
    return [REACH + round(k * free / max(count - 1, 1)) for k in range(count)]


def _vertex(values: NDArray[np.float32]) -> float:
    """Where the parabola through three values, the middle one the highest, has its vertex: from -0.5 to 0.5."""
    left, middle, right = (float(v) for v in values)
    curvature = left - 2 * middle + right
    return 0.0 if curvature >= 0 else 0.5 * (left - right) / curvature
