"""What plain baselines need to know of the training data: most frequent classes, median depths, the mean normal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.augment import fitted
from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.training.mixture import Mixture

SAMPLES = 500
LABEL_BANDS = 12
_STRIDE = 4


def training_statistics(mixture: Mixture, size_hw: tuple[int, int]) -> dict[str, Any]:
    """{"statistics": ...} over evenly spaced frames of every source, for the targets that are known; empty if there are none."""
    labels, depths, per_focal, normal = np.zeros((LABEL_BANDS, 256), np.int64), [], [], np.zeros(3)
    for part, index in _spread(mixture.sizes):
        sample = fitted(mixture.training(part, index), size_hw)
        cells = slice(_STRIDE // 2, None, _STRIDE), slice(_STRIDE // 2, None, _STRIDE)
        if sample.labels is not None:
            for band, rows in zip(labels, np.array_split(sample.labels[cells], LABEL_BANDS), strict=True):
                band += np.bincount(rows.ravel(), minlength=256)
        if sample.depth is not None and sample.intrinsics is not None:
            depths.append(_finite(sample.depth[cells]))
            per_focal.append(depths[-1] / np.float32(sample.intrinsics.fx / size_hw[1]))
        if sample.normals is not None:
            normal += np.nansum(sample.normals[cells], (0, 1))
    labels[:, UNLABELLED] = 0
    found: dict[str, Any] = {}
    if labels.any():
        found |= {"majority_class": int(labels.sum(0).argmax()), "label_bands": labels.argmax(1).tolist()}
    for key, parts in (("median_depth_m", depths), ("median_depth_per_focal_m", per_focal)):
        if any(part.size for part in parts):
            found[key] = round(float(np.median(np.concatenate(parts))), 4)
    if normal.any():
        found["mean_normal"] = [round(float(v), 4) for v in normal / np.linalg.norm(normal)]
    return {"statistics": found} if found else {}


def _spread(sizes: list[int]) -> list[tuple[int, int]]:
    """(source, index) of at most SAMPLES evenly spaced samples of sources of these sizes."""
    ends = np.cumsum(sizes)
    positions = np.linspace(0, ends[-1] - 1, min(SAMPLES, int(ends[-1]))).astype(int)
    parts = np.searchsorted(ends, positions, side="right")
    return [(int(part), int(position - (ends[part] - sizes[part]))) for part, position in zip(parts, positions, strict=True)]


def _finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    finite: NDArray[np.float32] = values[np.isfinite(values)]
    return finite
