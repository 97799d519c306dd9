"""Where the depth jumps: whether a map has the true edges of things, which means over all pixels hide."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

JUMP_M = 0.25
REACH_PX = 3


class DepthEdges:
    """Counts true edges that were found and found edges that are true, within REACH_PX, over the pixels of all frames.

    An edge is a pixel between two of its row or column, REACH_PX apart, whose depths are known and differ by more than JUMP_M.
    """

    def __init__(self) -> None:
        self._true = self._met = self._found = self._right = 0

    def update(self, pred: NDArray[np.floating[Any]], target: NDArray[np.floating[Any]]) -> None:
        """Adds one frame (H, W), metres; NaN, Inf and 0 are unknown. What is found where the truth is unknown nearby does not count."""
        true, found = depth_edges(target), depth_edges(pred)
        known = np.isfinite(target) & (target > 0)
        judged = found & (cv2.erode(known.astype(np.uint8), _WINDOW) > 0)
        self._true += int(true.sum())
        self._met += int((true & _near(found)).sum())
        self._found += int(judged.sum())
        self._right += int((judged & _near(true)).sum())

    def result(self) -> dict[str, float]:
        """edges_found: share of the true edges; edges_right: share of the found ones; NaN without any."""
        return {
            "edges_found": self._met / self._true if self._true else float("nan"),
            "edges_right": self._right / self._found if self._found else float("nan"),
        }


def depth_edges(depth: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """The edges of a depth map (H, W) in metres, as bool (H, W)."""
    known = np.where(np.isfinite(depth) & (depth > 0), depth, np.nan)
    edges = np.zeros(depth.shape, bool)
    middle = slice(REACH_PX // 2, REACH_PX // 2 - REACH_PX)
    with np.errstate(invalid="ignore"):
        edges[:, middle] |= np.abs(known[:, REACH_PX:] - known[:, :-REACH_PX]) > JUMP_M
        edges[middle] |= np.abs(known[REACH_PX:] - known[:-REACH_PX]) > JUMP_M
    return edges


_WINDOW = np.ones((2 * REACH_PX + 1, 2 * REACH_PX + 1), np.uint8)


def _near(edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(cv2.dilate(edges.astype(np.uint8), _WINDOW) > 0)
