"""The frames that are measured on: a picture and the truth that exists for it, from a named set or from any data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.dataset import Source
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import Intrinsics

Rgb = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class EvaluationFrame:
    """One frame and the truth that exists for it; all maps at camera size (H, W).

    depth float32 metres (any unit where depth_kind is "relative"), NaN unknown; labels ids of label_space, 255 unknown; normals
    (H, W, 3) float32 unit, camera optical frame, NaN unknown; foreground bool, to be scored where foreground_valid, and its soft
    share in [0, 1] where there is one, NaN unknown; background (H, W, 3) for it; empty: earlier pictures of the same still camera
    without foreground, in order of time, one tuple per sequence; person bool, to be scored where person_valid, is for the labels
    of a network that knows people.
    """

    name: str
    rgb: Rgb
    intrinsics: Intrinsics | None = None
    background: Rgb | None = None
    labels: NDArray[np.uint8] | None = None
    depth: NDArray[np.float32] | None = None
    normals: NDArray[np.float32] | None = None
    foreground: NDArray[np.bool_] | None = None
    foreground_valid: NDArray[np.bool_] | None = None
    foreground_share: NDArray[np.float32] | None = None
    empty: tuple[Rgb, ...] = ()
    person: NDArray[np.bool_] | None = None
    person_valid: NDArray[np.bool_] | None = None
    label_space: str = "indoor"
    depth_kind: str = "metric"


def frames_of(source: Source) -> Iterator[EvaluationFrame]:
    """The samples of a data set, in order. A soft foreground is foreground from one half."""
    for index in range(len(source)):
        yield frame_of(source[index], source.label_space, source.depth_kind)


def frame_of(sample: Sample, label_space: str | None, depth_kind: str | None) -> EvaluationFrame:
    """A sample whose labels are of `label_space` and whose depth is of `depth_kind`."""
    mask = sample.foreground
    return EvaluationFrame(
        name=sample.name,
        rgb=sample.image,
        intrinsics=sample.intrinsics,
        background=None if sample.background is None else sample.background.image,
        labels=sample.labels,
        depth=sample.depth,
        normals=sample.normals,
        foreground=None if mask is None else mask >= 0.5,
        foreground_valid=None if mask is None else np.isfinite(mask),
        foreground_share=mask,
        label_space=label_space or "",
        depth_kind=depth_kind or "metric",
    )
