"""A run through the node -> its report and the rows of its sheet."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from mtdense_ros.datatypes import Frame
from mtdense_ros.replay.contact_sheet import SHEET_CANDIDATES, SHEET_ROWS, Heading, SheetRow
from mtdense_ros.replay.demo_sequence import DemoFrame
from mtdense_ros.replay.frame_selection import most_different
from mtdense_ros.replay.live import Run
from mtdense_ros.replay.page.frames import PageFrames
from mtdense_ros.replay.plan import Plan
from mtdense_ros.replay.recording import Recording, label_space_of
from mtdense_ros.replay.report import OutputStatistics, Report, Scores, statistics
from mtdense_ros.replay.source import Source
from mtdense_ros.utils.even_sample import EvenSample
from mtdense_ros.utils.processes import middleware

TIMING = "from the sending of the image in one process to the arrival of the output in another"
COUNTERS = ("received", "processed", "dropped", "late", "refused")


def live_report(plan: Plan, run: Run, truth: Sequence[DemoFrame]) -> Report:
    """The figures of a run; truth may be empty."""
    legend, diagnostics = run.recording.legend(), run.recording.diagnostics()
    times = [s.time_ns for s in run.sent]
    seconds = (times[-1] - times[0]) * 1e-9
    return Report(
        source=plan.source.name,
        model=" + ".join(network["model"] for network in legend.get("networks", ())) or "unknown",
        device=diagnostics.get("device", "unknown"),
        transport=f"ROS 2 over {middleware()}: player, node and recorder are three processes",
        timing=TIMING,
        frames_in=len(run.sent),
        rate_in_hz=(len(times) - 1) / seconds if seconds > 0 else 0.0,
        pacing=plan.pacing,
        outputs=tuple(_statistics(run, name) for name in run.recording.outputs()),
        accuracy=_accuracy(run, truth),
        node={name: diagnostics[name] for name in COUNTERS if name in diagnostics},
        notes=_notes(plan.source, run),
    )


def sheet_rows(source: Source, run: Run) -> list[SheetRow]:
    """The answered frames that differ most from each other, with all their outputs; any frames when none was answered."""
    answered = [s for s in run.sent if run.recording.results(s.stamp_ns, ("labels", "depth", "foreground"))]
    stamps = {s.index: s.stamp_ns for s in answered or run.sent}
    sample = EvenSample[tuple[int, Frame]](SHEET_CANDIDATES)
    start = 0
    for index, frame in enumerate(itertools.islice(source.frames(), max(stamps) + 1)):
        start = frame.stamp_ns if index == 0 else start
        if index in stamps:
            sample.add((stamps[index], frame))
    chosen = [sample.items[i] for i in most_different([frame.rgb for _, frame in sample.items], SHEET_ROWS)]
    return [SheetRow(f"{(frame.stamp_ns - start) * 1e-9:.1f} s", frame.rgb, run.recording.results(stamp)) for stamp, frame in chosen]


def page_frames(source: Source, run: Run) -> PageFrames:
    """What the page shows of the frames that were answered. An age is that of the frame's last output."""
    recording = run.recording
    frames = PageFrames(label_space_of(recording.legend()))
    arrivals = [recording.arrivals(name) for name in recording.outputs()]
    sent = {s.index: s for s in run.sent}
    for index, frame in enumerate(itertools.islice(source.frames(), max(sent) + 1)):
        if index in sent:
            stamp = sent[index].stamp_ns
            times = [found[stamp] for found in arrivals if stamp in found]
            if times:
                frames.add(frame.stamp_ns, frame.rgb, recording.results(stamp), (max(times) - sent[index].time_ns) * 1e-6)
    return frames


def heading(source: Source, report: Report, recording: Recording, rendered: bool) -> Heading:
    """The text above and below the sheet of a run."""
    legend = recording.legend()
    out = max(report.outputs, key=lambda o: o.frames, default=None)
    answered = f"{out.frames} out at {out.rate_hz:.1f} Hz" if out is not None else "none out"
    subtitle = f"{report.model} on {report.device}  |  {report.frames_in} frames in, {answered}  |  {source.name}"
    return Heading("mtdense_ros", subtitle, label_space_of(legend), rendered, legend.get("depth_kind") not in ("relative", "inverse"))


def _statistics(run: Run, output: str) -> OutputStatistics:
    sent = {s.stamp_ns: s.time_ns for s in run.sent}
    arrivals = {stamp: time for stamp, time in run.recording.arrivals(output).items() if stamp in sent}
    return statistics(output, list(arrivals.values()), [time - sent[stamp] for stamp, time in arrivals.items()])


def _accuracy(run: Run, truth: Sequence[DemoFrame]) -> dict[str, float]:
    space = label_space_of(run.recording.legend())
    if not truth:
        return {}
    scores = Scores(len(space.classes) if space is not None else 0)
    for sent in run.sent:
        scores.update(truth[sent.index], run.recording.results(sent.stamp_ns, ("labels", "depth", "normals", "foreground")))
    return scores.result()


def _notes(source: Source, run: Run) -> tuple[str, ...]:
    """What became of the background, and the node's faults except those that such a run always has."""
    expected = {"no publisher": True, "clock mismatch": source.keeps_stamps, "no background": not run.background}
    background = f"background: {run.background}"
    if not run.background:
        background = "no background, so no foreground; add --background first, or a picture"
    faults = (f"fault '{name}': {message}" for name, message in run.recording.faults().items() if not expected.get(name))
    return background, *faults
