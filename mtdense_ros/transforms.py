"""Camera image -> network input, and network maps -> camera size: one copy for training and inference.

Every resize here puts pixel centres at half-integer positions, so that the way back undoes the way in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.hints import known_names

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]
Size = tuple[int, int]

RESIZE_MODES = ("area", "shorter", "stretch", "native")


def network_size(camera_hw: Size, card_input_hw: Size, resize: str, multiple: int) -> Size:
    """The (height, width) that the network sees, in pixels.

    resize: "area" keeps the camera's aspect ratio and the card's pixel count, each side rounded to `multiple`; "shorter" keeps the
    aspect ratio and gives the shorter side the length of the card's, each side rounded down to `multiple`; "stretch" is the
    card's size; "native" the camera's. Raises ConfigError on another mode.
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


def resize_image(rgb: NDArray[np.uint8], size_hw: Size) -> NDArray[np.uint8]:
    """An image (H, W, 3) at another (height, width): area average along sides that shrink, bilinear along sides that grow."""
    middle = min(rgb.shape[0], size_hw[0]), min(rgb.shape[1], size_hw[1])
    for (height, width), interpolation in ((middle, cv2.INTER_AREA), (size_hw, cv2.INTER_LINEAR)):
        if rgb.shape[:2] != (height, width):
            rgb = np.asarray(cv2.resize(rgb, (width, height), interpolation=interpolation), np.uint8)
    return rgb


def normalise(rgb: NDArray[np.uint8], size_hw: Size, mean: Sequence[float], std: Sequence[float]) -> Floats:
    """The network input of an image: resized to (height, width), (rgb / 255 - mean) / std.

    rgb: (H, W, 3) uint8; mean, std: three values for RGB in [0, 1]. Returns (1, 3, height, width) float32, contiguous.
    """
    levels = np.arange(256) / 255
    out = np.empty((1, 3, *size_hw), np.float32)
    for target, plane, m, s in zip(out[0], cv2.split(resize_image(rgb, size_hw)), mean, std, strict=True):
        cv2.LUT(plane, ((levels - m) / s).astype(np.float32), dst=target)
    return out


def resize_map(chw: Floats, size_hw: Size) -> Floats:
    """Network maps (C, h, w) float32 at another (height, width), bilinear on values: (C, height, width) float32."""
    out = np.empty((_check_map(chw).shape[0], *size_hw), np.float32)
    for source, target in zip(chw, out, strict=True):
        _resize_plane(source, target)
    return out


def labels_exact(logits: Floats, size_hw: Size) -> Labels:
    """The class of each pixel at (height, width): argmax of the bilinearly resized logits (C, h, w), the lowest id on ties.

    One plane at a time with a running maximum, so that C full-size planes never exist. Returns (height, width) uint8.
    """
    return _running_maximum(_resized_planes(logits, size_hw))[0]


def labels_and_confidence(logits: Floats, size_hw: Size) -> tuple[Labels, Floats]:
    """`labels_exact` and the softmax probability of that class at full resolution, (height, width) float32 in [0, 1]."""
    labels, best = _running_maximum(_resized_planes(logits, size_hw))
    return labels, _winner_probability(_resized_planes(logits, size_hw), best)


def labels_fast(logits: Floats, size_hw: Size) -> Labels:
    """The class of the nearest pixel of the network's own resolution: (height, width) uint8, blocky at borders."""
    return _nearest(_running_maximum(iter(_check_map(logits)))[0], size_hw)


def labels_and_confidence_fast(logits: Floats, size_hw: Size) -> tuple[Labels, Floats]:
    """`labels_fast` and the softmax probability of that class at that nearest pixel, (height, width) float32 in [0, 1]."""
    labels, best = _running_maximum(iter(_check_map(logits)))
    probability = cv2.resize(_winner_probability(iter(logits), best), size_hw[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return _nearest(labels, size_hw), np.asarray(probability, np.float32)


def confidence_byte(confidence: Floats) -> NDArray[np.uint8]:
    """Probabilities in [0, 1] as 0..255, rounded: the mono8 image and the cloud field."""
    return np.asarray(cv2.convertScaleAbs(confidence, alpha=255.0), np.uint8)


def _check_map(chw: Floats) -> Floats:
    if chw.ndim != 3 or chw.dtype != np.float32 or chw.size == 0:
        raise InputError(f"network map: expected (C, h, w) float32, found {chw.dtype} {chw.shape}; pass one frame's map without batch axis")
    return chw


def _resize_plane(source: Floats, target: Floats) -> None:
    cv2.resize(source, target.shape[::-1], dst=target, interpolation=cv2.INTER_LINEAR)


def _resized_planes(chw: Floats, size_hw: Size) -> Iterator[Floats]:
    """Each plane at full size, in one buffer that the next plane overwrites."""
    buffer = np.empty(size_hw, np.float32)
    for plane in _check_map(chw):
        _resize_plane(plane, buffer)
        yield buffer


def _running_maximum(planes: Iterator[Floats]) -> tuple[Labels, Floats]:
    """The index of the highest plane at each pixel, the lowest on ties, and its value."""
    best = next(planes).copy()
    labels = np.zeros(best.shape, np.uint8)
    for index, plane in enumerate(planes, start=1):
        higher = np.asarray(cv2.compare(plane, best, cv2.CMP_GT), np.uint8)  # 255 or 0, so that "and" gives the index or 0
        np.maximum(labels, np.bitwise_and(higher, np.uint8(index), out=higher), out=labels)
        np.maximum(best, plane, out=best)
    return labels, best


def _winner_probability(planes: Iterable[Floats], best: Floats) -> Floats:
    """1 / sum of exp(plane - best): the softmax of the winner, which cannot overflow."""
    total, difference = np.zeros_like(best), np.empty_like(best)
    for plane in planes:
        np.subtract(plane, best, out=difference)
        total += np.exp(difference, out=difference)
    return np.reciprocal(total, out=total)


def _nearest(labels: Labels, size_hw: Size) -> Labels:
    return np.asarray(cv2.resize(labels, size_hw[::-1], interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)
