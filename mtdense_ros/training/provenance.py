"""Which source and which encoder made a run: written when it starts, read when its weights are exported."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

_FILE = "commit"
_ENCODER_FILE = "encoder.json"


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


def record_encoder(out: Path, checkpoint: Path) -> None:
    """Writes into a run's folder which ImageNet checkpoint its encoder started from."""
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    entry = {"name": "ImageNet checkpoint that the encoder started from", "file": checkpoint.name, "sha256": digest}
    (out / _ENCODER_FILE).write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8")


def recorded_encoder(out: Path) -> dict[str, Any] | None:
    """What `record_encoder` wrote, or None for an encoder that started from random weights."""
    path = out / _ENCODER_FILE
    entry: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return entry
