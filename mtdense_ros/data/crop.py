"""Cutting, resizing and mirroring of samples. Metric depth stays as it is: what changes with the scale are the intrinsics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.transforms import resize_image

Size = tuple[int, int]
Window = tuple[int, int, int, int]
"""Top, left, height, width in pixels."""


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
    """A window of a sample resized to (height, width): truth by nearest pixel, so that no value is invented; its background alike."""
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
