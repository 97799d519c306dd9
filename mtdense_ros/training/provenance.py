"""Which source, command and weights a run started from: written when it starts, read when its weights are exported."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

_FILE = "commit"
_COMMAND_FILE = "command"
_START_FILE = "start.json"


def record_commit(out: Path) -> None:
    """Writes the source tree's commit into a run's folder, once: a continued run keeps its first; "unknown" outside a repository."""
    if (out / _FILE).exists():
        return
    call = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(call, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    (out / _FILE).write_text((done.stdout.strip() or "unknown") + "\n", encoding="utf-8")


def recorded_commit(out: Path) -> str:
    """The commit in a run's folder, or "unknown"."""
    path = out / _FILE
    return path.read_text(encoding="utf-8").strip() if path.exists() else "unknown"


def record_command(out: Path, command: str) -> None:
    """Writes the command line of a run into its folder; that of its last sitting counts."""
    out.mkdir(parents=True, exist_ok=True)
    (out / _COMMAND_FILE).write_text(command + "\n", encoding="utf-8")


def recorded_command(out: Path) -> str:
    """The command in a run's folder, or "" where it was not started from the command line."""
    path = out / _COMMAND_FILE
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def record_start(out: Path, what: str, file: Path) -> None:
    """Writes into a run's folder which file its weights started from."""
    entry = {"name": what, "file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    (out / _START_FILE).write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8")


def recorded_start(out: Path) -> dict[str, Any] | None:
    """What `record_start` wrote, or None for a run that started from random weights."""
    path = out / _START_FILE
    entry: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return entry
