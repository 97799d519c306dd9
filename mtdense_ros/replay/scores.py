"""Outputs against exact truth, as one flat set of numbers with their units in the names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.evaluation.metrics import ConfusionMatrix, DepthMetrics, MaskMetrics, NormalMetrics

if TYPE_CHECKING:
    from mtdense_ros.replay.demo_sequence import DemoFrame


class Scores:
    """Collects the scores of frames whose truth is known. num_classes: of the label space that both sides use."""

    def __init__(self, num_classes: int) -> None:
        self._labels = ConfusionMatrix(num_classes)
        self._depth = DepthMetrics()
        self._normals = NormalMetrics()
        self._foreground = MaskMetrics()
        self._empty_shares: list[float] = []
        self._seen: set[str] = set()

    def update(self, truth: DemoFrame, results: Mapping[str, NDArray[Any]]) -> None:
        """One frame; outputs that are missing are not scored."""
        self._seen |= results.keys()
        if "labels" in results:
            self._labels.update(results["labels"], truth.labels)
        if "depth" in results:
            self._depth.update(results["depth"], truth.depth)
        if "normals" in results:
            self._normals.update(results["normals"], truth.normals)
        if "foreground" in results:
            self._update_foreground(results["foreground"].astype(bool), truth.foreground.astype(bool))

    def _update_foreground(self, found: NDArray[np.bool_], true: NDArray[np.bool_]) -> None:
        """A frame in which nothing changed has no IoU: what is found there is false, and counts by its share of the image."""
        if true.any():
            self._foreground.update(found, true)
        else:
            self._empty_shares.append(float(found.mean()))
