"""Pieces of one sample pasted into another: cut-outs with a fake shadow into the frame, faint smears into the background."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.photometry import background_of
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import UNLABELLED

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Truth = TypeVar("Truth", NDArray[np.uint8], NDArray[np.float32])


def composited(sample: Sample, donor: Sample, rng: np.random.Generator) -> Sample:
    """A flat cut-out pasted into the frame, often with a fake shadow: foreground, but without depth, label or normal."""
    texture, mask = _cut_out(donor, sample.image.shape[:2], rng)
    image = sample.image.copy()
    if rng.random() < 0.6:
        image = _shadowed(image, mask, rng)
    image[mask] = texture[mask]
    return replace(
        sample,
        image=image,
        labels=_overwritten(sample.labels, mask, UNLABELLED),
        depth=_overwritten(sample.depth, mask, np.nan),
        normals=_overwritten(sample.normals, mask, np.nan),
        foreground=_overwritten(sample.foreground, mask, 1),
    )


def ghosted(sample: Sample, donor: Sample, rng: np.random.Generator) -> Sample:
    """A faint smear of something foreign in the background, as a median over moving people leaves it."""
    background = background_of(sample)
    texture, mask = _cut_out(donor, sample.image.shape[:2], rng)
    length = int(rng.integers(3, 12))
    alpha = cv2.blur(mask.astype(np.float32), (2 * length + 1, 3))[..., None] * np.float32(rng.uniform(0.08, 0.35))
    image = background.image * (1 - alpha) + texture * alpha
    return replace(sample, background=replace(background, image=image.astype(np.uint8)))


def _overwritten(truth: Truth | None, mask: Mask, value: float) -> Truth | None:
    if truth is None:
        return None
    truth = truth.copy()
    truth[mask] = value
    return truth


def _cut_out(donor: Sample, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Rgb, Mask]:
    """Pixels (H, W, 3) and where they count (H, W): the donor's foreground objects, or a blob of its picture, moved at random."""
    size = donor.image.shape[:2]
    mask = np.zeros(size, np.uint8) if donor.foreground is None else (donor.foreground > 0.5).astype(np.uint8)
    share = float(mask.mean())
    if not 0.003 < share < 0.3 or rng.random() < 0.4:
        mask = _blob(size, rng)
    height, width = shape
    scale = rng.uniform(0.5, 1.2) * width / mask.shape[1]
    rows, columns = np.nonzero(mask)
    centre = float(columns.mean()), float(rows.mean())
    warp = np.asarray(cv2.getRotationMatrix2D(centre, rng.uniform(-25, 25), scale), np.float64)
    warp[:, 2] += rng.uniform(0.1, 0.9, 2) * (width, height) - centre
    texture = cv2.warpAffine(donor.image, warp, (width, height), borderMode=cv2.BORDER_REFLECT)
    moved = cv2.warpAffine(mask, warp, (width, height), flags=cv2.INTER_NEAREST)
    return np.asarray(texture, np.uint8), moved > 0


def _blob(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random polygon or ellipse of 1 to 10 per cent of the area."""
    mask = np.zeros(shape, np.uint8)
    centre = np.array(shape[::-1]) / 2
    radius = rng.uniform(0.08, 0.25) * min(shape)
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 9))))
    corners = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radius * rng.uniform(0.5, 1.3, (len(angles), 1))
    if rng.random() < 0.4:
        axes = (int(radius), int(radius * rng.uniform(0.4, 1)))
        cv2.ellipse(mask, (int(centre[0]), int(centre[1])), axes, rng.uniform(0, 180), 0, 360, 1, -1)
    else:
        cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    mask[int(centre[1]), int(centre[0])] = 1  # never empty
    return mask


def _shadowed(image: Rgb, mask: Mask, rng: np.random.Generator) -> Rgb:
    """The image, softly darkened next to and below a mask."""
    size = 2 * int(rng.integers(2, 10)) + 1
    offset = np.array([[1, 0, rng.uniform(-12, 12)], [0, 1, rng.uniform(0, 12)]])
    moved = cv2.warpAffine(mask.astype(np.float32), offset, mask.shape[::-1])
    shade = 1 - cv2.GaussianBlur(moved, (size, size), 0)[..., None] * np.float32(rng.uniform(0.1, 0.5))
    return np.asarray(image * shade, np.uint8)
