"""Samples that know less than their data set does, and what another data set says of them instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mtdense_ros.data.sample import Sample


def thinned(sample: Sample, index: int, keep: Mapping[str, float]) -> Sample:
    """The sample of an index, and its background, without the targets of which only other samples keep their truth.

    keep: share of the samples, by target; they are evenly spaced, so that 0.1 keeps one in ten.
    """
    dropped = {target: None for target, share in keep.items() if not is_kept(index, share)}
    if not dropped:
        return sample
    background = sample.background and replace(sample.background, **dropped)  # type: ignore[arg-type]
    return replace(sample, **dropped, background=background)  # type: ignore[arg-type]


def is_kept(index: int, share: float) -> bool:
    """Whether an index is among an evenly spaced share (0..1) of all: the last one of every 1 / share."""
    return int((index + 1) * share + _ROUND) > int(index * share + _ROUND)


def filled(sample: Sample, other: Sample) -> Sample:
    """The sample with the targets of another one of the same picture where it has none."""
    return replace(sample, **{target: getattr(other, target) for target in other.targets if target not in sample.targets})


_ROUND = 1e-9
"""70 * 0.1 is a little more than 7, 30 * 0.1 may be a little less than 3."""
