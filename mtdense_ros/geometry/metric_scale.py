"""The metric scale of a network's depth: robust regression against depth that is known at some pixels.

Metric and relative depth lack a factor: depth = scale * value. Inverse depth (as of MiDaS) lacks a shift too:
1 / depth = scale * value + shift.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_POINTS = 30
MAX_SPREAD = 0.5
"""A robust standard deviation of the relative residuals beyond which points do not agree on anything."""

MIN_DISTANCE_RATIO = 1.25
"""Between the far and the near tenth of the points: a shift cannot be told from a scale at one distance."""

_TUKEY = 4.685  # biweight, 95 % efficient for normal residuals (Beaton and Tukey 1974)
_SIGMA_OF_MAD = 1.4826
_LEAST_SPREAD = 1e-3
_ROUNDS = 10
_HYPOTHESES = 64
_JUDGES = 300  # points that a hypothesis is judged by
_CONVERGED = 1e-4
_TOLERANCE = 0.1  # relative, of the inliers of a hypothesis


@dataclass(frozen=True, eq=False)
class Evidence:
    """Values of a network, the depth in m that is known at the same pixels, and how much each counts: (n,) each, > 0 but for the
    values of inverse depth.

    weakness says why there are none, and is empty where there are some.
    """

    values: Floats
    metres: Floats
    weights: Floats
    weakness: str = ""

    @classmethod
    def none(cls, weakness: str) -> Evidence:
        """No points, and why."""
        return cls(np.empty(0), np.empty(0), np.empty(0), weakness)


@dataclass(frozen=True)
class ScaleEstimate:
    """What the points say: scale and shift (0 but for inverse depth), the robust standard deviation of the relative residuals, and
    how many points there were. weakness says why it is not to be used, and is empty where it is."""

    scale: float
    shift: float
    spread: float
    points: int
    weakness: str = ""


def estimate_scale(evidence: Evidence, inverse: bool = False) -> ScaleEstimate:
    """The scale that most points agree on, the same on every call; up to about 40 % of them may be arbitrarily wrong.

    inverse: the values are inverse depth, so that there is a shift too.
    """
    count = len(evidence.values)
    if evidence.weakness or count < MIN_POINTS:
        return ScaleEstimate(np.nan, 0.0, np.nan, count, evidence.weakness or f"{count} points, {MIN_POINTS} are needed")
    scale, shift, spread = _line(evidence) if inverse else _ratio(evidence)
    return ScaleEstimate(scale, shift, spread, count, _weakness(scale, spread, evidence, inverse))


def apply_scale(
    values: NDArray[np.float32], scale: float, shift: float, inverse: bool, out: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Depth in m of a network's values, any shape, put into `out`; +Inf where inverse depth says beyond infinity."""
    np.multiply(values, np.float32(scale), out=out)
    if inverse:
        np.add(out, np.float32(shift), out=out)
        np.maximum(out, np.float32(0), out=out)  # keeps NaN
        with np.errstate(divide="ignore"):
            np.divide(np.float32(1), out, out=out)
    return out


def _weakness(scale: float, spread: float, evidence: Evidence, inverse: bool) -> str:
    if inverse:
        near, far = np.quantile(evidence.metres, (0.1, 0.9))
        if far < MIN_DISTANCE_RATIO * near:
            return f"all points lie between {near:.2f} and {far:.2f} m; the shift of inverse depth needs several distances"
        low, high = np.quantile(evidence.values, (0.1, 0.9))
        if not scale > 0 or low == high:
            return "the inverse depth does not grow towards the camera"
    return "" if spread <= MAX_SPREAD else f"the points disagree by {spread:.0%}"


def _ratio(evidence: Evidence) -> tuple[float, float, float]:
    """Scale, no shift, and spread: the logarithms of the ratios by Tukey's biweight, from their median on."""
    logs = np.log(evidence.metres / evidence.values)
    centre = _median(logs, evidence.weights)
    for _ in range(_ROUNDS):
        residuals = logs - centre
        spread = _spread(residuals, evidence.weights)
        weights = evidence.weights * _biweight(residuals, spread)
        before, centre = centre, float((weights * logs).sum() / weights.sum())
        if abs(centre - before) < _CONVERGED:
            break
    return float(np.exp(centre)), 0.0, _spread(logs - centre, evidence.weights)


def _line(evidence: Evidence) -> tuple[float, float, float]:
    """Scale, shift and spread: a line through inverse depth by RANSAC (Fischler and Bolles 1981), then by Tukey's biweight.

    A residual is (scale * value + shift) * metres - 1, that is relative: the same error counts as much far away as near. As in the
    alignment of Ranftl et al. (TPAMI 2022) it is the line that predicts the truth best, which is flatter the noisier the values are.
    """
    x, z, point_weights = evidence.values, evidence.metres, evidence.weights
    line = _best_line(x, z, point_weights)
    columns = np.stack([x * z, z], axis=1)
    for _ in range(_ROUNDS):
        residuals = columns @ line - 1
        weights = point_weights * _biweight(residuals, _spread(residuals, point_weights))
        weighted = columns * weights[:, None]
        before, line = line, np.linalg.lstsq(weighted.T @ columns, weighted.sum(axis=0), rcond=None)[0]
        if np.abs(columns @ (line - before)).max() < _CONVERGED:
            break
    scale, shift = (float(v) for v in line)
    return scale, shift, _spread(columns @ line - 1, point_weights)


def _best_line(x: Floats, z: Floats, weights: Floats) -> Floats:
    """(scale, shift) of the pair of points whose line most points are near to."""
    first, second = np.random.default_rng(0).integers(len(x), size=(2, _HYPOTHESES))
    run = x[first] - x[second]
    steep = np.abs(run) > 1e-9 * np.abs(x).max()
    scales = np.divide(1 / z[first] - 1 / z[second], run, out=np.zeros(_HYPOTHESES), where=steep)
    shifts = 1 / z[first] - scales * x[first]
    judges = slice(None, None, -(-len(x) // _JUDGES))
    near = np.abs((x[judges, None] * scales + shifts) * z[judges, None] - 1) < _TOLERANCE
    best = int((weights[judges] @ near).argmax())
    return np.array([scales[best], shifts[best]])


def _spread(residuals: Floats, weights: Floats) -> float:
    return max(_SIGMA_OF_MAD * _median(np.abs(residuals), weights), _LEAST_SPREAD)


def _biweight(residuals: Floats, spread: float) -> Floats:
    weights: Floats = np.square(1 - np.minimum(np.square(residuals / (_TUKEY * spread)), 1))
    return weights


def _median(values: Floats, weights: Floats) -> float:
    """The value with half of the weight on either side."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(below, below[-1] / 2)]])
