"""The middleware, and a self-test of it: one process sends, one receives; what is lost, and how long it takes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mtdense_ros.doctor.probe import FAIL, OK, SKIP, WARN, Answer, Finding
from mtdense_ros.doctor.settings import profile_in_use
from mtdense_ros.errors import MtdenseError
from mtdense_ros.utils.processes import Child, free_domain, ros_environment, wait_for

MODULE = "mtdense_ros.ros.tools.transport_test"
START_S = 30.0
EACH_S = 0.5
"""Limits for a process to start, and for each message with all that belongs to it."""

SLOW_MS = 30.0
"""A frame's time at 30 Hz: a transport that takes as long halves the rate."""

PROFILE = "the Fast DDS profile, and shared memory room for it"
OTHERWISE = "its middleware's own settings for large messages"
"""What a sender needs where Fast DDS carries the messages, and where another middleware does."""

ENOUGH_BUFFER = 8 << 20
"""Bytes of a UDP receive buffer that hold a cloud."""

ADVICE = {
    "rmw_cyclonedds": "its images go through UDP on one host too: raise net.core.rmem_max, and SocketReceiveBufferSize in CYCLONEDDS_URI",
    "rmw_zenoh": "start its router (ros2 run rmw_zenoh_cpp rmw_zenohd), and enable shared memory in its session configuration",
}
"""What applies instead of the Fast DDS profile, by the beginning of the identifier."""


def is_fast_dds(identifier: str) -> bool:
    """Whether this is an identifier of Fast DDS, static or dynamic."""
    return identifier.startswith("rmw_fastrtps")


def middleware(answer: Answer, buffer: Path = Path("/proc/sys/net/core/rmem_max")) -> list[Finding]:
    """What rclpy runs on. answer: {"rmw": identifier}, see libraries.middleware."""
    if answer.problem:
        missing = "No module named 'rclpy'" in answer.problem
        remedy = "source the setup.bash of ROS 2, or run scripts/setup" if missing else "rclpy is broken: mend what it says"
        return [Finding(SKIP if missing else FAIL, "middleware", answer.problem, remedy)]
    identifier = str(answer.facts["rmw"])
    if is_fast_dds(identifier):
        return [Finding(OK, "middleware", identifier)]
    advice = next((text for name, text in ADVICE.items() if identifier.startswith(name)), "judge it by the self-test below")
    return [Finding(OK, "middleware", f"{identifier}: the Fast DDS profile does not apply; {advice}"), *_buffer(buffer)]


def _buffer(path: Path) -> list[Finding]:
    """The kernel's limit of UDP buffers, which counts where images go through UDP."""
    name = "UDP buffers"
    try:
        size = int(path.read_text())
    except (OSError, ValueError):
        return [Finding(SKIP, name, f"{path} cannot be read")]
    if size < ENOUGH_BUFFER:
        text = f"net.core.rmem_max is {size}, less than one cloud"
        return [Finding(WARN, name, text, f"sudo sysctl -w net.core.rmem_max={2 * ENOUGH_BUFFER}")]
    return [Finding(OK, name, f"net.core.rmem_max is {size}")]


@dataclass(frozen=True)
class Counts:
    """How many messages of one series were sent and received, and their median latency in ms (None when none came)."""

    sent: int
    received: int
    median_ms: float | None


@dataclass(frozen=True)
class Result:
    """What the two processes measured. segment: bytes of shared memory that the sender really has."""

    series: Mapping[str, Counts]
    segment: int


def self_test(rmw: str, count: int) -> Iterator[Finding]:
    """Tests with the variables that launch gives to the node and, where this shell's differ, with those of this shell."""
    launched = ros_environment()
    shell = {name: value for name, value in launched.items() if name in os.environ or name.startswith("ROS_")}
    yield from _judged("self-test, as launched", launched, rmw, count, FAIL)
    if is_fast_dds(rmw) and profile_in_use(shell) is None:
        shell["ROS_DOMAIN_ID"] = str(free_domain())
        yield from _judged("self-test, as in this shell", shell, rmw, count, WARN)


def _judged(name: str, environment: Mapping[str, str], rmw: str, count: int, lossy: str) -> list[Finding]:
    try:
        result = measured(environment, count)
    except MtdenseError as error:
        remedy = "two nodes of this host cannot talk; check the middleware's settings and the firewall"
        return [Finding(FAIL, name, str(error).replace("\n", " "), remedy)]
    profile = profile_in_use(environment)
    expected = profile.segment if profile is not None and is_fast_dds(rmw) else 0
    return judged(name, result, expected, lossy, PROFILE if is_fast_dds(rmw) else OTHERWISE)


def measured(environment: Mapping[str, str], count: int) -> Result:
    """Runs both processes with these variables. Raises MtdenseError when they fail or do not end in time."""
    children: list[Child] = []
    with tempfile.TemporaryDirectory(prefix="mtdense_doctor_") as folder:

        def start(side: str) -> Child:
            arguments = [side, "--count", str(count)]
            children.append(Child(f"self-test's {side}r", MODULE, arguments, Path(folder) / f"{side}.log", dict(environment)))
            return children[-1]

        try:
            receiver = start("receive")
            wait_for(receiver, "ready", START_S, ())
            sent = wait_for(start("send"), "sent", START_S + EACH_S * count, (receiver,))
            receiver.end_input()
            received = wait_for(receiver, "received", START_S, ())["series"]
        finally:
            for child in children:
                child.stop()
    return Result({series: Counts(count, *found) for series, found in received.items()}, sent["segment"])


def judged(name: str, result: Result, expected_segment: int, lossy: str, settings: str = PROFILE) -> list[Finding]:
    """One finding for each series, and one when the segment is smaller than the profile says.

    lossy: the status of a loss; settings: the middleware's that help against losses and delays.
    """
    findings = [_series(f"{name}, {series}", counts, lossy, settings) for series, counts in result.series.items()]
    if result.segment < expected_segment:
        text = f"the sender's segment has {result.segment / 2**20:.1f} MiB, the profile says {expected_segment / 2**20:.0f}"
        findings.append(Finding(FAIL, name, text, "shared memory is full or forbidden, see above; Fast DDS then uses UDP"))
    return findings


def _series(name: str, counts: Counts, lossy: str, settings: str) -> Finding:
    time = "" if counts.median_ms is None else f", median {counts.median_ms:.1f} ms"
    text = f"{counts.received} of {counts.sent} received{time}"
    if counts.received < 0.95 * counts.sent:
        return Finding(lossy, name, text, f"the sender needs {settings}, see above")
    if counts.median_ms is not None and counts.median_ms > SLOW_MS:
        return Finding(WARN, name, text, f"expected a few ms: use {settings} and the malloc tunables, and end what else runs")
    return Finding(OK, name, text)
