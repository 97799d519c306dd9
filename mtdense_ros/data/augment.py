"""Random changes of a training sample: its picture, its background and all that is known of them change together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mtdense_ros.data.composite import composited, ghosted
from mtdense_ros.data.crop import Size, centred_window, cropped, mirrored, random_window
from mtdense_ros.data.misalign import misaligned, unchanged
from mtdense_ros.data.photometry import random_camera
from mtdense_ros.data.sample import Sample


@dataclass(frozen=True)
class Augmentation:
    """How often (probability) and how far each change goes; the defaults are those of the prototype in its notes.

    enabled: without it samples are only cut and resized. zoom: the smallest share of the picture's sides that a crop keeps.
    composite, ghost, shift, unchanged: of samples with a background only. shift_px and roll_deg: its largest misalignment.
    """

    enabled: bool = True
    zoom: float = 0.7
    flip: float = 0.5
    composite: float = 0.4
    ghost: float = 0.15
    shift: float = 0.35
    shift_px: float = 2.0
    roll_deg: float = 0.3
    unchanged: float = 0.06
    photometric: bool = True


def fitted(sample: Sample, size: Size) -> Sample:
    """The largest centred part of a sample with the aspect ratio of (height, width) `size`, at that size."""
    return cropped(sample, size, centred_window(sample.image.shape[:2], size))


def augmented(sample: Sample, donor: Callable[[], Sample], size: Size, rng: np.random.Generator, options: Augmentation) -> Sample:
    """A random sample of (height, width) `size`; donor: gives another sample, parts of which may be pasted."""
    if not options.enabled:
        return fitted(sample, size)
    sample = cropped(sample, size, random_window(sample.image.shape[:2], size, options.zoom, rng))
    if rng.random() < options.flip:
        sample = mirrored(sample)
    if sample.background is not None:
        sample = _as_pair(sample, donor, rng, options)
    return photographed(sample, rng) if options.photometric else sample


def photographed(sample: Sample, rng: np.random.Generator) -> Sample:
    """Picture and background, each as a random camera of its own gives it."""
    image = random_camera(sample.image, rng)
    background = sample.background and replace(sample.background, image=random_camera(sample.background.image, rng))
    return replace(sample, image=image, background=background)


def _as_pair(sample: Sample, donor: Callable[[], Sample], rng: np.random.Generator, options: Augmentation) -> Sample:
    if rng.random() < options.unchanged:
        sample = unchanged(sample)
    if rng.random() < options.composite:
        sample = composited(sample, donor(), rng)
    if rng.random() < options.ghost:
        sample = ghosted(sample, donor(), rng)
    if rng.random() < options.shift:
        sample = misaligned(sample, rng.uniform(-1, 1, 2) * options.shift_px, rng.uniform(-1, 1) * options.roll_deg)
    return sample
