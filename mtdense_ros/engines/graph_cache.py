"""Graphs in the user's cache, so that a network is traced once per machine and not at every start."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from mtdense_ros.engines.measured_choice import cache_file

T = TypeVar("T")

MAX_ENTRIES = 12
"""Kept per kind, about as large as the weights each; those that were used least lately go."""


def read_or_make(kind: str, name: str, make: Callable[[Path], None], read: Callable[[Path], T]) -> T:
    """What `read` gets from a folder that `make` has filled, now or in an earlier process.

    The folder is kind/name in the cache. An entry that cannot be read is made again. Where the cache cannot be written to, a
    temporary folder serves instead.
    """
    folder = cache_file().parent / kind / name
    if os.path.isdir(folder):  # unlike Path.is_dir, no error for a cache that is another user's
        try:
            found = read(folder)
        except Exception:  # truncated by a full disk, or of another version: the runtimes' exceptions have no common base
            _remove(folder)
        else:
            with suppress(OSError):  # of an image of a disk that this user may only read
                os.utime(folder)
            return found
    with tempfile.TemporaryDirectory(dir=_writable(folder.parent), prefix=".new-") as passing:
        made = Path(passing) / "made"
        made.mkdir()
        make(made)
        found = read(made)
        _keep(made, folder)
    return found


def _writable(parent: Path) -> Path | None:
    """The folder, made where it is missing; None where that is not allowed, and for a user without a home folder."""
    if not parent.is_absolute():
        return None
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return parent if os.access(parent, os.W_OK) else None


def _keep(made: Path, folder: Path) -> None:
    """Moves a folder into the cache in one step, and the oldest others out; another process may have been faster."""
    try:
        for path in made.iterdir():
            _write_through(path)
        os.rename(made, folder)
        entries = sorted((e for e in folder.parent.iterdir() if e != made.parent), key=lambda e: e.stat().st_mtime)
    except OSError:
        return
    for old in entries[:-MAX_ENTRIES]:  # with them what a process that was killed left of its passing folder
        _remove(old)


def _write_through(path: Path) -> None:
    """To the disk: a robot that is switched off would keep the name of a file without all of its content."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _remove(folder: Path) -> None:
    """Out of the cache in one step, so that nobody reads a part of it, then away."""
    with suppress(OSError), tempfile.TemporaryDirectory(dir=folder.parent, prefix=".old-") as passing:
        os.rename(folder, Path(passing) / folder.name)
