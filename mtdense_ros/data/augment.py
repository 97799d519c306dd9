"""Random changes of a training sample: its picture, its background and their truths change together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.composite import composited, ghosted
from mtdense_ros.data.photometry import misaligned, random_camera, unchanged
from mtdense_ros.data.sample import Sample
from mtdense_ros.data.style import random_style, styled
from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.imaging.transforms import resize_image

Size = tuple[int, int]
"""Height, width in pixels."""

Window = tuple[int, int, int, int]
"""Top, left, height, width in pixels."""


@dataclass(frozen=True)
class Augmentation:
    """The probability of each change, and how far it goes.

    If not enabled, samples are only cropped and resized. A crop keeps at least the share `zoom` of the picture's sides. The changes
    composite, ghost, shift (by at most shift_px and roll_deg) and unchanged apply to samples with a background only.
    `style` draws colours, sharpness and surfaces by lot, for renders, which all look alike.
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
    style: float = 0.0
    photometric: bool = True


def fitted(sample: Sample, size: Size) -> Sample:
    """The largest centred part of a sample with the aspect ratio of (height, width) `size`, at that size."""
    return cropped(sample, size, centred_window(sample.image.shape[:2], size))


def augmented(sample: Sample, donor: Callable[[], Sample], size: Size, rng: np.random.Generator, options: Augmentation) -> Sample:
    """A randomly changed sample of (height, width) `size`. donor returns another sample, parts of which may be pasted."""
    if not options.enabled:
        return fitted(sample, size)
    sample = cropped(sample, size, random_window(sample.image.shape[:2], size, options.zoom, rng))
    if rng.random() < options.flip:
        sample = mirrored(sample)
    if sample.background is not None:
        sample = _as_pair(sample, donor, rng, options)
    if options.style and rng.random() < options.style:
        sample = styled(sample, random_style(rng))
    return photographed(sample, rng) if options.photometric else sample


def photographed(sample: Sample, rng: np.random.Generator) -> Sample:
    """The sample with picture and background as two different random cameras would take them."""
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


def random_window(shape: Sequence[int], size: Size, smallest: float, rng: np.random.Generator) -> Window:
    """A window of a picture (height, width) `shape` with the aspect ratio of `size`; each side at least the share `smallest`."""
    share = rng.uniform(smallest, 1.0)
    height, width = (max(1, round(side * share)) for side in centred_window(shape, size)[2:])
    return int(rng.integers(shape[0] - height + 1)), int(rng.integers(shape[1] - width + 1)), height, width


def centred_window(shape: Sequence[int], size: Size) -> Window:
    """The largest window of a picture (height, width) `shape` with the aspect ratio of `size`, in its middle."""
    scale = min(shape[0] / size[0], shape[1] / size[1])
    height, width = (min(whole, max(1, round(side * scale))) for whole, side in zip(shape, size, strict=True))
    return (shape[0] - height) // 2, (shape[1] - width) // 2, height, width


def cropped(sample: Sample, size: Size, window: Window) -> Sample:
    """A window of a sample resized to (height, width): truths by nearest pixel, so that no value is invented."""
    top, left, height, width = window
    cut = slice(top, top + height), slice(left, left + width)
    rows, columns = (_nearest(n, m) for n, m in zip((height, width), size, strict=True))

    def picked(truth: NDArray[Any] | None) -> Any:
        return None if truth is None else truth[cut][rows][:, columns]

    return Sample(
        image=resize_image(sample.image[cut], size),
        labels=picked(sample.labels),
        depth=picked(sample.depth),
        normals=picked(sample.normals),
        foreground=picked(sample.foreground),
        background=sample.background and cropped(sample.background, size, window),
        intrinsics=sample.intrinsics and cropped_camera(sample.intrinsics, size, window),
        name=sample.name,
    )


def cropped_camera(camera: Intrinsics, size: Size, window: Window) -> Intrinsics:
    """The camera of a window of its picture, resized to (height, width)."""
    top, left, height, width = window
    cut = Intrinsics(width, height, camera.fx, camera.fy, camera.cx - left, camera.cy - top)
    return cut.scaled(size[1], size[0])


def mirrored(sample: Sample) -> Sample:
    """The mirror image: columns reversed, the x axis of the normals and the principal point with them."""

    def reverse(array: NDArray[Any] | None) -> Any:
        return None if array is None else cv2.flip(array, 1)

    camera = sample.intrinsics
    normals = reverse(sample.normals)
    return Sample(
        image=reverse(sample.image),
        labels=reverse(sample.labels),
        depth=reverse(sample.depth),
        normals=None if normals is None else normals * np.array([-1, 1, 1], np.float32),
        foreground=reverse(sample.foreground),
        background=sample.background and mirrored(sample.background),
        intrinsics=camera and replace(camera, cx=camera.width - 1 - camera.cx),
        name=sample.name,
    )


def _nearest(source: int, target: int) -> NDArray[np.intp]:
    """The source index of each target pixel's centre."""
    return ((np.arange(target) + 0.5) * source / target).astype(np.intp)
