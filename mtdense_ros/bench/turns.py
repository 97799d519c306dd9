"""Runs the trials in turns, so that whatever else slows the machine meets all of them alike."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtdense_ros.bench.trials import Trial
from mtdense_ros.utils.processes import MALLOC, OPENMP, Child

MODULE = "mtdense_ros.bench.child"
READY_S = 300.0
TURN_S = 120.0
END_S = 5.0
OWN_ERROR = 2
"""The exit code that command_line.exit_code gives to an error of ours, after one line."""

RUNS_PER_TURN = 10
_POLL_S = 0.2


@dataclass
class _Runner:
    """A trial, and its process while it has one."""

    trial: Trial
    child: Child | None = None

    def start(self, weights: str, size_hw: tuple[int, int], log: Path) -> None:
        """Starts the process and waits until its engine has run."""
        trial = self.trial
        arguments = (weights, trial.engine, trial.device, trial.precision, *map(str, size_hw))
        self.child = Child(trial.text, MODULE, arguments, log, _environment())
        self._answer("ready", READY_S)

    def turn(self, runs: int) -> None:
        """Has it run so many times."""
        if self.child is None:
            return
        with contextlib.suppress(BrokenPipeError):  # it has ended; _answer finds out why
            self.child.stdin.write(f"{runs}\n".encode())
            self.child.stdin.flush()
        ms = self._answer("turn", TURN_S)
        if isinstance(ms, list):
            self.trial = self.trial.measured(ms)

    def end(self) -> None:
        """Asks the process to end."""
        if self.child is not None:
            self.child.end_input()

    def stop(self) -> None:
        """Ends the process, in the hard way if it takes its time."""
        if self.child is not None:
            self.child.end_input()
            self.child.wait(END_S)
            self.child.stop()
            self.child = None

    def _answer(self, event: str, seconds: float) -> object:
        """The ms of the child's next event; when there is none the trial has failed, and the process is ended."""
        assert self.child is not None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.child.next_event(_POLL_S)
            if message is not None and message["event"] == event:
                return message.get("ms")
            if message is None and self.child.ended():
                self._fail(_last_words(self.child))
                return None
        self._fail(f"gave no answer within {seconds:.0f} s")
        return None

    def _fail(self, reason: str) -> None:
        self.trial = self.trial.failed(reason)
        self.stop()


def run_trials(
    trials: Sequence[Trial], weights: str, size_hw: tuple[int, int], runs: int, progress: Callable[[str], None] = lambda text: None
) -> list[Trial]:
    """The trials with `runs` samples each, or with the reason why there are none; one that fails does not stop the others.

    weights: name or path; size_hw: (height, width) of the network's input; progress: called with what is being done.
    """
    runners = [_Runner(trial) for trial in trials]
    with tempfile.TemporaryDirectory(prefix="mtdense_bench_") as folder:
        try:
            for index, runner in enumerate(runners):
                if not runner.trial.problem:
                    progress(f"starting {runner.trial.text}")
                    runner.start(weights, size_hw, Path(folder) / f"{index}.log")
            for done in range(0, runs, RUNS_PER_TURN):
                progress(f"{done} of {runs} runs each")
                for runner in runners:
                    runner.turn(min(RUNS_PER_TURN, runs - done))
        finally:
            for runner in runners:
                runner.end()
            for runner in runners:
                runner.stop()
    return [runner.trial for runner in runners]


def _last_words(child: Child) -> str:
    """Why a process ended: the message of an error of ours, or how it ended and its last line."""
    lines = child.log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    code = child.code or 0
    if code == OWN_ERROR:
        return lines[-1].removeprefix("mtdense: ")
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
    return f"ended with {how}: {lines[-1]}"


def _environment() -> dict[str, str]:
    """This environment, with the settings for memory and waiting threads of the launch file unless it has some."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environment.setdefault("GLIBC_TUNABLES", MALLOC)
    return environment if any(environment.get(name) for name in OPENMP) else environment | OPENMP
