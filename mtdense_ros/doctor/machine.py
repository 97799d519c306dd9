"""The machine: its cores and their clock."""

from __future__ import annotations

import os
from pathlib import Path

from mtdense_ros.doctor.probe import OK, SKIP, WARN, Finding

SCALING_DRIVERS = ("intel_pstate", "amd-pstate", "amd-pstate-epp")
"""Their governor "powersave" is not the slow one of that name: they scale with the load all the same."""


def cores(root: Path = Path("/")) -> list[Finding]:
    """How many cores this process may use, and how busy all cores are: the load of a part of them is not known."""
    count, usable = os.cpu_count() or 1, len(os.sched_getaffinity(0))
    quota = _quota(root)
    text = f"{usable} of {count} cores" + ("" if quota is None else f", of which the container may use {quota:g}")
    load = os.getloadavg()[0]
    busy = f"{text}; on the whole machine {load:.1f} threads ran or waited to in the last minute"
    if load > 0.5 * count and quota is None and usable == count:
        return [Finding(WARN, "cores", busy, "end what else runs: one busy neighbour can double the time per frame")]
    return [Finding(OK, "cores", busy)]


def _quota(root: Path) -> float | None:
    """Cores that a container's limit allows; None without one."""
    try:
        limit, period = (root / "sys/fs/cgroup/cpu.max").read_text().split()
        return None if limit == "max" else float(limit) / float(period)
    except (OSError, ValueError):
        return None


def governor(root: Path = Path("/")) -> list[Finding]:
    """Whether the cores' clock follows the load."""
    found = {_read(path) for path in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")}
    drivers = {_read(path) for path in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_driver")}
    if not found:
        return [Finding(SKIP, "frequency governor", "not shown by this kernel (a virtual machine or container?)")]
    text = f"{', '.join(sorted(found))} ({', '.join(sorted(drivers))})"
    if "powersave" in found and not drivers <= set(SCALING_DRIVERS):
        remedy = "sudo cpupower frequency-set -g performance (or schedutil)"
        return [Finding(WARN, "frequency governor", f"{text}: the clock stays low", remedy)]
    return [Finding(OK, "frequency governor", text)]


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return "unknown"
