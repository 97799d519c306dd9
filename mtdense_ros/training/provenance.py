"""Which source made a run: written when it starts, read when its weights are exported."""

from __future__ import annotations

import subprocess
from pathlib import Path

_FILE = "commit"


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
