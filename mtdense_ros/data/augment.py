"""Training samples from clean rendered pairs: what a crop, a mirror, foreign objects and an imperfect background change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.photometry import random_camera
from mtdense_ros.data.shards import BACKGROUND, FRAME, Pair
from mtdense_ros.records import UNLABELLED

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Sample:
    """One training sample; index 0 of a leading axis is the frame, 1 the background.

    images (2, H, W, 3) uint8; depth (2, H, W) float32 metres, NaN unknown; labels (2, H, W) uint8, 255 unknown; normals
    (2, H, W, 3) float32 unit, zero unknown; foreground (H, W) bool; focal length in pixels of this size.
    """

    images: Rgb
    depth: NDArray[np.float32]
    labels: NDArray[np.uint8]
    normals: NDArray[np.float32]
    foreground: Mask
    focal: float


@dataclass(frozen=True)
class Augmentation:
    """How often (probability) and how far each change goes; the defaults are those of the prototype in its notes.

    zoom: the smallest share of the width that a crop keeps. shift_px and roll_deg: the largest misalignment of the background.
    """

    zoom: float = 0.7
    flip: float = 0.5
    composite: float = 0.4
    ghost: float = 0.15
    shift: float = 0.35
    shift_px: float = 2.0
    roll_deg: float = 0.3
    unchanged: float = 0.06
    photometric: bool = True


def augmented(pair: Pair, donor: Pair, size: tuple[int, int], rng: np.random.Generator, options: Augmentation) -> Sample:
    """A random sample of (height, width) from a clean pair; donor: another pair, whose objects may be pasted."""
    sample = cropped(pair, size, random_window(pair.foreground.shape, options.zoom, rng))
    if rng.random() < options.flip:
        sample = flipped(sample)
    if rng.random() < options.unchanged:
        sample = unchanged(sample)
    if rng.random() < options.composite:
        sample = composited(sample, donor, rng)
    if rng.random() < options.ghost:
        sample = ghosted(sample, donor, rng)
    if rng.random() < options.shift:
        sample = misaligned(sample, rng.uniform(-1, 1, 2) * options.shift_px, rng.uniform(-1, 1) * options.roll_deg)
    if options.photometric:
        sample = replace(sample, images=np.stack([random_camera(image, rng) for image in sample.images]))
    return sample


def random_window(shape: tuple[int, ...], smallest: float, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A crop (top, left, height, width) that keeps the aspect ratio and at least `smallest` of each side."""
    share = rng.uniform(smallest, 1.0)
    height, width = round(shape[0] * share), round(shape[1] * share)
    return int(rng.integers(shape[0] - height + 1)), int(rng.integers(shape[1] - width + 1)), height, width


def cropped(pair: Pair, size: tuple[int, int], window: tuple[int, int, int, int] | None = None) -> Sample:
    """A window of a pair (default: all of it) resized to (height, width): truth by nearest pixel, so that no value is invented."""
    top, left, height, width = window or (0, 0, *pair.foreground.shape)
    cut = slice(top, top + height), slice(left, left + width)
    rows, columns = (_nearest(n, m) for n, m in zip((height, width), size, strict=True))
    shrinks = size[1] < width
    images = [cv2.resize(image[cut], size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR) for image in pair.images]
    depth = _picked(pair.depth, cut, rows, columns).astype(np.float32)
    return Sample(
        images=np.stack(images).astype(np.uint8),
        depth=np.where(depth > 0, depth, np.float32(np.nan)),
        labels=_picked(pair.labels, cut, rows, columns),
        normals=_picked(pair.normals, cut, rows, columns).astype(np.float32) / np.float32(127),
        foreground=_picked(pair.foreground[None], cut, rows, columns)[0] > 0,
        focal=pair.focal * size[1] / width,
    )


def flipped(sample: Sample) -> Sample:
    """The mirror image: columns reversed, and the x axis of the normals with them."""
    return Sample(
        images=sample.images[:, :, ::-1].copy(),
        depth=sample.depth[:, :, ::-1].copy(),
        labels=sample.labels[:, :, ::-1].copy(),
        normals=sample.normals[:, :, ::-1] * np.array([-1, 1, 1], np.float32),
        foreground=sample.foreground[:, ::-1].copy(),
        focal=sample.focal,
    )


def unchanged(sample: Sample) -> Sample:
    """The background seen twice: nothing is foreground."""
    both = [BACKGROUND, BACKGROUND]
    return replace(
        sample,
        images=sample.images[both],
        depth=sample.depth[both],
        labels=sample.labels[both],
        normals=sample.normals[both],
        foreground=np.zeros_like(sample.foreground),
    )


def composited(sample: Sample, donor: Pair, rng: np.random.Generator) -> Sample:
    """A flat cut-out pasted into the frame, with a fake shadow: foreground, but without depth, label or normal."""
    texture, mask = _cut_out(donor, sample.foreground.shape, rng)
    images, depth, labels, normals = sample.images.copy(), sample.depth.copy(), sample.labels.copy(), sample.normals.copy()
    if rng.random() < 0.6:
        images[FRAME] = _shadowed(images[FRAME], mask, rng)
    images[FRAME][mask] = texture[mask]
    depth[FRAME][mask], labels[FRAME][mask], normals[FRAME][mask] = np.nan, UNLABELLED, 0
    return replace(sample, images=images, depth=depth, labels=labels, normals=normals, foreground=sample.foreground | mask)


def ghosted(sample: Sample, donor: Pair, rng: np.random.Generator) -> Sample:
    """A faint smear of something foreign in the background, as a median over moving people leaves it."""
    texture, mask = _cut_out(donor, sample.foreground.shape, rng)
    length = int(rng.integers(3, 12))
    alpha = cv2.blur(mask.astype(np.float32), (2 * length + 1, 3))[..., None] * np.float32(rng.uniform(0.08, 0.35))
    images = sample.images.copy()
    images[BACKGROUND] = images[BACKGROUND] * (1 - alpha) + texture * alpha
    return replace(sample, images=images)


def misaligned(sample: Sample, shift_px: NDArray[np.float64], roll_deg: float) -> Sample:
    """The background's image as if the camera had moved by (x, y) pixels and turned about its axis; its truth stays."""
    height, width = sample.foreground.shape
    warp = _rotation(((width - 1) / 2, (height - 1) / 2), roll_deg, 1.0)
    warp[:, 2] += shift_px
    images = sample.images.copy()
    images[BACKGROUND] = cv2.warpAffine(images[BACKGROUND], warp, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return replace(sample, images=images)


def _picked(views: NDArray[Any], cut: tuple[slice, slice], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[Any]:
    """Rows and columns of a window of views (N, H, W, ...): the window is read once, as an array, before anything is picked."""
    window: NDArray[Any] = np.asarray(views[:, cut[0], cut[1]])
    return window[:, rows][:, :, columns]


def _nearest(source: int, target: int) -> NDArray[np.intp]:
    """The source index of each target pixel's centre."""
    return ((np.arange(target) + 0.5) * source / target).astype(np.intp)


def _cut_out(donor: Pair, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Rgb, Mask]:
    """Pixels (H, W, 3) and where they count (H, W): the donor's foreground objects, or a blob of its picture, moved at random."""
    mask = donor.foreground
    share = float(mask.mean())
    if not 0.003 < share < 0.3 or rng.random() < 0.4:
        mask = _blob(donor.foreground.shape, rng)
    height, width = shape
    scale = rng.uniform(0.5, 1.2) * width / mask.shape[1]
    rows, columns = np.nonzero(mask)
    warp = _rotation((float(columns.mean()), float(rows.mean())), rng.uniform(-25, 25), scale)
    warp[:, 2] += rng.uniform(0.1, 0.9, 2) * (width, height) - (columns.mean(), rows.mean())
    texture = cv2.warpAffine(donor.images[FRAME], warp, (width, height), borderMode=cv2.BORDER_REFLECT)
    moved = cv2.warpAffine(np.ascontiguousarray(mask), warp, (width, height), flags=cv2.INTER_NEAREST)
    return np.asarray(texture, np.uint8), moved > 0


def _rotation(centre: tuple[float, float], degrees: float, scale: float) -> NDArray[np.float64]:
    return np.asarray(cv2.getRotationMatrix2D(centre, degrees, scale), np.float64)


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
    """The image darkened softly beside and under a mask."""
    size = 2 * int(rng.integers(2, 10)) + 1
    offset = np.array([[1, 0, rng.uniform(-12, 12)], [0, 1, rng.uniform(0, 12)]])
    moved = cv2.warpAffine(mask.astype(np.float32), offset, mask.shape[::-1])
    shade = 1 - cv2.GaussianBlur(moved, (size, size), 0)[..., None] * np.float32(rng.uniform(0.1, 0.5))
    return np.asarray(image * shade, np.uint8)
