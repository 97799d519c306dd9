"""Outputs against exact truth, as one flat set of numbers with their units in the names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
        self._empty = MaskMetrics()
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
            masks = self._foreground if truth.foreground.any() else self._empty
            masks.update(results["foreground"].astype(bool), truth.foreground.astype(bool))

    def result(self) -> dict[str, float]:
        """The scores of the outputs that came; a frame in which nothing changed has no IoU: what is found there is false area."""
        depth, normals = self._depth.result(), self._normals.result()
        found = {
            "labels": {"labels mean IoU": self._labels.mean_iou, "labels pixel accuracy": self._labels.accuracy},
            "depth": {"depth abs rel": depth["abs_rel"], "depth RMSE (m)": depth["rmse_m"], "depth within 25 %": depth["delta1"]},
            "normals": {"normals mean angle (deg)": normals["mean_deg"], "normals median angle (deg)": normals["median_deg"]},
            "foreground": {
                "foreground IoU": self._foreground.iou,
                "foreground false area, frames without objects": self._empty.predicted_share,
            },
        }
        return {name: value for output, values in found.items() if output in self._seen for name, value in values.items()}
