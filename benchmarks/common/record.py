"""Figures as JSON files: a head, then lists with an entry per line, so that two runs can be compared line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mtdense_ros.errors import InputError
from mtdense_ros.utils.files import write_atomically
from mtdense_ros.utils.strict_json import to_json_by_line

FOLDER = Path("docs/performance")
"""Where the committed figures are."""

DECIMALS = 4


def write(path: Path, content: dict[str, Any]) -> None:
    """Writes a file of figures and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, to_json_by_line(content, DECIMALS).encode())


def read(path: Path) -> dict[str, Any] | None:
    """The figures of a file, None when there is none. Raises InputError on a file that holds none."""
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: holds no figures ({error}); run the benchmark again") from error
    return dict(content)
