"""What a pipeline makes of one frame's prediction: the arrays of the topics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelSpace, Prediction
from mtdense_ros.geometry.depth import RayTable, apply_range
from mtdense_ros.geometry.point_cloud import pack_cloud
from mtdense_ros.imaging import visualization
from mtdense_ros.workspace import Workspace

Array = NDArray[Any]


class Results(Mapping[str, Array]):
    """What `Pipeline.process` made of a frame, by topic name without `~/`; all at camera size (H, W).

    labels uint8; confidence float32 in [0, 1]; labels_color, normals_color, foreground_overlay (H, W, 3) uint8 RGB; depth
    float32 (REP-117); normals (H, W, 3) float32; foreground bool; points: the bytes of clouds.pack_cloud. missing: why a
    wanted result is not there (what every-n leaves out of this frame is in neither). warnings: which results are to be
    taken with care, and why. timings: ms per stage.
    """

    def __init__(
        self, arrays: Mapping[str, Array], missing: Mapping[str, str], warnings: Mapping[str, str], timings: Mapping[str, float]
    ) -> None:
        self._arrays = arrays
        self.missing = missing
        self.warnings = warnings
        self.timings = timings

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


@dataclass(frozen=True, eq=False)
class Material:
    """All that results are made of. points_range: m along the optical axis, points outside are NaN; workspace: for the results."""

    rgb: NDArray[np.uint8]
    prediction: Prediction
    space: LabelSpace | None
    rays: RayTable | None
    points_range: tuple[float, float]
    workspace: Workspace


def make(name: str, of: Material) -> Array | None:
    """One result, None where the material lacks what it needs."""
    return _MAKERS[name](of)


def _labels_color(of: Material) -> Array | None:
    labels = of.prediction.labels
    return None if labels is None or of.space is None else visualization.colour_labels(labels, of.space, of.workspace)


def _normals_color(of: Material) -> Array | None:
    return None if of.prediction.normals is None else visualization.colour_normals(of.prediction.normals, of.workspace)


def _foreground_overlay(of: Material) -> Array | None:
    mask = of.prediction.foreground
    return None if mask is None else visualization.overlay_foreground(of.rgb, mask, of.workspace)


def _points(of: Material) -> Array | None:
    p = of.prediction
    if p.depth is None or of.rays is None:
        return None
    everywhere = of.points_range == (0.0, math.inf)
    depth = p.depth if everywhere else apply_range(p.depth, *of.points_range, of.workspace)
    return pack_cloud(depth, of.rays, of.rgb, p.labels, p.confidence, p.foreground, of.workspace)


_MAKERS: dict[str, Callable[[Material], Array | None]] = {
    "labels": lambda of: of.prediction.labels,
    "confidence": lambda of: of.prediction.confidence,
    "labels_color": _labels_color,
    "depth": lambda of: of.prediction.depth,
    "normals": lambda of: of.prediction.normals,
    "normals_color": _normals_color,
    "foreground": lambda of: of.prediction.foreground,
    "foreground_overlay": _foreground_overlay,
    "points": _points,
}
