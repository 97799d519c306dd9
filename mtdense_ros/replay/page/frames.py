"""What the page shows of single frames: small copies of the outputs, kept evenly over a run, and figures of every frame."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import UNLABELLED, LabelSpace
from mtdense_ros.geometry.point_cloud import unpack_cloud
from mtdense_ros.imaging.visualization import colour_depth, colour_labels, colour_normals, overlay_foreground
from mtdense_ros.utils.even_sample import EvenSample

Image = NDArray[np.uint8]

PANELS = ("camera", "labels", "depth", "normals", "foreground")
MOST_FRAMES = 200
"""More would make the file larger than people like to send."""
WIDTH = 256
POINTS = 1500
QUALITY = 55

_CLOUD_UNIT_M = 0.005
_REACH_M = 12.0
"""Points farther away are left out of the view of the cloud: it would shrink the room to a dot."""


@dataclass(frozen=True)
class Kept:
    """A frame: seconds since the first one, its small outputs by panel, and points (N, 3) in m with colours (N, 3) and labels (N,)."""

    seconds: float
    small: Mapping[str, NDArray[Any]]
    points: NDArray[np.float32]
    colors: Image
    point_labels: NDArray[np.uint8]


@dataclass
class Series:
    """Figures of every frame, in order: seconds since the first one; share of the picture of each class and of what changed; age in ms."""

    seconds: list[float] = field(default_factory=list)
    shares: list[list[float]] = field(default_factory=list)
    changed: list[float | None] = field(default_factory=list)
    age_ms: list[float | None] = field(default_factory=list)


class PageFrames:
    """Collects a run frame by frame."""

    def __init__(self, space: LabelSpace | None) -> None:
        self.space = space
        self.series = Series()
        self._kept = EvenSample[Kept](MOST_FRAMES)
        self._start_ns: int | None = None

    @property
    def kept(self) -> list[Kept]:
        """The frames that are shown."""
        return list(self._kept.items)

    def add(self, stamp_ns: int, rgb: Image, results: Mapping[str, NDArray[Any]], age_ms: float | None) -> None:
        """One frame (H, W, 3) with its results as `Pipeline.process` gives them."""
        self._start_ns = stamp_ns if self._start_ns is None else self._start_ns
        seconds = (stamp_ns - self._start_ns) * 1e-9
        self.series.seconds.append(round(seconds, 3))
        self.series.shares.append(self._shares(results))
        mask = results.get("foreground")
        self.series.changed.append(None if mask is None else round(100 * float((mask > 0).mean()), 3))
        self.series.age_ms.append(None if age_ms is None else round(age_ms, 2))
        if self._kept.keeps_next:
            self._kept.add(_small(seconds, rgb, results))
        else:
            self._kept.add(None)

    def _shares(self, results: Mapping[str, NDArray[Any]]) -> list[float]:
        if "labels" not in results or self.space is None:
            return []
        labels = results["labels"]
        counts = np.bincount(labels.reshape(-1), minlength=256)[: len(self.space.classes)]
        return [round(100 * float(count) / labels.size, 2) for count in counts]


def strip(kept: Kept, space: LabelSpace | None, range_m: tuple[float, float]) -> str:
    """The panels of a frame side by side, as a WebP picture in base64."""
    height, width = kept.small["camera"].shape[:2]
    pictures = [_panel(name, kept.small, space, range_m) for name in PANELS]
    empty = np.full((height, width, 3), 32, np.uint8)
    row = np.concatenate([empty if picture is None else picture for picture in pictures], axis=1)
    _, encoded = cv2.imencode(".webp", row[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    return base64.b64encode(encoded.tobytes()).decode()


def cloud(kept: Kept) -> str:
    """Points as base64 of int16 (N, 3) in units of 5 mm, then uint8 colours (N, 3), then uint8 labels (N,)."""
    places = np.rint(kept.points / _CLOUD_UNIT_M).astype("<i2")
    return base64.b64encode(places.tobytes() + kept.colors.tobytes() + kept.point_labels.tobytes()).decode()


def _small(seconds: float, rgb: Image, results: Mapping[str, NDArray[Any]]) -> Kept:
    size = WIDTH, max(1, round(WIDTH * rgb.shape[0] / rgb.shape[1]))
    small: dict[str, NDArray[Any]] = {"camera": cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)}
    for name in ("labels", "depth", "normals"):
        if name in results:
            small[name] = cv2.resize(results[name], size, interpolation=cv2.INTER_NEAREST)
    if "foreground" in results:
        small["foreground"] = cv2.resize((results["foreground"] > 0).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return Kept(seconds, small, *_points(rgb, results))


def _points(rgb: Image, results: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.float32], Image, NDArray[np.uint8]]:
    if "points" not in results:
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8), np.zeros(0, np.uint8)
    height, width = rgb.shape[:2]
    step = max(1, int(np.sqrt(height * width / POINTS)))
    some = slice(step // 2, None, step), slice(step // 2, None, step)
    points = unpack_cloud(results["points"], width, height)["points"][some].reshape(-1, 3).astype(np.float32)
    labels = results["labels"][some].reshape(-1) if "labels" in results else np.full(len(points), UNLABELLED, np.uint8)
    with np.errstate(invalid="ignore"):
        shown = np.isfinite(points).all(axis=1) & (points[:, 2] < _REACH_M)
    return points[shown], rgb[some].reshape(-1, 3)[shown], labels[shown]


def _panel(name: str, small: Mapping[str, NDArray[Any]], space: LabelSpace | None, range_m: tuple[float, float]) -> Image | None:
    if name not in small:
        return None
    if name == "labels":
        return None if space is None else colour_labels(small[name], space)
    if name == "depth":
        return colour_depth(small[name], *range_m)
    if name == "normals":
        return colour_normals(np.ascontiguousarray(small[name]))
    if name == "foreground":
        return overlay_foreground(small["camera"], small[name].astype(bool))
    return np.asarray(small[name], np.uint8)
