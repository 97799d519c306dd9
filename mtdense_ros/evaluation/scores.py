"""Running metrics of one set: per output and method over all frames, and of each frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.evaluation.change_detection import ThresholdSweep
from mtdense_ros.evaluation.frames import EvaluationFrame
from mtdense_ros.evaluation.metrics import ConfusionMatrix, DepthMetrics, MaskMetrics, NormalMetrics

Metric = ConfusionMatrix | DepthMetrics | NormalMetrics | MaskMetrics | ThresholdSweep
Methods = Mapping[str, Mapping[str, NDArray[Any]]]
"""Output -> method -> map as in a Prediction; a foreground of grey levels is scored at its best threshold."""

PERSON = "person"
"""An output of the figures only: where the labels say person."""

PER_FRAME = {
    "labels": ("mean_iou", "pixel_accuracy"),
    "depth": ("abs_rel_all", "abs_rel_scaled_all", "valid_share"),
    "normals": ("median_deg",),
    "foreground": ("iou",),
    PERSON: ("iou",),
}
"""The figures that are kept of every frame."""

_INDOOR_SURFACES = ("floor", "wall", "ceiling")
_INDOOR_FIVE = (*_INDOOR_SURFACES, "furniture", "object")


class Scores:
    """class_names: of the space that labels are scored in; metric: False leaves out what a depth without unit cannot have."""

    def __init__(self, class_names: tuple[str, ...], metric: bool = True) -> None:
        self._class_names = class_names
        self._metric = metric
        self._pooled: dict[tuple[str, str], Metric] = {}
        self._frames: dict[tuple[str, str], list[tuple[str, Metric]]] = {}
        self._noted: dict[tuple[str, str], dict[str, dict[str, float]]] = {}

    def add(self, frame: EvaluationFrame, methods: Methods) -> None:
        """Scores maps of a frame, as far as it has their truth."""
        for output, by_name in methods.items():
            for name, found in by_name.items():
                if getattr(frame, output) is not None:
                    pooled = self._pooled.setdefault((output, name), self._new(output, found))
                    single = self._new(output, found)
                    for metric in (pooled, single):
                        _update(metric, frame, output, found)
                    self._frames.setdefault((output, name), []).append((frame.name, single))

    def note(self, frame: EvaluationFrame, method: str, key: str, values: Mapping[str, float]) -> None:
        """A figure of a frame that was worked out elsewhere, by output, NaN for none; that of the set is the mean over its frames."""
        for output, value in values.items():
            if not np.isnan(value):
                self._noted.setdefault((output, method), {}).setdefault(key, {})[frame.name] = value

    def results(self) -> list[dict[str, Any]]:
        """One entry per output and method: {"output", "method", "frames" with truth, figures..., "per_frame": {name: figures}}."""
        entries = []
        for (output, name), pooled in self._pooled.items():
            threshold = pooled.best if isinstance(pooled, ThresholdSweep) else None
            method = name if threshold is None else f"{name}, best t = {threshold}"
            frames = self._frames[output, name]
            per_frame = {
                frame: {key: value for key, value in self._figures(metric, threshold).items() if key in PER_FRAME[output]}
                for frame, metric in frames
            }
            figures = self._figures(pooled, threshold)
            for key, values in self._noted.get((output, name), {}).items():
                figures[key] = float(np.mean(list(values.values())))
                for frame, value in values.items():
                    per_frame[frame][key] = value
            entries.append({"output": output, "method": method, "frames": len(frames), **figures, "per_frame": per_frame})
        return entries

    def _new(self, output: str, found: NDArray[Any]) -> Metric:
        if output == "labels":
            return ConfusionMatrix(len(self._class_names))
        if output == "depth":
            return DepthMetrics()
        if output == "normals":
            return NormalMetrics()
        return MaskMetrics() if found.dtype == bool else ThresholdSweep()

    def _figures(self, metric: Metric, threshold: int | None) -> dict[str, Any]:
        if isinstance(metric, ThresholdSweep):
            metric = metric.at(threshold or 0)
        if isinstance(metric, ConfusionMatrix):
            return label_figures(metric, self._class_names)
        if isinstance(metric, MaskMetrics):
            return {"iou": metric.iou, "precision": metric.precision, "recall": metric.recall, "f1": metric.f1}
        figures = dict(metric.result())
        if isinstance(metric, DepthMetrics) and not self._metric:
            return {key: value for key, value in figures.items() if "_scaled" in key or key == "valid_share"}
        return figures


def label_figures(metric: ConfusionMatrix, class_names: tuple[str, ...]) -> dict[str, Any]:
    """mean_iou, pixel_accuracy, iou per class present; and for the indoor classes the means of the surfaces and of the first five."""
    per_class = {name: float(iou) for name, iou in zip(class_names, metric.iou, strict=True) if not np.isnan(iou)}
    figures: dict[str, Any] = {"mean_iou": metric.mean_iou, "pixel_accuracy": metric.accuracy, "iou": per_class}
    for key, names in (("mean_iou_surfaces", _INDOOR_SURFACES), ("mean_iou_five", _INDOOR_FIVE)):
        present = [per_class[name] for name in names if name in per_class]
        if set(names) <= set(class_names) and present:
            figures[key] = float(np.mean(present))
    return figures


def _update(metric: Metric, frame: EvaluationFrame, output: str, found: NDArray[Any]) -> None:
    truth = getattr(frame, output)
    if isinstance(metric, (MaskMetrics, ThresholdSweep)):
        metric.update(found, truth, frame.person_valid if output == PERSON else frame.foreground_valid)
    else:
        metric.update(found, truth)
