"""The shared memory that carries images: whether it suffices, and what killed processes left in it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from mtdense_ros.doctor.probe import FAIL, OK, WARN, Finding

MIB = 1 << 20
PROCESSES = 3
"""Camera, node and one subscriber: each takes a segment of its own when it starts."""


def shared_memory(segment: int, folder: Path = Path("/dev/shm")) -> list[Finding]:
    """Whether the segments (bytes each) of camera, node and one subscriber fit, and what killed processes left behind."""
    name = "shared memory"
    try:
        status = os.statvfs(folder)
    except OSError as error:
        return [Finding(FAIL, name, f"{folder}: {error.strerror}", "mount a tmpfs there; images go through UDP without it")]
    free, size, need = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize, PROCESSES * segment
    stale, count = leftovers(folder)
    text = f"{free / MIB:.0f} of {size / MIB:.0f} MiB free in {folder}, each process takes {segment / MIB:.0f} when it starts"
    left = f"; {count} ended processes left {stale / MIB:.0f} MiB" if count else ""
    remedies = []
    if free < need:
        remedies.append(f"give it {need * 2 // MIB} MiB: docker run --shm-size {need * 2 // MIB}m (or --ipc host), "
                        f"or mount -o remount,size={need * 2 // MIB}m {folder}")  # fmt: skip
    if count and (free < need or stale > size // 4):
        remedies.append("remove what is left with `fastdds shm clean`, or delete fastrtps_* there while no ROS node runs")
    status_of = FAIL if free < segment else WARN if remedies else OK
    return [Finding(status_of, name, text + left, "; ".join(remedies))]


def leftovers(folder: Path) -> tuple[int, int]:
    """Bytes and number of Fast DDS segments whose process has ended: nobody holds their lock file any more."""
    stale = [lock.with_name(lock.name.removesuffix("_el")) for lock in folder.glob("fast*_el") if "port" not in lock.name]
    stale = [segment for segment in stale if _unlocked(segment.with_name(f"{segment.name}_el"))]
    return sum(_size(segment) for segment in stale), len(stale)


def _unlocked(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
    except OSError:
        return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
