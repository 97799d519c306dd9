"""Camera, node under test and sink: processes in a ROS 2 domain of their own, and what a phase of them leaves."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from benchmarks.common.names import OUTPUT_NAMES
from benchmarks.common.statistics import Phase, sets
from benchmarks.common.usage import Usage
from benchmarks.common.variants import WEIGHTS, Variant, environment
from mtdense_ros.errors import MtdenseError
from mtdense_ros.utils.processes import Child, free_domain, wait_for

START_S = 90.0
ANSWER_S = 60.0
REMAPS = ("image:=/camera/image_raw", "camera_info:=/camera/camera_info")
SETTLE_S = 1.0
"""Time before a phase: every writer knows its readers, and what another phase left behind is done."""

JITTER_NS = 100_000_000
"""How far a stamp may be off that the node tells, for it knows a frame's age by the wall clock only."""


class System:
    """The processes of a variant, for a `with`: the node, and each camera with its sinks. camera_hw: of the pictures; network: size
    parameter of the node, WIDTHxHEIGHT, empty for the card's; sinks: how many hear all outputs; cameras: the names of several. The logs
    are left in `folder`."""

    def __init__(
        self,
        variant: Variant,
        camera_hw: tuple[int, int],
        network: str,
        folder: Path,
        sinks: int = 1,
        cameras: Sequence[str] = ("",),
    ) -> None:
        self._variant = variant
        self._camera_hw = camera_hw
        self._network = network
        self._folder = folder
        self._sink_count = sinks
        self._names = cameras
        self._domain = str(free_domain())
        self._clock_ns = time.time_ns() - time.monotonic_ns()
        self._cameras: list[Child] = []
        self._sinks: list[Child] = []
        self._stack = ExitStack()

    def __enter__(self) -> System:
        """Starts everything and lets the node take the background. Raises MtdenseError with the log's last lines."""
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def play(self, rate: float, warm_up_s: float, seconds: float) -> Phase:
        """`play_all` of a single camera."""
        return self.play_all(rate, warm_up_s, seconds)[0]

    def play_all(self, rate: float, warm_up_s: float, seconds: float) -> list[Phase]:
        """One phase of each camera, all at once, at `rate` Hz (0: as fast as the node takes them); nothing counts before the warm-up is
        over. Of several cameras each phase has the node's figures (finished, cores, rss_mb, stages) of all together."""
        _drain(self._node)
        for camera in self._cameras:
            command(camera, do="play", rate=rate, seconds=warm_up_s + seconds)
        begins_ns = [self._answer(camera, "began")["begin_ns"] for camera in self._cameras]
        time.sleep(warm_up_s)
        before = self._usages()
        time.sleep(seconds)
        usage = {name: (now, now.cores_since(before[name])) for name, now in self._usages().items()}
        sent = [self._answer(camera, "played")["sent"] for camera in self._cameras]
        for sink in self._sinks:
            command(sink, do="report")
        arrivals = [self._answer(sink, "arrivals")["arrivals"] for sink in self._sinks]
        frames = [event for event in _drain(self._node) if event["stamp_ns"] > begins_ns[0] - JITTER_NS]
        measured_ns = [begins_ns[0] - self._clock_ns + round(1e9 * s) for s in (warm_up_s, warm_up_s + seconds)]
        time.sleep(SETTLE_S)
        common = {
            "variant": self._variant.name,
            "rate": rate,
            "warm_up_s": warm_up_s,
            "seconds": seconds,
            "finished": len(frames),
            "cores": {name: cores for name, (_, cores) in usage.items()},
            "rss_mb": usage["node"][0].rss_mb,
            "outputs": OUTPUT_NAMES,
            "stages": _stages(frames, *measured_ns),
        }
        received = arrivals[:: self._sink_count]
        return [
            {**common, "sent": count, "frames": sets(came, len(OUTPUT_NAMES), begin_ns)}
            for count, came, begin_ns in zip(sent, received, begins_ns, strict=True)
        ]

    def _start(self) -> None:
        self._node = self._child("node", self._variant.module, self._variant.tuned, *self._node_arguments())
        clock = ["--clock", str(self._clock_ns)]
        silent = [[], *[["--silent"]] * (self._sink_count - 1)]
        silent = [[], *[["--silent"]] * (self._sink_count - 1)]
        camera_tuned = self._variant.tuned if self._variant.camera_tuned is None else self._variant.camera_tuned
        sizes = ["--size", *(str(side) for side in self._camera_hw), "--depth", str(self._variant.camera_depth)]
        for name in self._names:
            for i, more in enumerate(silent):
                self._sinks.append(self._child(f"sink{name}{i}", "benchmarks.sink", self._variant.tuned, *clock, "--camera", name, *more))
            self._cameras.append(self._child(f"camera{name}", "benchmarks.camera", camera_tuned, *clock, "--name", name, *sizes))
        for sink in self._sinks:
            wait_for(sink, "ready", START_S, self._children())
        for camera in self._cameras:
            command(camera, do="capture")
            wait_for(camera, "captured", START_S, self._children())
        time.sleep(SETTLE_S)

    def _child(self, name: str, module: str, tuned: bool, *arguments: str) -> Child:
        self._folder.mkdir(parents=True, exist_ok=True)
        child = Child(name, module, arguments, self._folder / f"{name}.log", environment(self._domain, tuned))
        self._stack.callback(child.stop)
        return child

    def _node_arguments(self) -> list[str]:
        height, width = self._camera_hw
        values: dict[str, Any] = dict(self._variant.parameters)
        if self._variant.module != "benchmarks.relay_node":
            values |= {"weights": WEIGHTS, "size": self._network}
        if self._variant.module == "benchmarks.recorded_node":
            values |= {"warm_up": f"{width}x{height}", "cameras": list(self._names)}
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / "parameters.yaml"
        file.write_text(yaml.safe_dump({"mtdense": {"ros__parameters": values}}), encoding="utf-8")
        return ["--ros-args", "--params-file", str(file), *(word for rule in REMAPS for word in ("-r", rule))]

    def _children(self) -> list[Child]:
        return [self._node, *self._cameras, *self._sinks]

    def _usages(self) -> dict[str, Usage]:
        named = {"node": self._node, "camera": self._cameras[0], "sink": self._sinks[0]}
        try:
            return {name: Usage.of(child.pid) for name, child in named.items()}
        except OSError as error:
            for child in self._children():
                child.check()
            raise MtdenseError(f"a process of {self._variant.name} is gone ({error}); see {self._folder}") from error

    def _answer(self, child: Child, event: str) -> dict[str, Any]:
        return wait_for(child, event, ANSWER_S, self._children())


def command(child: Child, **what: object) -> None:
    """Tells a camera or a sink what to do."""
    child.stdin.write(json.dumps(what).encode() + b"\n")
    child.stdin.flush()


def _drain(child: Child) -> list[dict[str, Any]]:
    """What a child has reported so far."""
    events = []
    while (event := child.next_event(0.05)) is not None:
        events.append(event)
    return events


def _stages(frames: list[Mapping[str, Any]], begin_ns: int, end_ns: int) -> dict[str, list[float]]:
    """The node's times in ms of the frames that it finished between two times of the monotonic clock, by stage."""
    stages: dict[str, list[float]] = {}
    for frame in frames:
        if begin_ns <= frame["at_ns"] < end_ns:
            for name, ms in frame["stages"].items():
                stages.setdefault(name, []).append(round(ms, 2))
    return stages
