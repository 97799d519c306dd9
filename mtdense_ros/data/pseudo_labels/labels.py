"""Asymmetric annotations: a teacher fills in, as if it were truth, whatever annotation a sample misses.

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
"""What a teacher says of an image (H, W, 3) uint8 RGB of a camera: those of records.OUTPUTS that are asked for."""

TAUGHT = ("labels", "depth", "normals")
"""The targets that a teacher can fill in."""

EXISTING = ("keep", "fill", "replace", "drop")
"""What becomes of a truth: it stays, its unknown pixels are filled, the teacher replaces it, or all are dropped, the camera too."""

TRUTH, TAUGHT_ONLY, MIXED = "truth", "teacher", "mixed"
"""Where a target comes from."""


@dataclass(frozen=True, eq=False)
class Wishes:
    """targets: of TAUGHT; existing: of EXISTING; min_confidence: labels below this probability become 255; table (256,) uint8:
    from the teacher's ids to the data set's, None where they are the same. Raises ConfigError.
    """

    targets: tuple[str, ...]
    existing: str = "keep"
    min_confidence: float = 0.0
    table: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        for target in self.targets:
            if target not in TAUGHT:
                raise ConfigError(f"targets: '{target}' is none that a teacher fills in; {known_names(target, TAUGHT)}")
        if self.existing not in EXISTING:
            raise ConfigError(f"existing: '{self.existing}' is unknown; {known_names(self.existing, EXISTING)}")
        if not 0 <= self.min_confidence <= 1:
            raise ConfigError(f"min_confidence: {self.min_confidence} is no probability; use for example 0.5")
        if self.min_confidence > 0 and "labels" not in self.targets:
            raise ConfigError("min_confidence: only labels have a confidence; leave it out, or add labels to the targets")


def annotated(sample: Sample, teacher: Teacher, wishes: Wishes) -> tuple[Sample, dict[str, str]]:
    """The sample with what it missed, and where each of its targets comes from: TRUTH, TAUGHT_ONLY or MIXED.

    A known pixel never changes unless `existing` is "replace"; the teacher is not asked where nothing is missing. Raises
    InputError where the teacher does not give what it is asked for.
    """
    camera = sample.intrinsics
    if wishes.existing == "drop":
        sample = Sample(sample.image, name=sample.name)
    due = [target for target in wishes.targets if _is_due(getattr(sample, target), wishes.existing)]
    origins = dict.fromkeys(sample.targets, TRUTH)
    if not due:
        return sample, origins
    asked = [*due, "confidence"] if "labels" in due and wishes.min_confidence > 0 else due
    said = teacher(sample.image, camera, asked)
    filled: dict[str, Any] = {}
    for target in due:
        truth, taught = getattr(sample, target), _taught(said, target, wishes, sample.name)
        mixed = truth is not None and wishes.existing == "fill"
        filled[target] = np.where(_unknown(truth), taught, truth) if mixed else taught
        origins[target] = MIXED if mixed else TAUGHT_ONLY
    return replace(sample, **filled), {target: origins[target] for target in (*TAUGHT, "foreground") if target in origins}


def _is_due(truth: NDArray[Any] | None, existing: str) -> bool:
    return truth is None or existing == "replace" or (existing == "fill" and bool(_unknown(truth).any()))


def _unknown(target: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a target is unknown: (H, W), or (H, W, 1) for vectors, to go with the target's own shape."""
    unknown = np.asarray(target == UNLABELLED if target.dtype == np.uint8 else np.isnan(target))
    return unknown if unknown.ndim == 2 else np.asarray(unknown.any(-1, keepdims=True))


def _taught(said: Prediction, target: str, wishes: Wishes, name: str) -> NDArray[Any]:
    """A target as a Sample has it, of what the teacher said."""
    given: NDArray[Any] | None = getattr(said, target)
    if given is None or (target == "labels" and wishes.min_confidence > 0 and said.confidence is None):
        what = target if given is None else "confidence"
        raise InputError(f"sample '{name}': the teacher gives no {what}; choose a teacher that does, or leave it out")
    if target == "labels":
        ids = given if wishes.table is None else wishes.table[given]
        return ids if said.confidence is None else np.where(said.confidence < wishes.min_confidence, UNLABELLED, ids).astype(np.uint8)
    return np.where(np.isfinite(given), given, np.nan).astype(np.float32)
