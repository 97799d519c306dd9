"""Pictures in rows and columns: contact sheets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def image_grid(rows: Sequence[Sequence[Image | None]], gap: int = 0, background: tuple[int, int, int] = (0, 0, 0)) -> Image:
    """One picture (H, W, 3) of all cells, which are (h, w, 3) of one size or None; `gap` pixels of background between them.

    A row may be shorter than others. There must be at least one picture.
    """
    height, width = next(cell.shape[:2] for row in rows for cell in row if cell is not None)
    columns = max(map(len, rows))
    out = np.empty((len(rows) * (height + gap) - gap, columns * (width + gap) - gap, 3), np.uint8)
    out[:] = background
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell is not None:
                top, left = i * (height + gap), j * (width + gap)
                out[top : top + height, left : left + width] = cell
    return out
