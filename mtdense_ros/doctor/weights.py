"""Weights: which are found, and whether each file is what its card says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from mtdense_ros.doctor.finding import FAIL, OK, Finding
from mtdense_ros.resources import known_resources, search_folders

NAME = "weights"


def weights() -> list[Finding]:
    """One finding for each file that a name stands for."""
    found = known_resources("weights", ".safetensors")
    if not found:
        folders = ", ".join(str(folder) for folder in search_folders("weights"))
        return [Finding(FAIL, NAME, f"none in {folders}", "copy some there, or set MTDENSE_WEIGHTS_PATH to their folder")]
    return [_of(name, path) for name, path in found.items()]


def _of(name: str, path: Path) -> Finding:
    """The card is read as it is: the package's own reader needs torch."""
    try:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        expected = str(card["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"the card beside {path} cannot be read ({type(error).__name__}: {error})"
        return Finding(FAIL, NAME, reason, "copy the JSON file that came with the weights")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return Finding(FAIL, NAME, f"{path} cannot be read ({error.strerror})", "check its permissions")
    if digest != expected:
        text = f"{path}: sha256 is {digest[:12]}..., its card says {expected[:12]}..."
        return Finding(FAIL, NAME, text, "copy file and card again (a Git LFS pointer, a broken download?)")
    return Finding(OK, NAME, f"{name}: {path}, sha256 {digest[:12]}... as its card says")
