"""What a pipeline makes of one frame's prediction: the arrays of the topics."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelSpace, Prediction
from mtdense_ros.errors import InputError, known_names
from mtdense_ros.geometry.depth import RayTable, apply_range
from mtdense_ros.geometry.point_cloud import pack_cloud
from mtdense_ros.imaging import visualization
from mtdense_ros.pipeline.nav_maps import NavMaps
from mtdense_ros.pipeline.navigation import NavigationFrame
from mtdense_ros.utils.buffers import BufferPool

Array = NDArray[Any]

RESULTS = {
    "labels": "labels",
    "confidence": "confidence",
    "labels_color": "labels",
    "depth": "depth",
    "normals": "normals",
    "normals_color": "normals",
    "foreground": "foreground",
    "foreground_overlay": "foreground",
    "points": "depth",
    "obstacles": "depth",
    "clearing": "depth",
    "changes": "foreground",
    "nav/labels": "labels",
    "nav/confidence": "confidence",
    "nav/points": "depth",
}
"""Every result of a pipeline, named like its topic, and the output of datatypes.OUTPUTS that it cannot be without."""

ALSO_NEEDED = {"changes": ("depth",)}
"""Further outputs that a result cannot be without."""

OF_DEPTH = tuple(name for name, output in RESULTS.items() if "depth" in (output, *ALSO_NEEDED.get(name, ())))
"""Results that cannot be without depth."""

EXTRAS = {
    "points": ("labels", "confidence", "foreground"),
    "obstacles": ("labels", "confidence", "foreground"),
    "clearing": ("labels",),
    "changes": ("labels",),
    "nav/points": ("labels", "confidence", "foreground"),
}
"""Outputs that a result carries, or is better with, where they are to be had."""

IN_STEP = {"obstacles": "labels", "clearing": "labels"}
"""Results that are made only on frames that also have this output, if the networks make it: without it they would flicker."""

METRIC = ("points", "obstacles", "clearing", "changes", "nav/points")
"""Results that need a camera's rays and depth in metres."""

GROUNDED = ("obstacles", "clearing")
"""Results that are doubtful without a ground plane."""


class Results(Mapping[str, Array]):
    """What `Pipeline.process` made of a frame, by topic name without `~/`; all at camera size (H, W).

    labels uint8; confidence float32 in [0, 1]; labels_color, normals_color, foreground_overlay (H, W, 3) uint8 RGB; depth
    float32 (REP-117); normals (H, W, 3) float32; foreground bool; points the bytes of point_cloud.pack_cloud; obstacles (N,) of dtype
    obstacles.OBSTACLE; clearing points (N, 3) float32; changes (N,) of dtype changes.CHANGE; nav/labels and nav/confidence (h, w) and
    nav/points the bytes (h, w, POINT_STEP), at the size for navigation. `missing` says why a
    wanted result is not there (what every-n leaves out of this frame is in neither), `warnings` which results need care, and
    why. `timings` are in ms per stage. `faults` are causes that have a name among the node's faults, with the same words.
    """

    def __init__(
        self,
        arrays: Mapping[str, Array],
        missing: Mapping[str, str],
        warnings: Mapping[str, str],
        timings: Mapping[str, float],
        faults: Mapping[str, str] | None = None,
    ) -> None:
        self._arrays = arrays
        self.missing = missing
        self.warnings = warnings
        self.timings = timings
        self.faults = faults or {}

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


@dataclass(frozen=True, eq=False)
class ResultInputs:
    """All that results are made of. Points outside points_range, in m along the optical axis, are NaN; results lie in `buffers`.

    navigation is None without rays or depth; nav_hw is the (height, width) of the maps for it.
    """

    rgb: NDArray[np.uint8]
    prediction: Prediction
    space: LabelSpace | None
    rays: RayTable | None
    points_range: tuple[float, float]
    navigation: NavigationFrame | None
    nav_hw: tuple[int, int]
    buffers: BufferPool

    @cached_property
    def nav_maps(self) -> NavMaps:
        """The maps at the size for navigation."""
        edges = None if self.navigation is None else self.navigation.edges
        return NavMaps(self.rgb, self.prediction, edges, self.rays, self.points_range, self.nav_hw, self.buffers.part("nav"))


def make_result(name: str, inputs: ResultInputs) -> Array | None:
    """One result, None where the material lacks what it needs."""
    return _MAKERS[name](inputs)


def _labels_color(inputs: ResultInputs) -> Array | None:
    labels = inputs.prediction.labels
    return None if labels is None or inputs.space is None else visualization.colour_labels(labels, inputs.space, inputs.buffers)


def _normals_color(inputs: ResultInputs) -> Array | None:
    return None if inputs.prediction.normals is None else visualization.colour_normals(inputs.prediction.normals, inputs.buffers)


def _foreground_overlay(inputs: ResultInputs) -> Array | None:
    mask = inputs.prediction.foreground
    return None if mask is None else visualization.overlay_foreground(inputs.rgb, mask, inputs.buffers)


def _points(inputs: ResultInputs) -> Array | None:
    p = inputs.prediction
    if p.depth is None or inputs.rays is None:
        return None
    everywhere = inputs.points_range == (0.0, math.inf)
    depth = p.depth if everywhere else apply_range(p.depth, *inputs.points_range, inputs.buffers)
    return pack_cloud(depth, inputs.rays, inputs.rgb, p.labels, p.confidence, p.foreground, inputs.buffers)


_MAKERS: dict[str, Callable[[ResultInputs], Array | None]] = {
    "labels": lambda inputs: inputs.prediction.labels,
    "confidence": lambda inputs: inputs.prediction.confidence,
    "labels_color": _labels_color,
    "depth": lambda inputs: inputs.prediction.depth,
    "normals": lambda inputs: inputs.prediction.normals,
    "normals_color": _normals_color,
    "foreground": lambda inputs: inputs.prediction.foreground,
    "foreground_overlay": _foreground_overlay,
    "points": _points,
    "obstacles": lambda inputs: None if inputs.navigation is None else inputs.navigation.obstacles(),
    "clearing": lambda inputs: None if inputs.navigation is None else inputs.navigation.clearing(),
    "changes": lambda inputs: None if inputs.navigation is None else inputs.navigation.changes(),
    "nav/labels": lambda inputs: inputs.nav_maps.labels,
    "nav/confidence": lambda inputs: inputs.nav_maps.confidence,
    "nav/points": lambda inputs: inputs.nav_maps.points,
}


@dataclass
class RequiredOutputs:
    """The outputs to compute, the results that can be made of them, and why every other wanted result is missing.

    Results that every-n leaves out of this frame are in neither.
    """

    outputs: set[str] = field(default_factory=set)
    makeable: set[str] = field(default_factory=set)
    missing: dict[str, str] = field(default_factory=dict)


def required_outputs(
    wanted: Collection[str], obstacle: Callable[[str], str], due: Callable[[str], bool], result_obstacles: dict[str, str]
) -> RequiredOutputs:
    """What one frame needs.

    `obstacle` says why an output cannot be had, and is empty where it can; `due` whether its turn has come. result_obstacles says
    why a result cannot be made even where its output can be had. Raises InputError on an unknown result.
    """
    answer = RequiredOutputs()
    for name in wanted:
        if name not in RESULTS:
            raise InputError(f"result '{name}' is unknown; {known_names(name, RESULTS)}")
        needed = (RESULTS[name], *ALSO_NEEDED.get(name, ()))
        reason = next(filter(None, map(obstacle, needed)), "") or result_obstacles.get(name, "")
        if reason:
            answer.missing[name] = reason
        elif all(map(due, needed)) and _in_step(name, obstacle, due):
            answer.makeable.add(name)
            answer.outputs |= set(needed)
            answer.outputs |= {extra for extra in EXTRAS.get(name, ()) if not obstacle(extra) and due(extra)}
    return answer


def _in_step(name: str, obstacle: Callable[[str], str], due: Callable[[str], bool]) -> bool:
    partner = IN_STEP.get(name)
    return partner is None or bool(obstacle(partner)) or due(partner)
