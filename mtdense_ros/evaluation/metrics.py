"""Streaming metrics: counts and sums over all pixels of a set, never a mean of per-image means. A ratio without pixels is NaN."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import InputError
from mtdense_ros.evaluation.depth_edges import DepthEdges

Floats = NDArray[np.floating[Any]]


class ConfusionMatrix:
    """Counts of (true class, predicted class). Pixels whose truth is `ignore` or no class are left out.

    A prediction that is no class (unlabelled) counts against its true class. counts: (C, C + 1), the last column for those.
    """

    def __init__(self, num_classes: int, ignore: int = UNLABELLED) -> None:
        self.num_classes = num_classes
        self.ignore = ignore
        self.counts = np.zeros((num_classes, num_classes + 1), np.int64)

    def update(self, pred: NDArray[np.integer[Any]], target: NDArray[np.integer[Any]]) -> None:
        """Adds ids of any equal shape. Raises InputError where shapes differ."""
        _check_shapes(pred, target)
        n = self.num_classes
        valid = (target != self.ignore) & (target >= 0) & (target < n)
        predicted = pred[valid].astype(np.int64)
        predicted = np.where((predicted < 0) | (predicted >= n), n, predicted)
        pairs = target[valid].astype(np.int64) * (n + 1) + predicted
        self.counts += np.bincount(pairs, minlength=n * (n + 1)).reshape(n, n + 1)

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union per class (C,); NaN for a class absent from truth and prediction."""
        hits = np.diagonal(self.counts)
        union = self.counts.sum(1) + self.counts[:, :-1].sum(0) - hits
        out = np.full(self.num_classes, np.nan)
        np.divide(hits, union, out=out, where=union > 0)
        return out

    @property
    def mean_iou(self) -> float:
        """Mean of `iou` over the classes present in truth or prediction."""
        present = self.iou[~np.isnan(self.iou)]
        return float(present.mean()) if present.size else float("nan")

    @property
    def accuracy(self) -> float:
        """Share of the scored pixels with the right class."""
        return _ratio(int(np.trace(self.counts)), int(self.counts.sum()))


class MaskMetrics:
    """Counts of a boolean mask against its truth."""

    def __init__(self) -> None:
        self.hits = self.false = self.missed = self.pixels = 0

    def update(self, pred: NDArray[np.bool_], target: NDArray[np.bool_], valid: NDArray[np.bool_] | None = None) -> None:
        """Adds masks of any equal shape; only where `valid`, if given. Raises InputError where shapes differ."""
        _check_shapes(pred, target)
        if valid is not None:
            _check_shapes(pred, valid)
            pred, target = pred[valid], target[valid]
        pred, target = pred.astype(bool), target.astype(bool)
        self.hits += int((pred & target).sum())
        self.false += int((pred & ~target).sum())
        self.missed += int((~pred & target).sum())
        self.pixels += pred.size

    @property
    def iou(self) -> float:
        """Intersection over union of the foreground."""
        return _ratio(self.hits, self.hits + self.false + self.missed)

    @property
    def precision(self) -> float:
        """Share of the predicted foreground that is true."""
        return _ratio(self.hits, self.hits + self.false)

    @property
    def recall(self) -> float:
        """Share of the true foreground that is found."""
        return _ratio(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.hits, 2 * self.hits + self.false + self.missed)

    @property
    def predicted_share(self) -> float:
        """Share of the scored pixels that are predicted foreground: the false area of a set without any."""
        return _ratio(self.hits + self.false, self.pixels)


class DepthMetrics:
    """The errors of Eigen et al. (NIPS 2014), pooled over the pixels of all frames; each also `_scaled`.

    Scored where truth and prediction are finite and positive; `valid_share` is the share of true pixels with such a
    prediction. Scaled: each frame's prediction times median(truth) / median(prediction). `_all`: over all true pixels, a
    missing prediction counting as 0 m, that is abs rel 1 and outside every threshold. Edges (see DepthEdges) are those of the scaled
    prediction, for frames that are given as (H, W).
    """

    def __init__(self) -> None:
        self._raw = np.zeros(7)
        self._scaled = np.zeros(7)
        self._pixels = 0
        self._true_pixels = 0
        self._missing_square = 0.0
        self._edges = DepthEdges()

    def update(self, pred: Floats, target: Floats) -> None:
        """Adds one frame, metres, any equal shape; NaN, Inf and 0 are unknown. Raises InputError where shapes differ."""
        _check_shapes(pred, target)
        known = np.isfinite(target) & (target > 0)
        valid = known & np.isfinite(pred) & (pred > 0)
        self._true_pixels += int(known.sum())
        self._pixels += int(valid.sum())
        self._missing_square += float((target[known & ~valid].astype(np.float64) ** 2).sum())
        if not valid.any():
            return
        p, t = pred[valid].astype(np.float64), target[valid].astype(np.float64)
        self._raw += _depth_sums(p, t)
        factor = np.median(t) / np.median(p)
        self._scaled += _depth_sums(p * factor, t)
        if target.ndim == 2:
            self._edges.update(pred * factor, target)

    def result(self) -> dict[str, float]:
        """rmse_m, abs_rel, sq_rel_m, rmse_log, delta1..3 (thresholds 1.25, 1.25^2, 1.25^3), the same with `_scaled`; valid_share.

        And rmse_m_all, abs_rel_all, delta1_all, and these with `_scaled_all`; edges_found_scaled and edges_right_scaled.
        """
        out = {}
        for suffix, sums in (("", self._raw), ("_scaled", self._scaled)):
            means = sums / self._pixels if self._pixels else np.full(7, np.nan)
            means[[0, 3]] = np.sqrt(means[[0, 3]])
            names = ("rmse_m", "abs_rel", "sq_rel_m", "rmse_log", "delta1", "delta2", "delta3")
            out.update({name + suffix: float(value) for name, value in zip(names, means, strict=True)})
            missing = self._true_pixels - self._pixels
            out[f"rmse_m{suffix}_all"] = math.sqrt(_ratio(float(sums[0]) + self._missing_square, self._true_pixels))
            out[f"abs_rel{suffix}_all"] = _ratio(float(sums[1]) + missing, self._true_pixels)
            out[f"delta1{suffix}_all"] = _ratio(float(sums[4]), self._true_pixels)
        edges = {f"{name}_scaled": value for name, value in self._edges.result().items()}
        return {**out, **edges, "valid_share": _ratio(self._pixels, self._true_pixels)}


class NormalMetrics:
    """Angles between unit normals, in degrees; the median is read from bins of 0.05 degrees, of which every threshold is a multiple."""

    _BIN_DEG = 0.05

    def __init__(self) -> None:
        self._bins = np.zeros(3601, np.int64)
        self._sum = self._square = 0.0
        self._true_pixels = 0

    def update(self, pred: Floats, target: Floats) -> None:
        """Adds normals (..., 3); NaN or zero vectors are unknown, lengths do not matter. Raises InputError where shapes differ."""
        _check_shapes(pred, target)
        lengths = np.linalg.norm(pred, axis=-1), np.linalg.norm(target, axis=-1)
        known = np.isfinite(lengths[1]) & (lengths[1] > 0)
        valid = known & np.isfinite(lengths[0]) & (lengths[0] > 0)
        cosine = (pred[valid] * target[valid]).sum(-1) / (lengths[0] * lengths[1])[valid]
        angles = np.degrees(np.arccos(np.clip(cosine.astype(np.float64), -1, 1)))
        self._true_pixels += int(known.sum())
        self._bins += np.bincount((angles / self._BIN_DEG).astype(np.int64), minlength=len(self._bins))
        self._sum += float(angles.sum())
        self._square += float((angles**2).sum())

    def result(self) -> Mapping[str, float]:
        """mean_deg, median_deg, rmse_deg, and the shares within_11, within_22, within_30 (11.25, 22.5, 30 degrees); valid_share."""
        total = int(self._bins.sum())
        if total == 0:
            return dict.fromkeys(("mean_deg", "median_deg", "rmse_deg", "within_11", "within_22", "within_30"), float("nan")) | {
                "valid_share": _ratio(0, self._true_pixels)
            }
        below = np.cumsum(self._bins)
        within = {f"within_{int(deg)}": float(below[round(deg / self._BIN_DEG) - 1] / total) for deg in (11.25, 22.5, 30.0)}
        median = (int(np.searchsorted(below, total / 2)) + 0.5) * self._BIN_DEG
        rmse = float(np.sqrt(self._square / total))
        return {
            "mean_deg": self._sum / total,
            "median_deg": median,
            "rmse_deg": rmse,
            **within,
            "valid_share": _ratio(total, self._true_pixels),
        }


def _depth_sums(p: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
    difference = p - t
    ratio = np.maximum(p / t, t / p)
    terms = (
        difference**2,
        np.abs(difference) / t,
        difference**2 / t,
        (np.log(p) - np.log(t)) ** 2,
        ratio < 1.25,
        ratio < 1.25**2,
        ratio < 1.25**3,
    )
    return np.array([term.sum() for term in terms], np.float64)


def _ratio(part: float, whole: int) -> float:
    return part / whole if whole else float("nan")


def _check_shapes(a: NDArray[Any], b: NDArray[Any]) -> None:
    if a.shape != b.shape:
        raise InputError(f"metrics: prediction {a.shape} and truth {b.shape} differ in shape; bring both to camera size")
