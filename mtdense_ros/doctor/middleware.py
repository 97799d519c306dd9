"""The ROS middleware in use, and whether the package's settings apply to it."""

from __future__ import annotations

from pathlib import Path

from mtdense_ros.doctor.finding import FAIL, OK, SKIP, WARN, Finding
from mtdense_ros.doctor.probe import Answer

NAME = "middleware"
ENOUGH_BUFFER = 8 << 20
"""Bytes of a UDP receive buffer that hold a cloud."""

ADVICE = {
    "rmw_cyclonedds": "its images go through UDP on one host too: raise net.core.rmem_max, and SocketReceiveBufferSize in CYCLONEDDS_URI",
    "rmw_zenoh": "start its router (ros2 run rmw_zenoh_cpp rmw_zenohd), and enable shared memory in its session configuration",
}
"""What applies instead of the Fast DDS profile, by the beginning of the identifier."""


def is_fast_dds(identifier: str) -> bool:
    """Whether an identifier is of Fast DDS, static or dynamic."""
    return identifier.startswith("rmw_fastrtps")


def middleware(answer: Answer, buffer: Path = Path("/proc/sys/net/core/rmem_max")) -> list[Finding]:
    """What rclpy runs on. answer: {"rmw": identifier}, see libraries.middleware."""
    if answer.problem:
        missing = "No module named 'rclpy'" in answer.problem
        remedy = "source the setup.bash of ROS 2, or run scripts/setup" if missing else "rclpy is broken: mend what it says"
        return [Finding(SKIP if missing else FAIL, NAME, answer.problem, remedy)]
    identifier = str(answer.facts["rmw"])
    if is_fast_dds(identifier):
        return [Finding(OK, NAME, identifier)]
    advice = next((text for name, text in ADVICE.items() if identifier.startswith(name)), "judge it by the self-test below")
    return [Finding(OK, NAME, f"{identifier}: the Fast DDS profile does not apply; {advice}"), *_buffer(buffer)]


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
