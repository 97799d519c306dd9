"""Trials of the watch over a still camera: how soon it finds what was done to the camera, and what it says when nothing was."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.pipeline.camera_watch import CameraWatch, WatchSettings
from mtdense_ros.registration.reduction import reduced
from mtdense_ros.registration.register import Reference

Rgb = NDArray[np.uint8]
FAULTS = ("moved", "light", "blocked")
PERIOD_S = 1 / WatchSettings.rate_hz
NOISE, DRIFT = 3.0, 0.05
"""Of the camera: grey levels, standard deviation; and how far its exposure wanders, as a share."""
CHECKS = 10
"""How many checks are waited for something to be found, and to end."""


class Watched:
    """A camera with noise and an exposure that wanders, at the rate of the checks, and its watch."""

    def __init__(self, empty: Rgb, seed: int) -> None:
        cv2.setRNGSeed(seed)
        self._frame = 0
        self._watch, self._settings = CameraWatch(), WatchSettings()
        self._watch.set_reference(self._taken(empty))

    def _taken(self, rgb: Rgb) -> Rgb:
        noise = cv2.randn(np.empty(rgb.shape, np.int16), (0, 0, 0), (NOISE, NOISE, NOISE))
        lit = cv2.convertScaleAbs(rgb, alpha=1 + DRIFT * math.sin(0.35 * self._frame))
        return np.asarray(cv2.add(lit, noise, dtype=cv2.CV_8U), np.uint8)

    def holds(self, rgb: Rgb) -> set[str]:
        """The faults that hold after one more frame."""
        self._frame += 1
        self._watch.observe(self._taken(rgb), self._frame, self._frame * PERIOD_S, self._settings)
        return {fault for fault in FAULTS if getattr(self._watch.findings, fault)}

    def shift(self) -> float | None:
        """The displacement that was measured last, in pixels; None without one."""
        registration = self._watch.findings.registration
        return None if registration is None else registration.motion.extent(registration.size_hw)


def quiet(empty: Rgb, peopled: Iterable[Rgb], seed: int, frames: int) -> dict[str, Any]:
    """Frames of an unmoved camera, `frames` for each picture: how many there were, and how many times each fault began."""
    watched, before, onsets, count = Watched(empty, seed), set[str](), dict.fromkeys(FAULTS, 0), 0
    for picture in (empty, *peopled):
        for _ in range(frames):
            holds = watched.holds(picture)
            for fault in holds - before:
                onsets[fault] += 1
            before, count = holds, count + 1
    return {"frames": count, **onsets}


def event(empty: Rgb, before: Rgb, after: Rgb, seed: int, expected: str) -> dict[str, Any]:
    """From one picture to another and back. found_s, ended_s: when the expected fault is known and forgotten, at the latest, None
    for never; others: faults that held beside it; shift: the displacement that was measured then."""
    watched = Watched(empty, seed)
    for _ in range(5):
        watched.holds(before)
    others: set[str] = set()
    found_s = _wait(watched, after, lambda holds: expected in holds, others)
    shift = watched.shift()
    ended_s = _wait(watched, before, lambda holds: not holds, set()) if found_s is not None else None
    return {"found_s": found_s, "ended_s": ended_s, "others": sorted(others - {expected}), "shift": shift}


def _wait(watched: Watched, picture: Rgb, condition: Callable[[set[str]], bool], seen: set[str]) -> float | None:
    """After how many seconds a condition holds, at most: the change may have come right after a check."""
    for check in range(1, CHECKS + 1):
        holds = watched.holds(picture)
        seen |= holds
        if condition(holds):
            return check * PERIOD_S
    return None


def costs(empty: Rgb, picture: Rgb, rounds: int = 60) -> dict[str, float]:
    """Processor time in ms of a check and of a plain copy of the frame, in turns: the lower quartile of each."""
    watch, settings = CameraWatch(), WatchSettings()
    watch.set_reference(empty)
    times: dict[str, list[float]] = {"check": [], "copy": [], "reference": []}
    for k in range(rounds):
        for name, work in (
            ("check", lambda k=k: watch.observe(picture, k, k * PERIOD_S, settings)),
            ("copy", lambda: picture.copy()),
            ("reference", lambda: Reference(empty)),
        ):
            begin = time.thread_time()
            work()
            times[name].append((time.thread_time() - begin) * 1e3)
    return {f"{name}_ms": float(np.percentile(values, 25)) for name, values in times.items()}


def warped(rgb: Rgb, x: float, y: float, degrees: float) -> Rgb:
    """A picture whose content moved by x, y pixels and turned about its middle; its border is mirrored."""
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    matrix[:, 2] += (x, y)
    return np.asarray(cv2.warpAffine(rgb, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def register(background: Rgb, frame: Rgb) -> dict[str, float]:
    """One frame against a background: the displacement that is measured, and how much was seen again."""
    found = Reference(background).register(reduced(frame))
    return {"shift": found.motion.extent(found.size_hw), "quality": found.quality, "stops": found.light.stops}
