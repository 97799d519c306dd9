"""Graphs in the user's cache, so that a network is traced once per machine and not at every start."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mtdense_ros.engines.choice import cache_file

T = TypeVar("T")

MOST_ENTRIES = 12
"""Kept per kind, about as large as the weights each; those that were used least lately go."""


def read_or_make(kind: str, name: str, make: Callable[[Path], None], read: Callable[[Path], T]) -> T:
    """What `read` gets from a folder that `make` has filled, now or in an earlier process.

    kind, name: of the folder in the cache. An entry that cannot be read is made anew. Where nothing can be written to the
    cache all goes by a passing folder; nothing fails for want of it.
    """
    folder = cache_file().parent / kind / name
    if folder.is_dir():
        try:
            found = read(folder)
            os.utime(folder)
            return found
        except Exception:  # truncated by a full disk, or of another version: the runtimes' exceptions have no common base
            shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=_writable(folder.parent), prefix=".new-") as passing:
        made = Path(passing) / "made"
        made.mkdir()
        make(made)
        found = read(made)
        _keep(made, folder)
    return found


def _writable(parent: Path) -> Path | None:
    """The folder, made where it is missing; None where that is not allowed."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return parent if os.access(parent, os.W_OK) else None


def _keep(made: Path, folder: Path) -> None:
    """Moves a folder into the cache in one step, and the oldest others out; another process may have been faster."""
    try:
        os.rename(made, folder)
        entries = sorted((e for e in folder.parent.iterdir() if not e.name.startswith(".")), key=lambda e: e.stat().st_mtime)
    except OSError:
        return
    for old in entries[:-MOST_ENTRIES]:
        shutil.rmtree(old, ignore_errors=True)
