"""A reference that is not what it should be: taken from a slightly other pose, or of a scene in which nothing has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import InputError


def unchanged(sample: Sample) -> Sample:
    """The background seen twice: nothing is foreground."""
    background = background_of(sample)
    return replace(background, background=background, foreground=np.zeros(sample.image.shape[:2], np.float32), name=sample.name)


def misaligned(sample: Sample, shift_px: NDArray[np.float64], roll_deg: float) -> Sample:
    """The background as if the camera had moved by (x, y) pixels and turned about its axis; what comes into view is unknown."""
    background = background_of(sample)
    height, width = sample.image.shape[:2]
    warp = np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), roll_deg, 1.0), np.float64)
    warp[:, 2] += shift_px
    image = cv2.warpAffine(background.image, warp, (width, height), borderMode=cv2.BORDER_REPLICATE)

    def moved(truth: NDArray[Any] | None, unknown: float) -> Any:
        return None if truth is None else cv2.warpAffine(truth, warp, (width, height), flags=cv2.INTER_NEAREST, borderValue=[unknown] * 3)

    background = replace(
        background,
        image=np.asarray(image, np.uint8),
        labels=moved(background.labels, UNLABELLED),
        depth=moved(background.depth, np.nan),
        normals=moved(background.normals, np.nan),
    )
    return replace(sample, background=background)


def background_of(sample: Sample) -> Sample:
    """The background of a sample. Raises InputError where it has none."""
    if sample.background is None:
        raise InputError(f"sample '{sample.name}': has no background; this change is for pairs only")
    return sample.background
