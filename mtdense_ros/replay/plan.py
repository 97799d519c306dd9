"""What to play, and how: the same for the node and for the offline twin."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Frame
from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.replay.image_sources import read_picture
from mtdense_ros.replay.source import Source

FIRST = "first"


@dataclass(frozen=True)
class Plan:
    """A source, the networks that run on it, and how it is played.

    size_hw is the frames' height and width; at most `frames` of them are played, all if it is 0. rate: images per second, not all of
    which a slow machine answers; 0: each image after the answer to the last one, at most ten per second (the offline twin ignores
    it). The reference of the foreground is the picture `background` (H, W, 3) RGB, or with capture_first the first frame.
    """

    source: Source
    weights: tuple[str, ...]
    size_hw: tuple[int, int]
    frames: int = 0
    rate: float = 0.0
    capture_first: bool = False
    background: NDArray[np.uint8] | None = None

    @property
    def pacing(self) -> str:
        """When the next image is sent, for people."""
        return "in real time" if self.rate > 0.0 else "each after the answer to the last"


def make_plan(source: Source, weights: str | Sequence[str], background: str, frames: int = 0, rate: float = 0.0) -> Plan:
    """A plan whose source has a first frame that fits the background: "", "first" or a picture file.

    Raises InputError on an unreadable source, on one without frames and on a background of another size, ConfigError on a negative rate
    or number of frames.
    """
    if rate < 0.0 or frames < 0:
        raise ConfigError(f"replay: rate {rate:g} and frames {frames} must not be negative; 0 means in step, and all frames")
    first = first_frame(source)
    picture = None
    if background not in ("", FIRST):
        picture = read_picture(Path(background).expanduser())
        if picture.shape != first.rgb.shape:
            found, expected = (f"{shape[1]}x{shape[0]}" for shape in (picture.shape, first.rgb.shape))
            raise InputError(f"--background {background}: is {found}, the frames are {expected}; give a picture from the same camera")
    height, width = first.rgb.shape[:2]
    names = (weights,) if isinstance(weights, str) else tuple(weights)
    return Plan(source, names, (height, width), frames, rate, background == FIRST, picture)


def first_frame(source: Source) -> Frame:
    """The source's first frame; raises InputError when there is none, or when it cannot be read."""
    for frame in itertools.islice(source.frames(), 1):
        return frame
    raise InputError(f"replay: {source.name} has no frames; give one that has")
