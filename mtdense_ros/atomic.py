"""Files that a reader sees either as they were or complete."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mtdense_ros.errors import InputError


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces a file's content in one step; the folder must exist. Raises OSError, leaving the old file as it was."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp makes files for the owner alone
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_result(path: Path, content: str, option: str) -> None:
    """Writes what the user asked for with an option of a command, with the folders above it. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content.encode())
    except OSError as error:
        raise InputError(f"{option} {path}: cannot be written ({error.strerror}); choose another file") from error
