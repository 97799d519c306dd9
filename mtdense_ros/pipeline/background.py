"""The reference frame of one camera: what the foreground mask compares with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import check_rgb
from mtdense_ros.errors import InputError
from mtdense_ros.geometry.camera_model import CameraModel, rectify
from mtdense_ros.imaging.compressed import MAX_PIXELS
from mtdense_ros.inference.multi_predictor import EncodedBackgrounds
from mtdense_ros.pipeline.background_files import ReferenceFrame, read_reference, write_reference

Rgb = NDArray[np.uint8]


class Background:
    """A reference frame and its features, which `encode` makes once for each change of what is compared with.

    raw is the camera's own picture (H, W, 3) uint8, None where there is none; rgb is what frames are compared with: the raw picture,
    adjusted and rectified as `adjust` and `adapt` say; encoded is what `encode` returned for it. frame_id and stamp_ns describe the
    frame. suspended says why there is to be no comparison at the moment. A failed change leaves everything as it was.
    """

    def __init__(self, encode: Callable[[Rgb], EncodedBackgrounds]) -> None:
        self._encode = encode
        self._lens: CameraModel | None = None
        self.clear()

    @property
    def is_set(self) -> bool:
        """Whether there is a reference frame."""
        return self.rgb is not None

    def clear(self) -> None:
        """Forgets the reference frame."""
        self.raw: Rgb | None = None
        self.rgb: Rgb | None = None
        self.encoded: EncodedBackgrounds | None = None
        self.frame_id = ""
        self.stamp_ns = 0
        self.rectified = False
        self.suspended = ""
        self._adjusted: Rgb | None = None

    def encode_with(self, encode: Callable[[Rgb], EncodedBackgrounds], encoded: tuple[Rgb, EncodedBackgrounds] | None = None) -> None:
        """Uses another `encode` from now on. The reference stays; `encoded`, a frame with its features, is used if it is this frame."""
        if self.rgb is not None:
            self.encoded = encoded[1] if encoded is not None and encoded[0] is self.rgb else encode(self.rgb)
        self._encode = encode

    def capture(self, rgb: Rgb, frame_id: str = "", stamp_ns: int = 0, rectified: bool = False) -> None:
        """Takes a frame (H, W, 3) uint8 as the reference. Raises InputError.

        rectified: it is no raw picture, but was rectified, and so fits rectified frames only.
        """
        check_rgb(rgb, "background")
        rgb = rgb.copy()
        if rectified:
            self.rgb, self.encoded, self.rectified, self.raw = rgb, self._encode(rgb), True, None
        else:
            self._show(rgb, self._lens)
            self.raw = rgb
        self.frame_id, self.stamp_ns, self._adjusted, self.suspended = frame_id, stamp_ns, None, ""

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

    def adapt(self, lens: CameraModel | None) -> None:
        """Makes the reference fit frames that are rectified with this model, or raw ones (None), from its raw picture.

        A reference without one stays as it is.
        """
        if lens == self._lens:
            return
        if self.raw is not None:
            self._show(self.raw if self._adjusted is None else self._adjusted, lens)
        self._lens = lens

    def adjust(self, rgb: Rgb | None) -> None:
        """Compares frames with this version (H, W, 3) of the raw picture, or with the picture itself (None)."""
        if self.raw is None or (rgb is None and self._adjusted is None):
            return
        self._show(self.raw if rgb is None else rgb, self._lens)
        self._adjusted = rgb

    def revise(self, raw: Rgb) -> None:
        """Takes a raw picture (H, W, 3) in which something was brought up to date; frame and stamp stay."""
        self._show(raw, self._lens)
        self.raw, self._adjusted = raw, None

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
        return self.suspended

    @property
    def reference(self) -> ReferenceFrame | None:
        """What there is to keep of it: the raw picture if there is one, else the rectified one; `restore` takes it."""
        picture = self.rgb if self.raw is None else self.raw
        return None if picture is None else ReferenceFrame(picture, self.frame_id, self.stamp_ns, self.raw is None)

    def restore(self, frame: ReferenceFrame) -> None:
        """Takes a kept reference frame. Raises InputError."""
        self.capture(frame.rgb, frame.frame_id, frame.stamp_ns, frame.rectified)

    def save(self, path: str | Path) -> None:
        """Writes a PNG that also holds size, frame and stamp. Raises InputError without a reference or a place for it."""
        write_reference(path, self.reference)

    def load(self, path: str | Path, max_pixels: int = MAX_PIXELS) -> str:
        """Takes what `save` wrote, or any other PNG, as the reference; returns a remark on the latter, '' otherwise.

        The networks in use encode it, so that it need not be theirs. Raises InputError for missing, damaged or mismatched files.
        """
        frame, remark = read_reference(path, max_pixels)
        self.restore(frame)
        return remark

    def _show(self, raw: Rgb, lens: CameraModel | None) -> None:
        """Compares with a raw picture, rectified where there is a model of this size."""
        fits = lens is not None and raw.shape[:2] == (lens.intrinsics.height, lens.intrinsics.width)
        rgb = rectify(raw, lens) if lens is not None and fits else raw
        self.encoded, self.rgb, self.rectified = self._encode(rgb), rgb, fits


def _median(frames: Sequence[Rgb]) -> Rgb:
    """The median per pixel and channel, the upper of the two middle values for even counts: always a value that was seen."""
    middle = len(frames) // 2
    stack = np.stack(frames)
    stack.partition(middle, axis=0)
    median: Rgb = stack[middle].copy()
    return median
