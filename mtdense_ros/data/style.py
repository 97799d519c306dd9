"""Style randomisation: what renders share and photographs do not, such as colours, sharpness and clean surfaces, drawn by lot."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.sample import Sample

Rgb = NDArray[np.uint8]

_SMALLEST_DEVIATION = 4.0
"""Of a channel, grey levels: one that hardly varies must not be stretched into noise."""


@dataclass(frozen=True, eq=False)
class Style:
    """mean, deviation (3,): of the channels of Lab, in 8-bit levels, that a picture gets, by the share `strength` (Reinhard et al., "Color
    Transfer between Images", 2001). detail: factor of what is finer than `scale` pixels: below 1 blurs, above sharpens. texture (h, w, c):
    grey levels that are added, a coarse grid over the picture, of one channel or three."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    strength: float
    detail: float
    scale: float
    texture: NDArray[np.float32]


def random_style(rng: np.random.Generator) -> Style:
    """Statistics within and somewhat beyond those of photographs of rooms."""
    rows = int(rng.integers(6, 80))
    shape = (rows, rows * 4 // 3, int(rng.choice([1, 3])))
    return Style(
        mean=np.array([rng.uniform(70, 185), rng.normal(128, 5), rng.normal(132, 9)], np.float32),
        deviation=np.array([rng.uniform(30, 75), rng.uniform(3, 12), rng.uniform(4, 18)], np.float32),
        strength=float(rng.uniform(0.3, 1.0)),
        detail=float(np.exp(rng.uniform(-1.2, 0.8))),
        scale=float(rng.uniform(0.7, 2.5)),
        texture=rng.normal(0, rng.uniform(0, 9), shape).astype(np.float32),
    )


def styled(sample: Sample, style: Style) -> Sample:
    """Picture and background in one style, whose colours are taken from the background's where there is one: what did not change
    between them still does not."""
    reference = sample.image if sample.background is None else sample.background.image
    background = sample.background and replace(sample.background, image=in_style(sample.background.image, style, reference))
    return replace(sample, image=in_style(sample.image, style, reference), background=background)


def in_style(image: Rgb, style: Style, reference: Rgb) -> Rgb:
    """An image (H, W, 3) by the change of colour that gives `reference` the style's statistics, its detail and its texture."""
    return textured(detailed(recoloured(image, style, reference), style.detail, style.scale), style.texture)


def recoloured(image: Rgb, style: Style, reference: Rgb) -> Rgb:
    """The colours of an image moved as those of the reference must be to have the style's mean and deviation in Lab."""
    mean, deviation = cv2.meanStdDev(cv2.cvtColor(reference, cv2.COLOR_RGB2Lab))
    gain = style.deviation / np.maximum(deviation[:, 0], _SMALLEST_DEVIATION)
    gain = 1 + style.strength * (gain - 1)
    shift = style.strength * (style.mean - mean[:, 0]) + (1 - gain) * mean[:, 0]
    table = np.arange(256)[:, None] * gain + shift
    lab = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), np.clip(np.rint(table), 0, 255).astype(np.uint8)[None])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.uint8)


def detailed(image: Rgb, factor: float, scale: float) -> Rgb:
    """What a Gaussian of sigma `scale` takes out of an image, times a factor."""
    smooth = cv2.GaussianBlur(image, (0, 0), scale)
    return np.asarray(cv2.addWeighted(image, factor, smooth, 1 - factor, 0), np.uint8)


def textured(image: Rgb, texture: NDArray[np.float32]) -> Rgb:
    """An image plus a grid of grey levels (h, w, 1 or 3), enlarged to its size."""
    field = cv2.resize(texture, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)
    field = field if field.ndim == 3 else cv2.merge([field] * 3)
    return np.asarray(cv2.add(image, field, dtype=cv2.CV_8U), np.uint8)
