"""What a check finds, and questions that another Python answers: asking them may crash, hang, or load what this process must not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OK, WARN, FAIL, SKIP = "ok", "warn", "fail", "skip"
"""fail: something does not work; warn: it works less well than it could; skip: could not be looked at."""


@dataclass(frozen=True)
class Finding:
    """One line of the report: the status, the check's name, what was found, and what to change (empty: nothing)."""

    status: str
    name: str
    text: str
    remedy: str = ""

    def line(self) -> str:
        """As it is printed."""
        return f"{self.status:<4}  {self.name}: {self.text}" + (f"; {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Answer:
    """The object in a program's last line of JSON; `problem` says why there is none."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def ask(program: Sequence[str], seconds: float, environment: Mapping[str, str] | None = None) -> Answer:
    """Runs `python PROGRAM...` ("-c CODE" or "-m MODULE ...") and reads its answer; it is killed after this time."""
    command = [sys.executable, *program]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return Answer(problem=f"no answer within {seconds:g} s")
    except OSError as error:
        return Answer(problem=f"could not be asked ({error.strerror})")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0 and lines:
        try:
            return Answer(json.loads(lines[-1]))
        except ValueError:
            return Answer(problem=f"said what cannot be read: {lines[-1]}")
    return Answer(problem=_ending(done.returncode, done.stderr))


def _ending(code: int, stderr: str) -> str:
    if code < 0:
        return f"the process was ended by {_signal(-code)}"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"the process ended with code {code} and said nothing"


def _signal(number: int) -> str:
    """The name of a signal; most real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
