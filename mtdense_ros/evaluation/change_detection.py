"""Plain ways to see what changed before a still camera: differences of two pictures, and OpenCV's background subtractors."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError
from mtdense_ros.evaluation.frames import EvaluationFrame, Rgb
from mtdense_ros.evaluation.metrics import MaskMetrics

THRESHOLD = 30
"""Grey levels from which a difference counts as change."""

_FOREGROUND = 255  # 127 is what the subtractors take for a shadow
_LEVELS = 256


def difference(rgb: Rgb, background: Rgb, compensate: bool) -> Rgb:
    """The largest difference of a channel of two images (H, W, 3) in grey levels, rounded up: (H, W) uint8.

    compensate: the background first gets the frame's exposure, by the median ratio of each channel.
    """
    reference = background.astype(np.float32)
    if compensate:
        gains = np.median(rgb / np.maximum(reference, 1), axis=(0, 1))
        reference = np.clip(reference * gains, 0, 255)
    return np.asarray(np.ceil(np.abs(rgb - reference).max(axis=-1)), np.uint8)


class ThresholdSweep:
    """Masks "difference > t" for every t at once: counts of the differences on true foreground and on true background."""

    def __init__(self) -> None:
        self._inside = np.zeros(_LEVELS, np.int64)
        self._outside = np.zeros(_LEVELS, np.int64)

    def update(self, levels: Rgb, target: NDArray[np.bool_], valid: NDArray[np.bool_] | None = None) -> None:
        """Adds differences and the true mask, both (H, W); only where `valid`, if given. Raises InputError where shapes differ."""
        if levels.shape != target.shape:
            raise InputError(f"threshold sweep: differences {levels.shape} and truth {target.shape} differ; bring both to camera size")
        known = np.ones_like(target) if valid is None else valid
        self._inside += np.bincount(levels[known & target], minlength=_LEVELS)
        self._outside += np.bincount(levels[known & ~target], minlength=_LEVELS)

    @property
    def best(self) -> int:
        """The threshold with the highest IoU of the foreground, the lowest of several; 0 without any true foreground."""
        ious = [self.at(threshold).iou for threshold in range(_LEVELS)]
        return int(np.argmax(np.nan_to_num(ious)))

    def at(self, threshold: int) -> MaskMetrics:
        """The metrics of one threshold."""
        metrics = MaskMetrics()
        metrics.hits = int(self._inside[threshold + 1 :].sum())
        metrics.missed = int(self._inside[: threshold + 1].sum())
        metrics.false = int(self._outside[threshold + 1 :].sum())
        metrics.pixels = int(self._inside.sum() + self._outside.sum())
        return metrics


class Subtractors:
    """OpenCV's MOG2 and KNN with its defaults, trained with the empty pictures before a sequence; what they call shadow is background.

    Each runs twice: frozen then, as the network's background is, and still learning from every frame.
    """

    def __init__(self) -> None:
        self._empty: tuple[Rgb, ...] = ()
        self._models: dict[str, tuple[Any, float]] = {}

    def masks(self, frame: EvaluationFrame) -> dict[str, NDArray[np.bool_]]:
        """The mask (H, W) of each; none for a frame without empty pictures before it. Frames must come in order."""
        if frame.empty is not self._empty:
            self._empty, self._models = frame.empty, _trained_models(frame.empty)
        return {name: model.apply(frame.rgb, learningRate=rate) == _FOREGROUND for name, (model, rate) in self._models.items()}


def _trained_models(empty: tuple[Rgb, ...]) -> dict[str, tuple[Any, float]]:
    """Name -> (subtractor, learning rate from now on; -1 leaves it to OpenCV)."""
    models: dict[str, tuple[Any, float]] = {}
    if empty:
        for name, create in (("MOG2", cv2.createBackgroundSubtractorMOG2), ("KNN", cv2.createBackgroundSubtractorKNN)):
            models[f"OpenCV {name}, frozen"] = (create(), 0.0)
            models[f"OpenCV {name}, learning"] = (create(), -1.0)
    for model, _ in models.values():
        for rgb in empty:
            model.apply(rgb)
    return models
