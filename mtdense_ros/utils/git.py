"""The commit of the source tree that runs, for the records of what it makes."""

from __future__ import annotations

import subprocess
from pathlib import Path


def source_commit(part: Path | None = None) -> str:
    """The commit at hand or, with `part`, the last one that changed that folder of the package; "unknown" outside a repository."""
    call = ["git", "rev-parse", "HEAD"] if part is None else ["git", "log", "-1", "--format=%H", "--", "."]
    folder = Path(__file__).parents[1] if part is None else part
    try:
        done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() or "unknown"
