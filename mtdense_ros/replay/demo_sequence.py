"""The rendered demo sequence that comes with the package: frames of a still robot camera with their exact truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.errors import InputError
from mtdense_ros.imaging.compressed import decode_compressed
from mtdense_ros.replay.source import Source
from mtdense_ros.synthetic.sequence_truth import Truth, decode

FOLDER = Path(__file__).parent / "demo_sequence"
_START_NS = 1_700_000_000_000_000_000


@dataclass(frozen=True)
class DemoFrame:
    """One frame and its exact truth.

    labels (H, W) uint8 ids of the indoor space, 255 unlabelled; depth (H, W) float32 metres along the optical axis, NaN unknown;
    normals (H, W, 3) float32, unit, camera optical frame, facing the camera, NaN unknown; foreground (H, W) bool: what is not
    part of the empty room.
    """

    frame: Frame
    labels: NDArray[np.uint8]
    depth: NDArray[np.float32]
    normals: NDArray[np.float32]
    foreground: NDArray[np.bool_]


class DemoSource(Source):
    """The frames of a robot's camera in a rendered room: an empty background first, then objects that enter and leave."""

    name = "the rendered demo sequence"
    info_topic = "/camera/camera_info"

    @cached_property
    def truth(self) -> list[DemoFrame]:
        """Each frame with its exact labels, depth, normals and foreground."""
        return load_demo()

    def frames(self) -> Iterator[Frame]:
        """The rendered pictures."""
        return (shot.frame for shot in self.truth)


@cache
def load_demo(folder: Path = FOLDER) -> list[DemoFrame]:
    """All frames in order, stamped evenly; the first ones, `empty_frames` of SOURCE.json, show the room alone.

    Raises InputError when files of the sequence are missing or damaged.
    """
    try:
        source = json.loads((folder / "SOURCE.json").read_text())
        with np.load(folder / "truth.npz", allow_pickle=False) as arrays:
            truths = list(decode(dict(arrays)))
        pictures = [(folder / f"{k:02d}.jpg").read_bytes() for k in range(source["frames"])]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{folder}: demo sequence cannot be read ({error}); reinstall the package or run the command in SOURCE.json"
        ) from error
    return [_demo_frame(k, picture, truth, source) for k, (picture, truth) in enumerate(zip(pictures, truths, strict=True))]


def _demo_frame(k: int, picture: bytes, truth: Truth, source: dict[str, Any]) -> DemoFrame:
    height, width = source["size"]
    frame = Frame(
        rgb=decode_compressed(picture, "jpeg"),
        stamp_ns=_START_NS + k * 1_000_000_000 // int(source["rate_hz"]),
        frame_id="camera_color_optical_frame",
        intrinsics=Intrinsics(width, height, **source["intrinsics"]),
    )
    depth = np.where(truth.depth > 0, truth.depth.astype(np.float32) / 1000, np.float32(np.nan)).astype(np.float32)
    normals = truth.normals.astype(np.float32)
    with np.errstate(invalid="ignore"):
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return DemoFrame(frame, truth.labels, depth, normals, truth.foreground)
