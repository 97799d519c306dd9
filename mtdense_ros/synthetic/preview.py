"""What a set of rendered pairs shows: class shares and depths, to be read before a long run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.datasets.shards import BACKGROUND, FRAME, Pair
from mtdense_ros.data.datasets.stored_labels import STORED_CLASSES
from mtdense_ros.utils.image_grid import image_grid

QUANTILES = (5, 25, 50, 75, 95)
_STEP = 4
_SEEN = 0.01


@dataclass(frozen=True)
class Statistics:
    """Of the frames of some pairs, on every fourth pixel.

    shares (8,): of the labelled pixels; shown (8,): of the frames with more than 1 % of the class; depth (5,): QUANTILES in
    metres; far (2,): shares of depths beyond 4 and 8 m; foreground: its mean share of a frame; pairs: how many.
    """

    shares: NDArray[np.float64]
    shown: NDArray[np.float64]
    depth: NDArray[np.float64]
    far: NDArray[np.float64]
    foreground: float
    pairs: int

    def table(self) -> str:
        """As text, one line per class and one for depth."""
        lines = [f"{self.pairs} pairs", "class      pixels  frames"]
        lines += [f"{name:9} {100 * a:6.1f} % {100 * b:5.0f} %" for name, a, b in zip(STORED_CLASSES, self.shares, self.shown, strict=True)]
        quantiles = ", ".join(f"{value:.2f} m ({q} %)" for q, value in zip(QUANTILES, self.depth, strict=True))
        lines += [f"depth: {quantiles}", f"beyond 4 m {100 * self.far[0]:.1f} %, beyond 8 m {100 * self.far[1]:.1f} %"]
        return "\n".join([*lines, f"foreground {100 * self.foreground:.1f} %"])


def statistics(pairs: Iterable[Pair]) -> Statistics:
    """The statistics of at least one pair."""
    labels, depths, foreground = [], [], []
    for pair in pairs:
        labels.append(np.bincount(pair.labels[FRAME, ::_STEP, ::_STEP].reshape(-1), minlength=256)[: len(STORED_CLASSES)])
        depth = pair.depth[FRAME, ::_STEP, ::_STEP].astype(np.float32)
        depths.append(depth[depth > 0])
        foreground.append(pair.foreground.mean())
    counts, metres = np.array(labels), np.concatenate(depths)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    return Statistics(
        shares=counts.sum(0) / counts.sum(),
        shown=(shares > _SEEN).mean(0),
        depth=np.asarray(np.percentile(metres, QUANTILES), np.float64),
        far=np.array([(metres > limit).mean() for limit in (4.0, 8.0)]),
        foreground=float(np.mean(foreground)),
        pairs=len(labels),
    )


_COLORS = np.zeros((256, 3), np.uint8)
_COLORS[: len(STORED_CLASSES)] = [
    *[(140, 100, 60), (190, 190, 200), (240, 230, 150), (60, 110, 200), (220, 60, 60), (80, 180, 90)],
    *[(230, 80, 200), (160, 80, 170)],
]


def contact_sheet(pairs: Sequence[Pair], path: Path, columns: int = 2) -> None:
    """Writes a picture: per pair background, frame with the foreground outlined, labels, depth and normals side by side."""
    rows = [[view for pair in pairs[k : k + columns] for view in _views(pair)] for k in range(0, len(pairs), columns)]
    cv2.imwrite(str(path), image_grid(rows)[..., ::-1])


def _views(pair: Pair) -> list[NDArray[np.uint8]]:
    frame = pair.images[FRAME].copy()
    outlines, _ = cv2.findContours(pair.foreground.copy(), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(frame, outlines, -1, (255, 0, 255), 1)
    depth = cv2.applyColorMap((pair.depth[FRAME].astype(np.float32) * 40).clip(0, 255).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    normals = (pair.normals[FRAME].astype(np.int16) + 128).clip(0, 255).astype(np.uint8)
    return [np.asarray(pair.images[BACKGROUND]), frame, _COLORS[pair.labels[FRAME]], np.asarray(depth), normals]
