"""Structural similarity of relative depth and of soft masks, the figure that MDEAS publishes: at the network's own size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.evaluation.frames import EvaluationFrame
from mtdense_ros.inference.predictor import Background, Predictor

Floats = NDArray[np.floating[Any]]

_WINDOW, _SIGMA = (11, 11), 1.5
_C1, _C2 = 0.01**2, 0.03**2
"""Of Wang et al. (IEEE TIP 2004) for values in [0, 1]."""


def structural_similarity(found: Floats, truth: Floats) -> float:
    """Mean over the known pixels of truth (H, W), NaN unknown, of its similarity to `found`; outside and unknown count as 0 in both.

    Gaussian window 11, sigma 1.5, biased variances, as in training; NaN without any truth.
    """
    known = np.isfinite(truth)
    if not known.any():
        return float("nan")
    a, b = (np.where(known, values, 0).astype(np.float64) for values in (found, truth))
    mean_a, mean_b, square_a, square_b, product = (_smoothed(values) for values in (a, b, a * a, b * b, a * b))
    luminance = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    structure = (2 * (product - mean_a * mean_b) + _C2) / (square_a - mean_a**2 + square_b - mean_b**2 + _C2)
    return float((luminance * structure)[known].mean())


def similarities(predictor: Predictor, frame: EvaluationFrame, background: Background | None) -> dict[str, float]:
    """Of a frame's relative depth and of the probability of its mask, by output, as far as there is truth; empty for metric depth."""
    kind = predictor.card.depth.kind if predictor.card.depth else ""
    if (kind, frame.depth_kind) != ("relative", "relative"):
        return {}
    raw = predictor.raw(frame.rgb, background)
    truths = {"depth": frame.depth, "foreground": frame.foreground_share}
    found = {key: _probability(raw[key][0]) if key == "foreground" else raw[key][0] for key in truths.keys() & raw.keys()}
    pairs = {key: (values, truth) for key, values in found.items() if (truth := truths[key]) is not None}
    return {key: structural_similarity(values, _at_size(truth, values.shape)) for key, (values, truth) in pairs.items()}


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(values, _WINDOW, _SIGMA, borderType=cv2.BORDER_CONSTANT), np.float64)


def _probability(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))))


def _at_size(truth: Floats, shape: tuple[int, ...]) -> Floats:
    """The pixel of the truth at the centre of each pixel of the network: no value is invented."""
    rows, columns = (((np.arange(m) + 0.5) * n / m).astype(np.intp) for n, m in zip(truth.shape, shape, strict=True))
    return truth[rows][:, columns]
