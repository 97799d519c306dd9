"""A random camera for a clean render: exposure, white balance, light, lens and sensor, and compression."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import InputError

Rgb = NDArray[np.uint8]


def random_camera(image: Rgb, rng: np.random.Generator) -> Rgb:
    """An image (H, W, 3) as another camera at another moment would give it, in the order of a real imaging chain."""
    if rng.random() < 0.5:
        image = uneven_light(image, rng.uniform(0.75, 1.25, (3, 4)))
    image = exposed(image, gamma=rng.uniform(0.75, 1.35), gains=np.exp(rng.uniform(-0.5, 0.4) + rng.normal(0, 0.06, 3)))
    if rng.random() < 0.5:
        image = saturated(image, rng.uniform(0.5, 1.3))
    if rng.random() < 0.35:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2)), np.uint8)
    if rng.random() < 0.25:
        image = sharpened(image, rng.uniform(0.2, 1.0))
    if rng.random() < 0.7:
        image = noisy(image, rng.uniform(1, 8), int(rng.integers(1 << 31)))
    if rng.random() < 0.5:
        image = compressed(image, int(rng.integers(35, 93)))
    return image


def uneven_light(image: Rgb, corners: NDArray[np.float64]) -> Rgb:
    """The image times a smooth field that goes through the factors `corners` (h, w), a coarse grid over the picture."""
    field = cv2.resize(corners.astype(np.float32), (image.shape[1], image.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.multiply(image, cv2.merge([field] * 3), dtype=cv2.CV_8U), np.uint8)


def exposed(image: Rgb, gamma: float, gains: NDArray[np.float64]) -> Rgb:
    """255 (v / 255)^gamma * gain per channel, clipped: a table per channel."""
    curve = 255 * (np.arange(256) / 255) ** gamma
    table = np.clip(curve[:, None] * gains, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), np.uint8)


def saturated(image: Rgb, factor: float) -> Rgb:
    """Colour distance from grey times factor."""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(image, factor, grey, 1 - factor, 0), np.uint8)


def sharpened(image: Rgb, amount: float) -> Rgb:
    """Unsharp masking, as cameras apply it."""
    return np.asarray(cv2.addWeighted(image, 1 + amount, cv2.GaussianBlur(image, (0, 0), 1.0), -amount, 0), np.uint8)


def noisy(image: Rgb, sigma: float, seed: int) -> Rgb:
    """Gaussian noise of sigma grey levels; the same for the same seed."""
    noise = np.random.default_rng(seed).standard_normal(image.shape, np.float32)
    return np.asarray(cv2.add(image, noise * np.float32(sigma), dtype=cv2.CV_8U), np.uint8)


def compressed(image: Rgb, quality: int) -> Rgb:
    """Through JPEG of that quality and back."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


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
