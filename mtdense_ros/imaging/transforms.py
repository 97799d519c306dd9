"""Camera image -> network input, and network maps -> camera size: one copy for training and inference.

Every resize here puts pixel centres at half-integer positions, so that the way back undoes the way in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import ConfigError, InputError, known_names
from mtdense_ros.utils.buffers import BufferPool

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]
Size = tuple[int, int]
Value = TypeVar("Value", np.uint8, np.float32)

RESIZE_MODES = ("area", "shorter", "stretch", "native")

SAFE_EXPONENT = 80.0
"""Float32 holds the exponentials of logits within plus and minus this, and the sum of any number of classes' (255 at most)."""


def network_size(camera_hw: Size, card_input_hw: Size, resize: str, multiple: int) -> Size:
    """The (height, width) that the network sees, in pixels.

    The mode "area" keeps the camera's aspect ratio and the card's pixel count, each side rounded to `multiple`; "shorter" keeps the
    aspect ratio and gives the shorter side the length of the card's, each side rounded down to `multiple`; "stretch" takes the
    card's size, and "native" the camera's. Raises ConfigError on another mode.
    """
    if resize == "stretch":
        return card_input_hw
    if resize == "native":
        return camera_hw
    if resize == "shorter":
        shorter = min(camera_hw)
        height, width = (max(multiple, side * min(card_input_hw) // shorter // multiple * multiple) for side in camera_hw)
        return height, width
    if resize != "area":
        raise ConfigError(f"input.resize: '{resize}' is unknown; {known_names(resize, RESIZE_MODES)}")
    scale = math.sqrt(card_input_hw[0] * card_input_hw[1] / (camera_hw[0] * camera_hw[1]))
    height, width = (max(multiple, round(side * scale / multiple) * multiple) for side in camera_hw)
    return height, width


def resize_image(rgb: NDArray[np.uint8], size_hw: Size, buffers: BufferPool | None = None) -> NDArray[np.uint8]:
    """An image (H, W, 3) at another (height, width): area average along sides that shrink, bilinear along sides that grow."""
    buffers = buffers or BufferPool()
    middle = min(rgb.shape[0], size_hw[0]), min(rgb.shape[1], size_hw[1])
    for name, (height, width), interpolation in (("shrunk", middle, cv2.INTER_AREA), ("grown", size_hw, cv2.INTER_LINEAR)):
        if rgb.shape[:2] != (height, width):
            target = buffers.array(name, (height, width, 3), np.uint8)
            rgb = np.asarray(cv2.resize(rgb, (width, height), dst=target, interpolation=interpolation), np.uint8)
    return rgb


def normalise(
    rgb: NDArray[np.uint8],
    size_hw: Size,
    mean: Sequence[float],
    std: Sequence[float],
    out: Floats | None = None,
    buffers: BufferPool | None = None,
) -> Floats:
    """The network input of an image: resized to (height, width), (rgb / 255 - mean) / std.

    rgb is (H, W, 3) uint8; mean and std are three values each, for RGB in [0, 1]. Returns (1, 3, height, width) float32, contiguous,
    in `out` where that is given.
    """
    buffers = buffers or BufferPool()
    out = np.empty((1, 3, *size_hw), np.float32) if out is None else out
    planes = buffers.array("planes", (3, *size_hw), np.uint8)
    cv2.split(resize_image(rgb, size_hw, buffers), list(planes))
    for target, plane, m, s in zip(out[0], planes, mean, std, strict=True):
        cv2.addWeighted(plane, 1 / (255 * s), plane, 0, -m / s, dst=target, dtype=cv2.CV_32F)
    return out


def resize_map(chw: Floats, size_hw: Size, out: Floats | None = None) -> Floats:
    """Network maps (C, h, w) float32 at another (height, width), bilinear on values: (C, height, width) float32, in `out` if given."""
    out = np.empty((_check_map(chw).shape[0], *size_hw), np.float32) if out is None else out
    for source, target in zip(_check_map(chw), out, strict=True):
        _resize_plane(source, target)
    return out


def labels_exact(logits: Floats, size_hw: Size, buffers: BufferPool | None = None) -> Labels:
    """The class of each pixel at (height, width): argmax of the bilinearly resized logits (C, h, w), the lowest id on ties.

    One plane at a time with a running maximum, so that C full-size planes never exist. Returns (height, width) uint8.
    """
    buffers = buffers or BufferPool()
    return _running_maximum(_resized_planes(logits, size_hw, buffers), buffers)[0]


def labels_and_confidence(logits: Floats, size_hw: Size, buffers: BufferPool | None = None) -> tuple[Labels, Floats]:
    """`labels_exact` and the softmax probability of that class at full resolution, (height, width) float32 in [0, 1].

    Each plane is resized once, unless its exponentials could overflow without the maximum subtracted before.
    """
    buffers = buffers or BufferPool()
    lowest, highest = _check_map(logits).min(), logits.max()
    planes = _resized_planes(logits, size_hw, buffers)
    if not -SAFE_EXPONENT < lowest <= highest < SAFE_EXPONENT:
        labels, best = _running_maximum(planes, buffers)
        return labels, _winner_probability(_resized_planes(logits, size_hw, buffers), best, buffers)
    total = buffers.array("confidence", size_hw, np.float32)
    total.fill(0)
    labels, best = _running_maximum(_adding_exponentials(planes, total), buffers)
    return labels, np.divide(cv2.exp(best, dst=best), total, out=total)


def labels_fast(logits: Floats, size_hw: Size, buffers: BufferPool | None = None) -> Labels:
    """The class of the nearest pixel of the network's own resolution: (height, width) uint8, blocky at borders."""
    buffers = buffers or BufferPool()
    coarse = _running_maximum(iter(_check_map(logits)), buffers.part("coarse"))[0]
    return _nearest(coarse, buffers.array("labels", size_hw, np.uint8))


def labels_and_confidence_fast(logits: Floats, size_hw: Size, buffers: BufferPool | None = None) -> tuple[Labels, Floats]:
    """`labels_fast` and the softmax probability of that class at that nearest pixel, (height, width) float32 in [0, 1]."""
    buffers = buffers or BufferPool()
    labels, best = _running_maximum(iter(_check_map(logits)), buffers.part("coarse"))
    probability = _winner_probability(iter(logits), best, buffers.part("coarse"))
    confidence = _nearest(probability, buffers.array("confidence", size_hw, np.float32))
    return _nearest(labels, buffers.array("labels", size_hw, np.uint8)), confidence


def nearest_ids(ids: Floats, size_hw: Size, buffers: BufferPool | None = None) -> Labels:
    """A map of ids (1, h, w) float32 at another (height, width): the nearest one, never one between two. Returns (height, width) uint8."""
    buffers = buffers or BufferPool()
    return _nearest(_check_map(ids)[0].astype(np.uint8), buffers.array("labels", size_hw, np.uint8))


def confidence_byte(confidence: Floats, out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Probabilities in [0, 1] as 0..255, rounded, in `out` if given: the mono8 image and the cloud field."""
    out = np.empty(confidence.shape, np.uint8) if out is None else out
    cv2.convertScaleAbs(confidence, dst=out, alpha=255.0)
    return out


def mask_byte(mask: NDArray[np.bool_], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """A mask as 0 and 255, in `out` if given: the mono8 image and the cloud field."""
    out = np.empty(mask.shape, np.uint8) if out is None else out
    cv2.threshold(mask.view(np.uint8), 0, 255, cv2.THRESH_BINARY, dst=out)
    return out


def _check_map(chw: Floats) -> Floats:
    if chw.ndim != 3 or chw.dtype != np.float32 or chw.size == 0:
        raise InputError(f"network map: expected (C, h, w) float32, found {chw.dtype} {chw.shape}; pass one frame's map without batch axis")
    return chw


def _resize_plane(source: Floats, target: Floats) -> None:
    cv2.resize(source, target.shape[::-1], dst=target, interpolation=cv2.INTER_LINEAR)


def _resized_planes(chw: Floats, size_hw: Size, buffers: BufferPool) -> Iterator[Floats]:
    """Each plane at full size, in one array that the next plane overwrites."""
    target = buffers.array("plane", size_hw, np.float32)
    for plane in _check_map(chw):
        _resize_plane(plane, target)
        yield target


def _running_maximum(planes: Iterator[Floats], buffers: BufferPool) -> tuple[Labels, Floats]:
    """The index of the highest plane at each pixel, the lowest on ties, and its value."""
    first = next(planes)
    best = buffers.array("best", first.shape, np.float32)
    labels, higher = (buffers.array(name, first.shape, np.uint8) for name in ("labels", "higher"))
    np.copyto(best, first)
    labels.fill(0)
    for index, plane in enumerate(planes, start=1):
        cv2.compare(plane, best, cv2.CMP_GT, dst=higher)  # 255 or 0, so that "and" gives the index or 0
        np.maximum(labels, np.bitwise_and(higher, np.uint8(index), out=higher), out=labels)
        np.maximum(best, plane, out=best)
    return labels, best


def _adding_exponentials(planes: Iterator[Floats], total: Floats) -> Iterator[Floats]:
    """The same planes; each is spent when the next is asked for, and its exponential is in `total`."""
    for plane in planes:
        yield plane
        np.add(total, cv2.exp(plane, dst=plane), out=total)


def _winner_probability(planes: Iterator[Floats], best: Floats, buffers: BufferPool) -> Floats:
    """1 / sum of exp(plane - best): the softmax of the winner, which cannot overflow."""
    total, power = (buffers.array(name, best.shape, np.float32) for name in ("confidence", "power"))
    total.fill(0)
    for plane in planes:
        np.subtract(plane, best, out=power)
        cv2.exp(power, dst=power)
        np.add(total, power, out=total)
    return np.reciprocal(total, out=total)


def _nearest(values: NDArray[Value], target: NDArray[Value]) -> NDArray[Value]:
    cv2.resize(values, target.shape[::-1], dst=target, interpolation=cv2.INTER_NEAREST_EXACT)
    return target
