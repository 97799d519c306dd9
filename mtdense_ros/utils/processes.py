"""Child processes that answer in lines of JSON, in a ROS 2 domain of their own."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mtdense_ros.errors import ConfigError, MtdenseError
from mtdense_ros.utils.files import find_resource

HIGHEST_DOMAIN = 101
STOP_S = 15.0
PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""Fast DDS 2 reads the first, Fast DDS 3 the second."""

MALLOC = "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1073741824"
"""The C library keeps the memory of large messages instead of mapping it for each one; the launch file sets the same."""

OPENMP = {"GOMP_SPINCOUNT": "10000", "OMP_WAIT_POLICY": "PASSIVE"}
"""Waiting OpenMP threads give their core to the other processes soon (benchmarks/busy_neighbour.py); the launch file sets the same."""


class Child:
    """`python -m MODULE ARGUMENTS`, its stderr in a file, its stdout read as events. name: for messages."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], log: Path, environment: dict[str, str]) -> None:
        self.name = name
        self.log = log
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                preexec_fn=_take_interrupts if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else None,
            )
        assert self._process.stdin is not None
        self.stdin = self._process.stdin
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def next_event(self, seconds: float) -> dict[str, Any] | None:
        """What the child said next; None when it said nothing for this time, or nothing more."""
        try:
            return self._events.get(timeout=seconds)
        except queue.Empty:
            return None

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while the process runs."""
        return self._process.poll()

    def ended(self) -> bool:
        """Whether the process has ended and all it said was taken."""
        return self._process.poll() is not None and self._events.empty()

    def check(self) -> None:
        """Raises MtdenseError, with the log's last lines, when the process has failed."""
        code = self._process.poll()
        if code:
            lines = self.log.read_text(errors="replace").strip().splitlines()[-12:]
            shown = "\n".join(f"  | {line}" for line in lines) or "  | (nothing)"
            killed = " (killed, perhaps for want of memory)" if code == -signal.SIGKILL else ""
            raise MtdenseError(f"the {self.name} ended with code {code}{killed}; mend what the last lines of {self.log} say:\n{shown}")

    def end_input(self) -> None:
        """Closes the child's standard input."""
        with contextlib.suppress(BrokenPipeError):
            self.stdin.close()

    def wait(self, seconds: float) -> bool:
        """Whether the process ends within this time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Interrupts the process, and kills it when it does not end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            if not self.wait(STOP_S):
                self._process.kill()
                self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(b"{"):
                self._events.put(json.loads(line))
        self._events.put(None)


def _take_interrupts() -> None:
    """A shell script starts background commands with SIGINT ignored; a child would inherit that, and `stop` would have to kill it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ros_environment() -> dict[str, str]:
    """This environment with a free ROS 2 domain on this host, and our Fast DDS profile and malloc settings unless it has some."""
    environment = {k: v for k, v in os.environ.items() if k != "ROS_LOCALHOST_ONLY"}
    environment |= {"ROS_DOMAIN_ID": str(free_domain()), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "PYTHONUNBUFFERED": "1"}
    environment.setdefault("GLIBC_TUNABLES", MALLOC)
    if not any(environment.get(name) for name in OPENMP):
        environment |= OPENMP
    if not any(environment.get(name) for name in PROFILE_VARIABLES):
        profile = str(find_resource("config", "fastdds", ".xml", ConfigError))
        environment |= dict.fromkeys(PROFILE_VARIABLES, profile)
    return environment


def middleware() -> str:
    """What connects the processes, for people: Fast DDS unless the user has chosen another."""
    chosen = os.environ.get("RMW_IMPLEMENTATION", "")
    return "Fast DDS" if chosen in ("", "rmw_fastrtps_cpp") else chosen


def free_domain() -> int:
    """A ROS 2 domain whose discovery ports nobody on this host has bound; any one when all are taken."""
    domains = random.sample(range(1, HIGHEST_DOMAIN + 1), HIGHEST_DOMAIN)
    return next((d for d in domains if _is_free(7400 + 250 * d) and _is_free(7410 + 250 * d)), domains[0])


def wait_for(child: Child, event: str, seconds: float, others: Sequence[Child]) -> dict[str, Any]:
    """The child's next event of this kind; raises MtdenseError when it, or another process, ends before, or nothing comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        said = child.next_event(0.2)
        if said is not None and said["event"] == event:
            return said
        for process in (*others, child):
            process.check()
    raise MtdenseError(f"the {child.name} was not ready within {seconds:.0f} s; see {child.log}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
