"""A source through the real node: node, player and recorder as processes of their own, connected by ROS 2 only."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from mtdense_ros.datatypes import Frame
from mtdense_ros.errors import InputError, MtdenseError
from mtdense_ros.replay.messages import CAMERA_INFO, IMAGE, serialise_image
from mtdense_ros.replay.plan import Plan
from mtdense_ros.replay.recording import Recording
from mtdense_ros.replay.source import Source
from mtdense_ros.utils.command_line import Console
from mtdense_ros.utils.processes import Child, ros_environment, wait_for
from mtdense_ros.utils.record_stream import Record, write_record

RECORDS = "records.bin"

START_S = 150.0
SILENCE_S = 60.0
"""Limits for all processes to be ready, and for one sign of life of the player."""


@dataclass(frozen=True)
class Sent:
    """An image that was sent: its number in the source, its stamp, and when (ns, wall clock)."""

    index: int
    stamp_ns: int
    time_ns: int


@dataclass(frozen=True)
class Run:
    """The result of a run: everything that was received, the images that were sent, and what became of the background."""

    recording: Recording
    sent: tuple[Sent, ...]
    background: str


def play_live(plan: Plan, out: Path, console: Console) -> Run:
    """Starts the three processes, plays the source, and ends them. Logs and the recording, RECORDS, are left in `out`.

    Raises MtdenseError, with the last lines of its log, when one of them fails, and InputError for frames that cannot be read.
    """
    environment = ros_environment()
    with ExitStack() as stack:

        def start(name: str, module: str, *arguments: str) -> Child:
            child = Child(name, f"mtdense_ros.ros.{module}", arguments, out / f"{name}.log", environment)
            stack.callback(child.stop)
            return child

        console.say(f"starting the node (ROS_DOMAIN_ID {environment['ROS_DOMAIN_ID']}) and loading {', '.join(plan.weights)}")
        node = start("node", "node", *_node_arguments(plan))
        recorder = start("recorder", "tools.recorder", "--out", str(out / RECORDS), *_recorder_arguments(plan.source))
        wait_for(recorder, "ready", START_S, [node])
        player = start("player", "tools.player", *_player_arguments(plan))
        feeder = _Feeder(player, _records(plan))
        sent, background = _follow(player, recorder, [node, recorder], console)
        feeder.check()
        recorder.end_input()
        if not recorder.wait(SILENCE_S):
            raise MtdenseError(f"the recorder did not end; see {recorder.log}")
        recorder.check()
    return Run(Recording(out / RECORDS), sent, background)


def _node_arguments(plan: Plan) -> list[str]:
    source = plan.source
    height, width = plan.size_hw
    compressed = source.image_type != IMAGE
    parameters: dict[str, str | float | list[str]] = {
        "weights": list(plan.weights),
        "warm_up": f"{width}x{height}",
        "image_transport": "compressed" if compressed else "raw",
    }
    if plan.rate == 0.0:
        parameters["max_age"] = 0.0  # in step no frame comes too late
    arguments = ["--ros-args", "-r", f"image:={source.image_topic.removesuffix('/compressed')}"]
    for name, value in parameters.items():
        arguments += ["-p", f"{name}:={json.dumps(value)}"]
    return arguments


def _recorder_arguments(source: Source) -> list[str]:
    inputs = ["--input", f"{source.image_topic}:{source.image_type}"]
    return [*inputs, "--input", f"{source.info_topic}:{CAMERA_INFO}"] if source.info_topic else inputs


def _player_arguments(plan: Plan) -> list[str]:
    arguments = ["--rate", str(plan.rate), "--listeners", "2"]  # the node and the recorder
    if not plan.source.keeps_stamps:
        arguments.append("--restamp")
    if plan.capture_first:
        arguments.append("--capture")
    return arguments


def _records(plan: Plan) -> Iterator[Record]:
    """The background picture, if one is given, and the source's messages up to the last image wanted."""
    if plan.background is not None:
        yield Record("background", IMAGE, 0, serialise_image(Frame(plan.background)))
    images = 0
    for record in plan.source.records():
        images += record.message_type != CAMERA_INFO
        if plan.frames and images > plan.frames:
            return
        yield record


class _Feeder:
    """Writes records to a child's standard input in a thread; the pipe's capacity keeps it from running ahead."""

    def __init__(self, child: Child, records: Iterator[Record]) -> None:
        self._child = child
        self._records = records
        self._error: MtdenseError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises what kept the records from being read."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for record in self._records:
                write_record(self._child.stdin, record)
                self._child.stdin.flush()
        except MtdenseError as error:
            self._error = error
        except (BrokenPipeError, ValueError):
            pass  # the child has ended; whoever waits for it says why
        self._child.end_input()


def _follow(player: Child, recorder: Child, others: list[Child], console: Console) -> tuple[tuple[Sent, ...], str]:
    """Takes the player's events until it ends; the images sent, and what became of the background."""
    sent: list[Sent] = []
    background = ""
    answered = 0
    patience_s = START_S
    deadline = time.monotonic() + patience_s
    while not player.ended():
        for child in (player, *others):
            child.check()
        while recorder.next_event(0.0) is not None:
            answered += 1
        event = player.next_event(0.2)
        if event is None:
            if time.monotonic() > deadline:
                raise MtdenseError(f"the player sent nothing for {patience_s:.0f} s; see {player.log}")
            continue
        patience_s = SILENCE_S
        deadline = time.monotonic() + patience_s
        if event["event"] == "background":
            background = event["message"] if event["good"] else f"failed: {event['message']}"
            console.say(f"background: {background}")
        else:
            sent.append(Sent(event["index"], event["stamp_ns"], event["time_ns"]))
            console.progress(f"{len(sent)} frames sent, {answered} answered")
    player.check()
    if not sent:
        raise InputError("no frame was sent; the source is empty")
    return tuple(sent), background
