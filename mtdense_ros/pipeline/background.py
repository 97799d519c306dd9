"""The reference frame of one camera: what the foreground mask compares with."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import check_rgb
from mtdense_ros.errors import InputError
from mtdense_ros.imaging.compressed import MAX_PIXELS, decode_compressed
from mtdense_ros.imaging.png_text import text_of, with_text
from mtdense_ros.inference.multi_predictor import EncodedBackgrounds
from mtdense_ros.utils.files import write_atomically

Rgb = NDArray[np.uint8]

KEYWORD = "mtdense_ros"
FORMAT = 1
"""Where the facts of a saved reference frame stand in its PNG, and their version."""


class Background:
    """A reference frame and its features, which `encode` makes once per capture.

    rgb is (H, W, 3) uint8 or None, encoded is what `encode` returned, or None; frame_id, stamp_ns and rectified describe the frame.
    A failed capture or load leaves the reference as it was.
    """

    def __init__(self, encode: Callable[[Rgb], EncodedBackgrounds]) -> None:
        self._encode = encode
        self.clear()

    @property
    def is_set(self) -> bool:
        """Whether there is a reference frame."""
        return self.rgb is not None

    def clear(self) -> None:
        """Forgets the reference frame."""
        self.rgb: Rgb | None = None
        self.encoded: EncodedBackgrounds | None = None
        self.frame_id = ""
        self.stamp_ns = 0
        self.rectified = False

    def encode_with(self, encode: Callable[[Rgb], EncodedBackgrounds], encoded: tuple[Rgb, EncodedBackgrounds] | None = None) -> None:
        """Uses another `encode` from now on. The reference stays; `encoded`, a frame with its features, is used if it is this frame."""
        if self.rgb is not None:
            self.encoded = encoded[1] if encoded is not None and encoded[0] is self.rgb else encode(self.rgb)
        self._encode = encode

    def capture(self, rgb: Rgb, frame_id: str = "", stamp_ns: int = 0, rectified: bool = False) -> None:
        """Takes a frame (H, W, 3) uint8 as the reference. Raises InputError."""
        check_rgb(rgb, "background")
        encoded = self._encode(rgb)
        self.rgb, self.encoded, self.frame_id, self.stamp_ns, self.rectified = rgb.copy(), encoded, frame_id, stamp_ns, rectified

    def capture_median(self, frames: Sequence[Rgb], frame_id: str = "", stamp_ns: int = 0, rectified: bool = False) -> None:
        """Takes the median of frames of one size, which removes what passes through less than half of them. Raises InputError."""
        if not frames:
            raise InputError("background: no frames to take the median of; check that the camera publishes")
        for rgb in frames:
            check_rgb(rgb, "background")
            if rgb.shape != frames[0].shape:
                found, due = (f"{image.shape[1]}x{image.shape[0]}" for image in (rgb, frames[0]))
                raise InputError(f"background: frames of {due} and {found} have no median; capture again with one camera size")
        self.capture(frames[0] if len(frames) == 1 else _median(frames), frame_id, stamp_ns, rectified)

    def mismatch(self, size_hw: tuple[int, int], rectified: bool = False) -> str:
        """Why the reference cannot serve a frame of (height, width); empty where it can."""
        if self.rgb is None:
            return "no background; capture, load or publish a reference frame"
        if self.rgb.shape[:2] != size_hw:
            found, due = f"{self.rgb.shape[1]}x{self.rgb.shape[0]}", f"{size_hw[1]}x{size_hw[0]}"
            return f"the background is {found}, the image {due}; capture a new reference frame"
        if self.rectified != rectified:
            found, due = ("rectified" if straight else "not rectified" for straight in (self.rectified, rectified))
            return f"the background is {found}, the image {due}; capture a new reference frame, or set camera_model back"
        return ""

    def save(self, path: str | Path) -> None:
        """Writes a PNG that also holds size, frame and stamp. Raises InputError without a reference or a place for it."""
        path = _png(path)
        if self.rgb is None:
            raise InputError(f"background: there is none to save to {path}; capture one first")
        content = cv2.imencode(".png", cv2.cvtColor(self.rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
        height, width = self.rgb.shape[:2]
        facts = {"format": FORMAT, "width": width, "height": height, "frame_id": self.frame_id, "stamp_ns": self.stamp_ns}
        facts["rectified"] = self.rectified
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, with_text(content, KEYWORD, json.dumps(facts)))
        except OSError as error:
            raise InputError(f"background: cannot be saved to {path} ({error}); choose a folder that is writable") from error

    def load(self, path: str | Path, max_pixels: int = MAX_PIXELS) -> str:
        """Takes what `save` wrote, or any other PNG, as the reference; returns a remark on the latter, '' otherwise.

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
            self.capture(rgb)
            return "its camera is unknown, as the file was not saved by this node; it must show the view of the camera's raw images"
        frame_id, stamp_ns = _checked(facts, rgb, path)
        self.capture(rgb, frame_id, stamp_ns, facts.get("rectified") is True)  # version 0.1.0 did not write it
        return ""


def _median(frames: Sequence[Rgb]) -> Rgb:
    """The median per pixel and channel, the upper of the two middle values for even counts: always a value that was seen."""
    middle = len(frames) // 2
    stack = np.stack(frames)
    stack.partition(middle, axis=0)
    median: Rgb = stack[middle].copy()
    return median


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


def _checked(facts: Any, rgb: Rgb, where: Path) -> tuple[str, int]:
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
