"""How far off metric depth is on real frames, and how far with a scale from sparse range or from the camera's height."""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import CameraMount, Prediction, RangeSamples
from mtdense_ros.evaluation.frames import EvaluationFrame
from mtdense_ros.evaluation.metrics import DepthMetrics
from mtdense_ros.evaluation.scale_report import ScaleReport, section
from mtdense_ros.evaluation.sets import SETS, read_set
from mtdense_ros.geometry.depth import RayTable, apply_range
from mtdense_ros.geometry.ground_plane import ground_plane
from mtdense_ros.geometry.metric_scale import Evidence, ScaleEstimate, apply_scale, estimate_scale
from mtdense_ros.geometry.scale_evidence import MIN_INLIER_SHARE, evidence_of_floor, evidence_of_range
from mtdense_ros.inference.postprocess import OutputOptions, depth_range
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.utils.command_line import exit_code, portable_command
from mtdense_ros.utils.files import write_result

SHARE = 0.01
"""Of the true pixels, that a sparse range image has."""

WRONG_SHARE = 0.3

Floats = NDArray[np.float32]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Seen:
    """A frame with its truth, and the network's values (H, W) without a range; floor (H, W) are the pixels that it labels so."""

    truth: Floats
    values: Floats
    rays: RayTable
    floor: NDArray[np.bool_] | None
    samples: RangeSamples


def _range(seen: Seen) -> Evidence:
    return evidence_of_range(seen.values, seen.samples)


def _wrong_range(seen: Seen) -> Evidence:
    return evidence_of_range(seen.values, with_wrong(seen.samples))


def _row(seen: Seen) -> Evidence:
    row = seen.truth.shape[0] // 2
    (columns,) = np.nonzero(seen.truth[row] > 0)
    return evidence_of_range(seen.values, RangeSamples(np.full_like(columns, row), columns, seen.truth[row, columns]))


def _height(seen: Seen, with_tilt: bool) -> Evidence:
    plane = None if seen.floor is None else ground_plane(seen.rays.points(seen.truth), seen.floor)
    if plane is None or plane.inlier_share < MIN_INLIER_SHARE:
        return Evidence.none("no floor in the truth")
    return evidence_of_floor(seen.values, seen.rays, seen.floor, CameraMount(plane.height, plane.normal if with_tilt else None))


METHODS: dict[str, Callable[[Seen], ScaleEstimate]] = {
    "range, 1 %": lambda seen: estimate_scale(_range(seen)),
    "range, 1 %, 30 % wrong": lambda seen: estimate_scale(_wrong_range(seen)),
    "range, one row": lambda seen: estimate_scale(_row(seen)),
    "camera height": lambda seen: estimate_scale(_height(seen, with_tilt=False)),
    "camera height and tilt": lambda seen: estimate_scale(_height(seen, with_tilt=True)),
    "median": lambda seen: _median_scale(seen),
}
"""How a factor is found."""

INVERSE_METHOD = "range, 1 %, scale and shift"


@dataclass
class _Figures:
    metrics: DepthMetrics = field(default_factory=DepthMetrics)
    scales: list[float] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)

    def note(self, estimate: ScaleEstimate) -> None:
        self.scales.append(estimate.scale)
        self.spreads.append(estimate.spread)


def with_wrong(samples: RangeSamples) -> RangeSamples:
    """The samples with WRONG_SHARE of them too near or too far by a factor of up to 5."""
    random = np.random.default_rng(1)
    wrong = random.uniform(size=len(samples.metres)) < WRONG_SHARE
    factors = np.exp(random.uniform(-math.log(5), math.log(5), len(samples.metres)))
    return RangeSamples(samples.rows, samples.columns, np.where(wrong, samples.metres * factors, samples.metres).astype(np.float32))


def drawn(truth: Floats, seed: int) -> RangeSamples:
    """SHARE of the pixels with a true depth, drawn at random."""
    rows, columns = np.nonzero(np.isfinite(truth) & (truth > 0))
    chosen = np.random.default_rng(seed).choice(len(rows), max(1, round(SHARE * len(rows))), replace=False)
    return RangeSamples(rows[chosen], columns[chosen], truth[rows[chosen], columns[chosen]])


def score(predictor: Predictor, frames: Iterable[EvaluationFrame]) -> list[dict[str, Any]]:
    """An entry of ScaleReport.results per method, without the set's name; none where no frame has depth that can be predicted."""
    spec = predictor.card.depth
    assert spec is not None
    names = (["raw"] if spec.kind == "metric" else []) + [*METHODS] + ([INVERSE_METHOD] if spec.kind == "metric" else [])
    figures = {name: _Figures() for name in names}
    count = 0
    for frame in frames:
        seen = _seen(predictor, frame, seed=count)
        if seen is None:
            continue
        count += 1
        limits = depth_range(spec, OutputOptions())
        truth = seen.truth.copy()
        truth[seen.samples.rows, seen.samples.columns] = np.nan
        for name, entry in figures.items():
            entry.metrics.update(apply_range(_metres(name, seen, entry, spec.kind == "metric"), *limits), truth)
    return [_entry(name, entry, count) for name, entry in figures.items()] if count else []


def _seen(predictor: Predictor, frame: EvaluationFrame, seed: int) -> Seen | None:
    if frame.depth is None or frame.depth_kind != "metric" or frame.intrinsics is None:
        return None
    background = frame.background if predictor.needs_background("depth") else None
    if predictor.needs_background("depth") and background is None:
        return None
    wanted = [output for output in ("labels", "depth") if output in predictor.outputs]
    unlimited = OutputOptions(depth_min=0.0, depth_max=math.inf)
    prediction = predictor.predict(frame.rgb, frame.intrinsics, background, wanted, unlimited)
    assert prediction.depth is not None
    floor = _floor(predictor, prediction)
    return Seen(frame.depth, prediction.depth, RayTable.of(frame.intrinsics), floor, drawn(frame.depth, seed))


def _floor(predictor: Predictor, prediction: Prediction) -> NDArray[np.bool_] | None:
    if prediction.labels is None or predictor.label_space is None:
        return None
    return np.isin(prediction.labels, [c.id for c in predictor.label_space.classes if c.traversable])


def _metres(name: str, seen: Seen, entry: _Figures, is_metric: bool) -> Floats:
    """The values scaled by a method; as they are where it finds no scale, or nothing where they are no metres then."""
    if name == "raw":
        return seen.values
    inverse = name == INVERSE_METHOD
    values = np.float32(1) / seen.values if inverse else seen.values
    estimate = estimate_scale(evidence_of_range(values, seen.samples, True), True) if inverse else METHODS[name](seen)
    if estimate.weakness:
        return seen.values if is_metric else np.full_like(seen.values, np.nan)
    entry.note(estimate)
    return apply_scale(values, estimate.scale, estimate.shift, inverse, np.empty_like(values))


def _median_scale(seen: Seen) -> ScaleEstimate:
    known = np.isfinite(seen.truth) & (seen.truth > 0) & np.isfinite(seen.values) & (seen.values > 0)
    scale = float(np.median(seen.truth[known]) / np.median(seen.values[known]))
    return ScaleEstimate(scale, 0.0, math.nan, int(known.sum()))


def _entry(name: str, figures: _Figures, frames: int) -> dict[str, Any]:
    result = figures.metrics.result()
    scale, spread = (float(np.median(found)) if found else math.nan for found in (figures.scales, figures.spreads))
    return {
        "method": name,
        "frames": frames,
        "scaled": len(figures.scales),
        "abs_rel": result["abs_rel_all"],
        "delta1": result["delta1_all"],
        "scale": scale if name != INVERSE_METHOD else math.nan,
        "spread": spread,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table and writes scale/NAME.json."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    predictor = Predictor.load(options.weights, device="cpu", precision="fp32")
    command = portable_command(["python", "-m", "mtdense_ros.evaluation.scale", *given])
    report = ScaleReport(predictor.card.name, predictor.card.sha256, command)
    for name in options.data:
        report.results += [{"set": name, **entry} for entry in score(predictor, read_set(name))]
    path = options.out / "scale" / f"{report.name}.json"
    write_result(path, report.to_json(), "--out")
    _log.info("%s\nfigures are in %s", section(report), path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mtdense_ros.evaluation.scale", description=__doc__)
    parser.add_argument("weights", help="name or path, of a network with depth")
    with_depth = [name for name in SETS if name != "office"]
    parser.add_argument("--data", nargs="+", metavar="SET", default=with_depth, help="sets with depth, as for mtdense eval (default: all)")
    out_help = "folder for scale/NAME.json (default %(default)s)"
    parser.add_argument("--out", type=Path, default=Path("evaluations"), metavar="DIR", help=out_help)
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(main))
