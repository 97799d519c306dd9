"""Samples without some targets of their data set, and targets that come from another data set of the same pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mtdense_ros.data.sample import Sample

_ROUND = 1e-9
"""70 * 0.1 is a little more than 7, 30 * 0.1 may be a little less than 3."""


def subsample_targets(sample: Sample, index: int, keep: Mapping[str, float]) -> Sample:
    """The sample without the targets that are not kept at its index; its background alike.

    keep: by target, the share of the samples that keep it. They are evenly spaced: 0.1 keeps one in ten.
    """
    dropped = {target: None for target, share in keep.items() if not is_kept(index, share)}
    if not dropped:
        return sample
    background = sample.background and replace(sample.background, **dropped)  # type: ignore[arg-type]
    return replace(sample, **dropped, background=background)  # type: ignore[arg-type]


def is_kept(index: int, share: float) -> bool:
    """Whether an index belongs to an evenly spaced share (0 to 1) of all indices: the last one of every 1 / share."""
    return int((index + 1) * share + _ROUND) > int(index * share + _ROUND)


def merge_targets(sample: Sample, other: Sample) -> Sample:
    """The sample, with the targets that it lacks taken from another sample of the same picture."""
    return replace(sample, **{target: getattr(other, target) for target in other.targets if target not in sample.targets})
