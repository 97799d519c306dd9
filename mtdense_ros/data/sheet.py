"""Contact sheets of rendered pairs, to be looked at before a long run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.datasets.shards import BACKGROUND, FRAME, Pair

_COLORS = np.zeros((256, 3), np.uint8)
_COLORS[:7] = [(140, 100, 60), (190, 190, 200), (240, 230, 150), (60, 110, 200), (220, 60, 60), (80, 180, 90), (160, 80, 170)]


def contact_sheet(pairs: Sequence[Pair], path: Path, columns: int = 2) -> None:
    """Writes a picture: per pair background, frame with the foreground outlined, labels, depth and normals side by side."""
    rows = [np.hstack(_views(pair)) for pair in pairs]
    rows += [np.zeros_like(rows[0])] * (-len(rows) % columns)
    sheet = np.vstack([np.hstack(rows[k : k + columns]) for k in range(0, len(rows), columns)])
    cv2.imwrite(str(path), sheet[..., ::-1])


def _views(pair: Pair) -> list[NDArray[np.uint8]]:
    frame = pair.images[FRAME].copy()
    outlines, _ = cv2.findContours(pair.foreground.copy(), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(frame, outlines, -1, (255, 0, 255), 1)
    depth = cv2.applyColorMap((pair.depth[FRAME].astype(np.float32) * 40).clip(0, 255).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    normals = (pair.normals[FRAME].astype(np.int16) + 128).clip(0, 255).astype(np.uint8)
    return [np.asarray(pair.images[BACKGROUND]), frame, _COLORS[pair.labels[FRAME]], np.asarray(depth), normals]
