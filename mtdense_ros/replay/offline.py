"""The offline twin: the same pipeline as the node's over a recorded sequence, without ROS."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mtdense_ros.datatypes import Frame
from mtdense_ros.inference import EngineOptions
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.pipeline.pipeline import Pipeline, PipelineOptions, Results
from mtdense_ros.replay.contact_sheet import SHEET_CANDIDATES, SHEET_ROWS, Heading, SheetRow, draw_sheet
from mtdense_ros.replay.demo_sequence import DemoSource
from mtdense_ros.replay.frame_selection import most_different
from mtdense_ros.replay.page.frames import PageFrames
from mtdense_ros.replay.page.write import NAME, page_absence, write_page
from mtdense_ros.replay.plan import Plan
from mtdense_ros.replay.report import Report, Scores, statistics, table, write_report
from mtdense_ros.replay.result_writer import claim_folder, write_png, write_results
from mtdense_ros.utils.command_line import Console
from mtdense_ros.utils.even_sample import EvenSample

WANTED = ("labels", "confidence", "depth", "normals", "foreground", "points")
TIMING = "from the picture in memory to all its outputs in memory, in one process"


@dataclass(frozen=True)
class Answer:
    """A frame, its number, what the pipeline made of it, when it was done and how long it took (ns, monotonic)."""

    index: int
    frame: Frame
    results: Results
    done_ns: int
    took_ns: int


def replay_offline(plan: Plan, out: Path, console: Console, device: str = "auto") -> Report:
    """Runs the plan; leaves a folder of pictures per output, sheet.png, report.json, report.md and, where its packages are installed,
    report.html in `out`, and shows the table.

    Raises InputError, WeightsError and DeviceError.
    """
    networks = MultiPredictor.load(plan.weights, options=EngineOptions(device=device))
    pipeline = Pipeline(networks, PipelineOptions())
    collected = _Collected(plan, networks)
    claim_folder(out)
    for answer in answers(plan, pipeline):
        write_results(out, answer.index, answer.results, networks.depth_is_relative)
        collected.add(answer)
        console.progress(f"{answer.index + 1} frames")
    report = collected.report()
    write_png(out / "sheet.png", draw_sheet(collected.rows(), collected.heading()))
    write_report(report, out)
    if absence := page_absence():
        console.say(absence)
    else:
        write_page(report, collected.page, [predictor.card for predictor in networks.predictors.values()], out / NAME)
    console.show(table(report))
    return report


def answers(plan: Plan, pipeline: Pipeline) -> Iterator[Answer]:
    """Each frame of the plan through the pipeline, whose background is set first. Raises InputError as source and pipeline do."""
    if plan.background is not None:
        pipeline.background.capture(plan.background)
    for index, frame in enumerate(itertools.islice(plan.source.frames(), plan.frames or None)):
        if index == 0 and plan.capture_first:
            pipeline.background.capture(frame.rgb)
        start = time.perf_counter_ns()
        results = pipeline.process(frame, WANTED, plan.source.rays)
        end = time.perf_counter_ns()
        yield Answer(index, frame, results, end, end - start)


class _Collected:
    """What a report and a sheet need, of any number of frames."""

    def __init__(self, plan: Plan, networks: MultiPredictor) -> None:
        self._plan = plan
        self._networks = networks
        self._times: dict[str, list[tuple[int, int]]] = {}
        self._missing: dict[str, str] = {}
        self._sample = EvenSample[Answer](SHEET_CANDIDATES)
        self.page = PageFrames(networks.label_space)
        self._frames = 0
        self._truth = plan.source.truth if isinstance(plan.source, DemoSource) else []
        self._scores = Scores(len(networks.label_space.classes) if networks.label_space is not None else 0)

    def add(self, answer: Answer) -> None:
        """One frame."""
        self._frames += 1
        for name in answer.results:
            self._times.setdefault(name, []).append((answer.done_ns, answer.took_ns))
        self._missing |= answer.results.missing
        self.page.add(answer.frame.stamp_ns, answer.frame.rgb, answer.results, answer.took_ns * 1e-6)
        if self._truth:
            self._scores.update(self._truth[answer.index], answer.results)
        self._sample.add(answer)

    def rows(self) -> list[SheetRow]:
        """The frames that differ most from each other."""
        answers = self._sample.items
        start = answers[0].frame.stamp_ns
        chosen = [answers[i] for i in most_different([a.frame.rgb for a in answers], SHEET_ROWS)]
        return [SheetRow(f"{(a.frame.stamp_ns - start) * 1e-9:.1f} s", a.frame.rgb, a.results) for a in chosen]

    def heading(self) -> Heading:
        """The text above and below the sheet."""
        subtitle = f"{self._networks.name} on {self._networks.device_name}, without ROS  |  {self._plan.source.name}"
        return Heading("mtdense_ros", subtitle, self._networks.label_space, bool(self._truth), not self._networks.depth_is_relative)

    def report(self) -> Report:
        """The figures."""
        return Report(
            source=self._plan.source.name,
            model=self._networks.name,
            device=self._networks.device_name,
            transport="none: the pipeline in one process, without ROS",
            timing=TIMING,
            frames_in=self._frames,
            rate_in_hz=0.0,
            pacing="one after the other",
            outputs=tuple(statistics(name, [t for t, _ in times], [age for _, age in times]) for name, times in self._times.items()),
            accuracy=self._scores.result() if self._truth else {},
            notes=tuple(f"no {name}: {reason}" for name, reason in self._missing.items() if name not in self._times),
        )
