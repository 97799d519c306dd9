"""What any network must beat: constants learnt from the training set, a flat floor, and plain change detection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import WeightsError
from mtdense_ros.evaluation.change_detection import THRESHOLD, difference
from mtdense_ros.evaluation.frames import EvaluationFrame
from mtdense_ros.weights import Card

CAMERA_HEIGHT_M = 1.0
"""Assumed by the ground-plane baseline, whatever the camera, with a level optical axis."""

GROUND_LIMIT_M = 10.0
"""Where the ground plane is farther away, the baseline has no depth."""


@dataclass(frozen=True)
class TrainingStatistics:
    """Of the pixels of the training set, which the card keeps so that its baselines need no training data; None: not known.

    majority_class: the most frequent label; label_bands: the most frequent one in each of as many equal bands of rows, from the
    top; median_depth_m; median_depth_per_focal_m: median of depth / focal length over image width; mean_normal: unit, camera
    optical frame.
    """

    majority_class: int | None = None
    label_bands: tuple[int, ...] | None = None
    median_depth_m: float | None = None
    median_depth_per_focal_m: float | None = None
    mean_normal: tuple[float, float, float] | None = None

    @classmethod
    def of_card(cls, card: Card) -> TrainingStatistics:
        """The statistics in a card's data, as far as it has any. Raises WeightsError for unknown ones."""
        for entry in card.data:
            if isinstance(entry, Mapping) and "statistics" in entry:
                values: dict[str, Any] = {k: tuple(v) if isinstance(v, (list, tuple)) else v for k, v in entry["statistics"].items()}
                try:
                    return cls(**values)
                except TypeError as error:
                    raise WeightsError(f"card of '{card.name}', statistics: {error}; export the weights again") from error
        return cls()


def constants(
    frame: EvaluationFrame, statistics: TrainingStatistics, to_scored: NDArray[np.uint8] | None
) -> dict[str, dict[str, NDArray[Any]]]:
    """Answers that do not look at the picture: output -> name -> map as in a Prediction.

    to_scored (256,): the network's ids -> those that labels are scored in; None: no labels.
    """
    size = (frame.rgb.shape[0], frame.rgb.shape[1])
    labels: dict[str, NDArray[Any]] = {}
    if to_scored is not None and statistics.majority_class is not None:
        labels["majority class"] = np.full(size, to_scored[statistics.majority_class])
    if to_scored is not None and statistics.label_bands is not None:
        labels["bands prior"] = bands(size, to_scored[np.array(statistics.label_bands)])
    normals: dict[str, NDArray[Any]] = {}
    if statistics.mean_normal is not None:
        normals["mean normal"] = np.broadcast_to(np.array(statistics.mean_normal, np.float32), (*size, 3))
    return {"labels": labels, "depth": _constant_depths(frame, statistics, size), "normals": normals}


def _constant_depths(frame: EvaluationFrame, statistics: TrainingStatistics, size: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """The last one knows the truth: it is what the scaled figures of any constant are."""
    camera = frame.intrinsics
    depth: dict[str, NDArray[Any]] = {}
    if statistics.median_depth_m is not None:
        depth["training median"] = np.full(size, statistics.median_depth_m, np.float32)
    if camera is not None and statistics.median_depth_per_focal_m is not None:
        per_focal = statistics.median_depth_per_focal_m * camera.fx / camera.width
        depth["training median for the focal length"] = np.full(size, per_focal, np.float32)
    if camera is not None:
        depth[f"ground plane, {CAMERA_HEIGHT_M:g} m below a level camera"] = ground_plane(camera)
    if frame.depth is not None and np.isfinite(frame.depth).any():
        depth["constant at the true median"] = np.full(size, np.nanmedian(frame.depth), np.float32)
    return depth


def bands(size_hw: tuple[int, int], ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A label map (H, W) of equal bands of rows with these ids, from the top."""
    rows = ids[np.arange(size_hw[0]) * len(ids) // size_hw[0]]
    return np.repeat(rows[:, None], size_hw[1], axis=1)


def ground_plane(camera: Intrinsics) -> NDArray[np.float32]:
    """Depth (H, W) of a level floor CAMERA_HEIGHT_M below a level camera; NaN above the horizon and beyond GROUND_LIMIT_M."""
    below = np.arange(camera.height, dtype=np.float32) - np.float32(camera.cy)
    with np.errstate(divide="ignore"):
        rows = np.float32(CAMERA_HEIGHT_M * camera.fy) / below
    rows[(below <= 0) | (rows > GROUND_LIMIT_M)] = np.nan
    return np.repeat(rows[:, None], camera.width, axis=1)


def change_masks(frame: EvaluationFrame) -> dict[str, NDArray[Any]]:
    """Masks by difference to the background: bool at a fixed threshold, uint8 grey levels where the best one is to be found."""
    if frame.background is None:
        return {}
    plain, compensated = (difference(frame.rgb, frame.background, compensate) for compensate in (False, True))
    return {
        "rgb difference": plain,
        "rgb difference, gain-compensated": compensated,
        f"rgb difference, gain-compensated, t = {THRESHOLD}": compensated > THRESHOLD,
    }
