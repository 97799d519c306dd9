"""A random camera for a clean render: exposure, white balance, light, lens and sensor, and compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

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
