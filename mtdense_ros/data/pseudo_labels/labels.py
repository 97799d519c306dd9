"""Asymmetric annotations: a teacher network fills in the annotations that a sample lacks, and they count as truth.

Nekrasov et al., "Real-Time Joint Semantic Segmentation and Depth Estimation Using Asymmetric Annotations", ICRA 2019: ids and
metres of the teacher, no soft labels.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import UNLABELLED, Intrinsics, Prediction
from mtdense_ros.errors import ConfigError, InputError, known_names

Teacher = Callable[[NDArray[np.uint8], Intrinsics | None, Collection[str]], Prediction]
"""Predicts the named outputs (of datatypes.OUTPUTS) for an image (H, W, 3) uint8 RGB of a camera."""

TEACHABLE = ("labels", "depth", "normals")
"""The targets that a teacher can fill in."""

EXISTING = ("keep", "fill", "replace", "drop")
"""What happens to a truth: it stays; its unknown pixels are filled; the teacher replaces it; all truths and the camera are dropped."""

TRUTH, TEACHER, MIXED = "truth", "teacher", "mixed"
"""Where a target comes from."""


@dataclass(frozen=True, eq=False)
class AnnotationOptions:
    """How samples are annotated. Raises ConfigError.

    targets are out of TEACHABLE, existing is one of EXISTING. Labels below the probability min_confidence become 255. table (256,)
    uint8 maps the teacher's ids to those of the data set; None where they are the same.
    """

    targets: tuple[str, ...]
    existing: str = "keep"
    min_confidence: float = 0.0
    table: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        for target in self.targets:
            if target not in TEACHABLE:
                raise ConfigError(f"targets: '{target}' is none that a teacher fills in; {known_names(target, TEACHABLE)}")
        if self.existing not in EXISTING:
            raise ConfigError(f"existing: '{self.existing}' is unknown; {known_names(self.existing, EXISTING)}")
        if not 0 <= self.min_confidence <= 1:
            raise ConfigError(f"min_confidence: {self.min_confidence} is no probability; use for example 0.5")
        if self.min_confidence > 0 and "labels" not in self.targets:
            raise ConfigError("min_confidence: only labels have a confidence; leave it out, or add labels to the targets")


def annotate_sample(sample: Sample, teacher: Teacher, options: AnnotationOptions) -> tuple[Sample, dict[str, str]]:
    """The sample with the targets that it lacked, and the origin of each of its targets: TRUTH, TEACHER or MIXED.

    A known pixel never changes unless `existing` is "replace"; the teacher does not run where nothing is missing. Raises
    InputError where the teacher does not give what it is asked for.
    """
    camera = sample.intrinsics
    if options.existing == "drop":
        sample = Sample(sample.image, name=sample.name)
    due = [target for target in options.targets if _is_due(getattr(sample, target), options.existing)]
    origins = dict.fromkeys(sample.targets, TRUTH)
    if not due:
        return sample, origins
    asked = [*due, "confidence"] if "labels" in due and options.min_confidence > 0 else due
    prediction = teacher(sample.image, camera, asked)
    filled: dict[str, Any] = {}
    for target in due:
        truth, new = getattr(sample, target), _teacher_target(prediction, target, options, sample.name)
        mixed = truth is not None and options.existing == "fill"
        filled[target] = np.where(_unknown(truth), new, truth) if mixed else new
        origins[target] = MIXED if mixed else TEACHER
    return replace(sample, **filled), {target: origins[target] for target in (*TEACHABLE, "foreground") if target in origins}


def _is_due(truth: NDArray[Any] | None, existing: str) -> bool:
    return truth is None or existing == "replace" or (existing == "fill" and bool(_unknown(truth).any()))


def _unknown(target: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a target is unknown: (H, W), or (H, W, 1) for vectors, to go with the target's own shape."""
    unknown = np.asarray(target == UNLABELLED if target.dtype == np.uint8 else np.isnan(target))
    return unknown if unknown.ndim == 2 else np.asarray(unknown.any(-1, keepdims=True))


def _teacher_target(prediction: Prediction, target: str, options: AnnotationOptions, name: str) -> NDArray[Any]:
    """A target in the form of a Sample, from the teacher's prediction."""
    given: NDArray[Any] | None = getattr(prediction, target)
    if given is None or (target == "labels" and options.min_confidence > 0 and prediction.confidence is None):
        what = target if given is None else "confidence"
        raise InputError(f"sample '{name}': the teacher gives no {what}; choose a teacher that does, or leave it out")
    if target == "labels":
        ids = given if options.table is None else options.table[given]
        if prediction.confidence is None:
            return ids
        return np.where(prediction.confidence < options.min_confidence, UNLABELLED, ids).astype(np.uint8)
    return np.where(np.isfinite(given), given, np.nan).astype(np.float32)
