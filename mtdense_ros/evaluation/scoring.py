"""A predictor and the baselines against the truth of one set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.evaluation.baselines import TrainingStatistics, baselines
from mtdense_ros.evaluation.metrics import ConfusionMatrix, DepthMetrics, MaskMetrics, NormalMetrics
from mtdense_ros.evaluation.sets import LABEL_SPACE, EvaluationFrame
from mtdense_ros.labels import label_mapping, load_label_space
from mtdense_ros.predictor import Background, Predictor
from mtdense_ros.records import Prediction

NETWORK = "network"
OUTPUTS = ("labels", "depth", "normals", "foreground")

Metric = ConfusionMatrix | DepthMetrics | NormalMetrics | MaskMetrics


class Scores:
    """The running metrics of one set: one per output and method (the network, or a baseline), where there is truth."""

    def __init__(self, class_names: tuple[str, ...]) -> None:
        self._class_names = class_names
        self._metrics: dict[tuple[str, str], Metric] = {}
        self._frames: Counter[tuple[str, str]] = Counter()

    def add(self, frame: EvaluationFrame, methods: dict[str, dict[str, NDArray[Any]]]) -> None:
        """Scores maps (output -> method -> map) of a frame."""
        for output, by_name in methods.items():
            for name, found in by_name.items():
                if getattr(frame, output) is not None:
                    metric = self._metrics.setdefault((output, name), self._new(output))
                    self._update(metric, frame, output, found)
                    self._frames[output, name] += 1

    def results(self) -> list[dict[str, Any]]:
        """One entry per output and method: {"output", "method", "frames" with truth, figures...}."""
        return [
            {"output": output, "method": name, "frames": self._frames[output, name], **self._figures(metric)}
            for (output, name), metric in self._metrics.items()
        ]

    def _new(self, output: str) -> Metric:
        if output == "labels":
            return ConfusionMatrix(len(self._class_names))
        if output == "depth":
            return DepthMetrics()
        return NormalMetrics() if output == "normals" else MaskMetrics()

    @staticmethod
    def _update(metric: Metric, frame: EvaluationFrame, output: str, found: NDArray[Any]) -> None:
        truth = getattr(frame, output)
        if isinstance(metric, MaskMetrics):
            metric.update(found, truth, frame.foreground_valid)
        else:
            metric.update(found, truth)

    def _figures(self, metric: Metric) -> dict[str, Any]:
        if isinstance(metric, ConfusionMatrix):
            per_class = {name: float(iou) for name, iou in zip(self._class_names, metric.iou, strict=True) if not np.isnan(iou)}
            return {"mean_iou": metric.mean_iou, "pixel_accuracy": metric.accuracy, "iou": per_class}
        if isinstance(metric, MaskMetrics):
            return {"iou": metric.iou, "precision": metric.precision, "recall": metric.recall, "f1": metric.f1}
        return dict(metric.result())


def score_set(predictor: Predictor, frames: Iterable[EvaluationFrame], statistics: TrainingStatistics) -> list[dict[str, Any]]:
    """The entries of Scores.results over all frames, at camera size.

    Raises ConfigError for a network whose label space has no mapping to that of the truth.
    """
    scores = Scores(load_label_space(LABEL_SPACE).names)
    to_truth = label_mapping(predictor.label_space, LABEL_SPACE) if predictor.label_space else None
    seen: tuple[Any, Background | None] = (None, None)
    for frame in frames:
        if frame.background is not seen[0]:
            seen = frame.background, None if frame.background is None else predictor.encode_background(frame.background)
        prediction = predict_frame(predictor, frame, seen[1])
        if prediction.labels is not None and to_truth is not None:
            prediction = replace(prediction, labels=to_truth[prediction.labels])
        scores.add(frame, {output: {NETWORK: found} for output in OUTPUTS if (found := getattr(prediction, output)) is not None})
        scores.add(frame, baselines(frame, statistics))
    return scores.results()


def predict_frame(predictor: Predictor, frame: EvaluationFrame, background: Background | None = None) -> Prediction:
    """The prediction of an evaluation frame, with its camera and background."""
    return predictor.predict(frame.rgb, frame.intrinsics, frame.background if background is None else background)
