"""A reference frame as a file: one PNG that also holds its facts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError
from mtdense_ros.imaging.compressed import MAX_PIXELS, decode_compressed
from mtdense_ros.imaging.png_text import text_of, with_text
from mtdense_ros.utils.files import write_atomically

KEYWORD = "mtdense_ros"
FORMAT = 1
"""Where the facts of a saved reference frame stand in its PNG, and their version."""


@dataclass(frozen=True, eq=False)
class ReferenceFrame:
    """A picture (H, W, 3) uint8 of the camera's view, as the camera sent it or, where `rectified`, as it was rectified here."""

    rgb: NDArray[np.uint8]
    frame_id: str = ""
    stamp_ns: int = 0
    rectified: bool = False


def write_reference(path: str | Path, frame: ReferenceFrame | None) -> None:
    """Writes a PNG that also holds size, frame and stamp. Raises InputError without a reference or a place for it."""
    path = _png(path)
    if frame is None:
        raise InputError(f"background: there is none to save to {path}; capture one first")
    content = cv2.imencode(".png", cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
    height, width = frame.rgb.shape[:2]
    facts = {"format": FORMAT, "width": width, "height": height, "frame_id": frame.frame_id, "stamp_ns": frame.stamp_ns}
    facts["rectified"] = frame.rectified
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, with_text(content, KEYWORD, json.dumps(facts)))
    except OSError as error:
        raise InputError(f"background: cannot be saved to {path} ({error}); choose a folder that is writable") from error


def read_reference(path: str | Path, max_pixels: int = MAX_PIXELS) -> tuple[ReferenceFrame, str]:
    """What `write_reference` wrote, or any other PNG, and a remark on the latter, '' otherwise.

    Raises InputError for missing, damaged or mismatched files.
    """
    path = _png(path)
    try:
        content = path.read_bytes()
        facts = _facts(content, path)
    except (OSError, ValueError) as error:
        raise InputError(f"background {path}: cannot be read ({error}); save one first, or correct the path") from error
    try:
        rgb = decode_compressed(content, "png", max_pixels=max_pixels)
    except InputError as error:
        raise InputError(f"background {path}: {error}") from error
    if facts is None:
        remark = "its camera is unknown, as the file was not saved by this node; it must show the view of the camera's raw images"
        return ReferenceFrame(rgb), remark
    frame_id, stamp_ns = _checked(facts, rgb, path)
    return ReferenceFrame(rgb, frame_id, stamp_ns, facts.get("rectified") is True), ""  # version 0.1.0 did not write it


def _png(path: str | Path) -> Path:
    path = Path(path).expanduser()
    if path.suffix.lower() != ".png":
        raise InputError(f"background {path}: is no .png file; give a path that ends in .png")
    return path


def _facts(content: bytes, path: Path) -> Any:
    """What `save` wrote of a picture: in the PNG, or, up to version 0.1.0, as JSON beside it. None where there is neither.

    Raises OSError and ValueError.
    """
    text, beside = text_of(content, KEYWORD), path.with_suffix(".json")
    if text is None and beside.is_file():
        text = beside.read_text(encoding="utf-8")
    return None if text is None else json.loads(text)


def _checked(facts: Any, rgb: NDArray[np.uint8], where: Path) -> tuple[str, int]:
    """frame_id and stamp_ns of the facts that belong to a picture."""
    kinds = {"format": int, "width": int, "height": int, "frame_id": str, "stamp_ns": int}
    if not isinstance(facts, dict) or any(type(facts.get(name)) is not kind for name, kind in kinds.items()):
        raise InputError(f"background {where}: must hold {', '.join(kinds)}; save the reference again")
    if facts["format"] != FORMAT:
        raise InputError(f"background {where}: format {facts['format']} is not {FORMAT}; save the reference again")
    if (facts["height"], facts["width"]) != rgb.shape[:2]:
        found = f"{rgb.shape[1]}x{rgb.shape[0]}"
        raise InputError(f"background {where}: says {facts['width']}x{facts['height']}, the picture is {found}; save the reference again")
    return facts["frame_id"], facts["stamp_ns"]
