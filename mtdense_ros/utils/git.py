"""The commit of the source tree that runs, for the records of what it makes."""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCE_TREE = Path(__file__).resolve().parents[2]
"""The folder that holds package.xml in a checkout; of an installed package, a folder that is no repository of its own."""

UNKNOWN = "unknown"


def source_commit(part: Path | None = None) -> str:
    """The commit at hand or, with `part`, the last one that changed that folder of the package.

    It ends in "-dirty" where tracked files (of the part) differ from it. "unknown" unless the source tree is the top level of a
    repository: one that merely encloses the package is another project's.
    """
    top = _git("rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != SOURCE_TREE:
        return UNKNOWN
    of_part = [] if part is None else ["--", str(part)]
    commit = _git("log", "-1", "--format=%H", *of_part)
    changed = _git("status", "--porcelain", "--untracked-files=no", *of_part)
    return f"{commit}-dirty" if commit and changed else commit or UNKNOWN


def _git(*words: str) -> str:
    """What git answers in the source tree; empty when it fails or is not installed."""
    try:
        done = subprocess.run(["git", *words], cwd=SOURCE_TREE, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
