"""The figures of one run: rates and ages of its outputs, their accuracy where the truth is known; as JSON and as a table."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.evaluation.metrics import ConfusionMatrix, DepthMetrics, MaskMetrics, NormalMetrics
from mtdense_ros.replay.demo_sequence import DemoFrame
from mtdense_ros.utils.strict_json import to_json
from mtdense_ros.utils.tables import markdown_table, number


@dataclass(frozen=True)
class OutputStatistics:
    """One output: messages that came out, their rate in Hz, and the age of the frame on arrival (ms), median and 95th percentile."""

    name: str
    frames: int
    rate_hz: float
    age_p50_ms: float
    age_p95_ms: float


@dataclass(frozen=True)
class Report:
    """One run. timing says from when to when an age counts; accuracy maps a quantity, its unit in its name, to its value."""

    source: str
    model: str
    device: str
    transport: str
    timing: str
    frames_in: int
    rate_in_hz: float
    pacing: str
    outputs: tuple[OutputStatistics, ...]
    accuracy: Mapping[str, float] = field(default_factory=dict)
    node: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    machine: str = field(default_factory=lambda: f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


class Scores:
    """Collects the scores of frames whose truth is known. num_classes: of the label space that both sides use."""

    def __init__(self, num_classes: int) -> None:
        self._labels = ConfusionMatrix(num_classes)
        self._depth = DepthMetrics()
        self._normals = NormalMetrics()
        self._foreground = MaskMetrics()
        self._empty = MaskMetrics()
        self._seen: set[str] = set()

    def update(self, truth: DemoFrame, results: Mapping[str, NDArray[Any]]) -> None:
        """One frame; outputs that are missing are not scored."""
        self._seen |= results.keys()
        if "labels" in results:
            self._labels.update(results["labels"], truth.labels)
        if "depth" in results:
            self._depth.update(results["depth"], truth.depth)
        if "normals" in results:
            self._normals.update(results["normals"], truth.normals)
        if "foreground" in results:
            masks = self._foreground if truth.foreground.any() else self._empty
            masks.update(results["foreground"].astype(bool), truth.foreground.astype(bool))

    def result(self) -> dict[str, float]:
        """The scores of the outputs that came; a frame in which nothing changed has no IoU: what is found there is false area."""
        depth, normals = self._depth.result(), self._normals.result()
        found = {
            "labels": {"labels mean IoU": self._labels.mean_iou, "labels pixel accuracy": self._labels.accuracy},
            "depth": {"depth abs rel": depth["abs_rel"], "depth RMSE (m)": depth["rmse_m"], "depth within 25 %": depth["delta1"]},
            "normals": {"normals mean angle (deg)": normals["mean_deg"], "normals median angle (deg)": normals["median_deg"]},
            "foreground": {
                "foreground IoU": self._foreground.iou,
                "foreground false area, frames without objects": self._empty.predicted_share,
            },
        }
        return {name: value for output, values in found.items() if output in self._seen for name, value in values.items()}


def statistics(name: str, arrivals_ns: Sequence[int], ages_ns: Sequence[int]) -> OutputStatistics:
    """The figures of one output; rate over the time between the first and the last arrival, NaN with fewer than two."""
    seconds = (max(arrivals_ns) - min(arrivals_ns)) * 1e-9 if len(arrivals_ns) > 1 else 0.0
    rate = (len(arrivals_ns) - 1) / seconds if seconds > 0.0 else float("nan")
    p50, p95 = np.percentile(np.asarray(ages_ns) * 1e-6, (50, 95)) if ages_ns else (float("nan"),) * 2
    return OutputStatistics(name, len(arrivals_ns), rate, float(p50), float(p95))


def table(report: Report) -> str:
    """The report as Markdown that reads well as plain text too."""
    head = [
        f"source     {report.source}",
        f"network    {report.model} on {report.device}",
        f"machine    {report.machine}",
        f"transport  {report.transport}",
        f"frames in  {report.frames_in}" + (f" at {report.rate_in_hz:.1f} Hz" if report.rate_in_hz > 0 else "") + f", {report.pacing}",
        *([f"node       {', '.join(f'{value} {name}' for name, value in report.node.items())}"] if report.node else []),
    ]
    titles = ("output", "frames out", "fps", "age p50 ms", "age p95 ms")
    rows = [(o.name, f"{o.frames}", number(o.rate_hz, 1), number(o.age_p50_ms, 0), number(o.age_p95_ms, 0)) for o in report.outputs]
    blocks = ["".join(f"    {line}\n" for line in head), markdown_table(titles, rows, padded=True), f"Age: {report.timing}.\n"]
    if report.accuracy:
        accuracy = [(name, number(value, 3)) for name, value in report.accuracy.items()]
        blocks.append(markdown_table(("against the exact truth", ""), accuracy, padded=True))
    if report.notes:
        blocks.append("".join(f"- {note}\n" for note in report.notes))
    return "\n".join(blocks)


def write_report(report: Report, folder: Path) -> None:
    """report.json and report.md in the folder; a value that is no number becomes null."""
    (folder / "report.json").write_text(to_json(dataclasses.asdict(report)), encoding="utf-8")
    (folder / "report.md").write_text(f"# {report.source}\n\n{table(report)}", encoding="utf-8")
