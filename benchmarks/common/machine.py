"""What a measurement was made on and with: without it a figure says nothing."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from mtdense_ros.engines.machine import this_machine
from mtdense_ros.utils.command_line import portable_command

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("numpy", "opencv-python-headless", "torch", "openvino", "onnxruntime", "ros-rclpy", "ros-fastrtps")
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")


def description() -> dict[str, Any]:
    """Machine, versions, commit and load, for the head of a file of figures."""
    here = this_machine()
    return {
        "machine": {"cpu": here.cpu, "cores": here.cores, "ram_gb": round(ram_bytes() / 1e9, 1), "flags": cpu_flags(), "gpu": here.gpu},
        "versions": {"python": platform.python_version(), **versions()},
        "commit": commit(),
        "command": portable_command(["python", "-m", _module(), *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "load_before": round(os.getloadavg()[0], 2),
    }


def cpu_flags() -> list[str]:
    """Those of FLAGS that the processor has; none where it does not tell."""
    with contextlib.suppress(OSError):
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
        return [flag for flag in FLAGS if flag in words]
    return []


def ram_bytes() -> int:
    """The machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def versions() -> dict[str, str]:
    """Of those PACKAGES that are installed."""
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def commit() -> str:
    """The sources' commit, with "+" when they have been changed since; empty outside a repository."""
    try:
        head, changes = (_git("rev-parse", "--short=12", "HEAD"), _git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+" if changes else "")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _module() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if spec is not None else Path(sys.argv[0]).name
