"""What any network must beat: constants learnt from the training set, and differences of two pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import WeightsError
from mtdense_ros.evaluation.sets import EvaluationFrame
from mtdense_ros.weights import Card

THRESHOLD = 30
"""Grey levels from which a difference counts as change."""


@dataclass(frozen=True)
class TrainingStatistics:
    """Of the pixels of the training set, which the card keeps so that its baselines need no training data.

    majority_class: the most frequent label; median_depth_m; median_depth_per_focal_m: median of depth / focal length over image
    width; mean_normal: unit, camera optical frame.
    """

    majority_class: int
    median_depth_m: float
    median_depth_per_focal_m: float
    mean_normal: tuple[float, float, float]

    @classmethod
    def of_card(cls, card: Card) -> TrainingStatistics:
        """The statistics in a card's data. Raises WeightsError where it has none."""
        for entry in card.data:
            if isinstance(entry, Mapping) and "statistics" in entry:
                return cls(**{**entry["statistics"], "mean_normal": tuple(entry["statistics"]["mean_normal"])})
        raise WeightsError(f"card of '{card.name}': its data has no 'statistics' of the training set; export the weights with them")


def rgb_difference(rgb: NDArray[np.uint8], background: NDArray[np.uint8], compensate: bool) -> NDArray[np.bool_]:
    """Where a channel of two images (H, W, 3) differs by more than THRESHOLD: (H, W).

    compensate: the background first gets the frame's exposure, by the median ratio of each channel.
    """
    reference = background.astype(np.float64)
    if compensate:
        gains = np.median(rgb / np.maximum(reference, 1), axis=(0, 1))
        reference = np.clip(reference * gains, 0, 255)
    return np.asarray(np.abs(rgb - reference).max(axis=-1) > THRESHOLD)


def baselines(frame: EvaluationFrame, statistics: TrainingStatistics) -> dict[str, dict[str, NDArray[Any]]]:
    """The constant and classical answers for a frame: output -> name of the baseline -> map as in a Prediction."""
    size = frame.rgb.shape[:2]
    found: dict[str, dict[str, NDArray[Any]]] = {
        "labels": {"majority class": np.full(size, statistics.majority_class, np.uint8)},
        "depth": {"training median": np.full(size, statistics.median_depth_m, np.float32)},
        "normals": {"mean normal": np.broadcast_to(np.array(statistics.mean_normal, np.float32), (*size, 3))},
    }
    if frame.intrinsics is not None:
        per_focal = statistics.median_depth_per_focal_m * frame.intrinsics.fx / frame.intrinsics.width
        found["depth"]["training median for the focal length"] = np.full(size, per_focal, np.float32)
    if frame.background is not None:
        found["foreground"] = {
            f"rgb difference, gain-compensated, t = {THRESHOLD}": rgb_difference(frame.rgb, frame.background, compensate=True),
            f"rgb difference, t = {THRESHOLD}": rgb_difference(frame.rgb, frame.background, compensate=False),
        }
    return found
