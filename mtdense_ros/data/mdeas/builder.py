"""Writes the MDEAS data set: overlays of cut-outs on backgrounds, their masks, and depth by a teacher.

A set is a folder: `index.csv` with a header and one line per pair, `bg;fg_bg;mask;depth`, paths below the folder; `settings.json`
with what it was made of. fg_bg/0003/0017-05.jpg is background 3, cut-out 17, variant 5, and mask and depth are called alike.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.datasets.files import read_rgb, read_stored
from mtdense_ros.data.mdeas.plan import Plan, Rgb, Rgba, fitted, pasted
from mtdense_ros.errors import InputError
from mtdense_ros.utils.files import write_atomically

Teacher = Callable[[Rgb], NDArray[np.float32]]
"""Relative depth (H, W) in [0, 1] of a picture (H, W, 3)."""

INDEX, SETTINGS = "index.csv", "settings.json"
HEADER = "bg;fg_bg;mask;depth"

BACKGROUND_QUALITY, MASK_QUALITY, DEPTH_QUALITY = 60, 50, 85
OVERLAY_QUALITY = 75
"""Of JPEG files. That of overlays is not published."""

_CHUNK = 40
_REPORT_S = 10.0

_log = logging.getLogger(__name__)


def build(
    out: Path,
    backgrounds: Sequence[Path],
    cutouts: Sequence[Path],
    plan: Plan,
    teacher: Teacher,
    pairs: int = 0,
    notes: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    """Writes what is missing of a set, taken up where it stopped, and returns how many pairs it holds now.

    backgrounds, cutouts: files, as many as the plan says; cut-outs RGBA. pairs: how many of the plan's, drawn by its seed; 0 for
    all. notes: what settings.json is to hold besides, such as the teacher's name and the licence. Raises InputError for other
    settings than it was begun with, for cut-outs without alpha and for a teacher whose depth is not finite in [0, 1].
    """
    indices = _sampled(plan, pairs) if pairs else range(len(plan))
    names = {"backgrounds": [path.name for path in backgrounds], "cutouts": [path.name for path in cutouts]}
    _begin(out, {"plan": asdict(plan), "pairs": len(indices), **names, **notes})
    done = _written(out / INDEX)
    writer = _Writer(out, backgrounds, cutouts, plan, teacher)
    start = reported = time.monotonic()
    with (out / INDEX).open("a", encoding="utf-8") as index:
        for first in range(done, len(indices), _CHUNK):
            index.writelines([writer.write(k) + "\n" for k in indices[first : first + _CHUNK]])
            index.flush()
            held, now = min(first + _CHUNK, len(indices)), time.monotonic()
            if now - reported > _REPORT_S or held == len(indices):
                reported = now
                _log.info("%d of %d pairs, %.1f pairs/s", held, len(indices), (held - done) / (now - start))
    return len(indices)


class _Writer:
    """Writes single pairs."""

    def __init__(self, out: Path, backgrounds: Sequence[Path], cutouts: Sequence[Path], plan: Plan, teacher: Teacher) -> None:
        self._out, self._backgrounds, self._cutouts, self._plan, self._teacher = out, backgrounds, cutouts, plan, teacher
        self._background = lru_cache(1)(self._stored_background)
        self._cutout = lru_cache(len(cutouts))(self._read_cutout)

    def write(self, index: int) -> str:
        """The line of the index for the pair, whose files are written."""
        item = self._plan.item(index)
        background, base = self._background(item.background)
        cutout = fitted(self._cutout(item.cutout), round(item.scale * self._plan.longest))
        if item.mirrored:
            cutout = cutout[:, ::-1]
        overlay, mask = pasted(base, cutout, *self._plan.position(index, cutout.shape[1], cutout.shape[0]))
        name = f"{item.background:04d}/{item.cutout:04d}-{index % self._plan.variants:02d}.jpg"
        content = {
            "fg_bg": _jpeg(overlay[..., ::-1], OVERLAY_QUALITY),
            "mask": _jpeg(mask, MASK_QUALITY),
            "depth": _jpeg(_grey(self._teacher(overlay), overlay), DEPTH_QUALITY),
        }
        for kind, data in content.items():
            (self._out / kind / name).parent.mkdir(parents=True, exist_ok=True)
            (self._out / kind / name).write_bytes(data)
        return ";".join((background, *(f"{kind}/{name}" for kind in content)))

    def _stored_background(self, number: int) -> tuple[str, Rgb]:
        """(path below the set, content) of a background: the middle square, as its JPEG file holds it."""
        name = f"bg/{number:04d}.jpg"
        path = self._out / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            square = _square(read_rgb(self._backgrounds[number]), self._plan.size)
            write_atomically(path, _jpeg(square[..., ::-1], BACKGROUND_QUALITY))
        return name, read_rgb(path)

    def _read_cutout(self, number: int) -> Rgba:
        path = self._cutouts[number]
        stored = read_stored(path)
        if stored.dtype != np.uint8 or stored.ndim != 3 or stored.shape[2] != 4:
            raise InputError(f"{path}: a cut-out needs 8-bit colours and alpha, found {stored.dtype} {stored.shape}; save an RGBA PNG")
        return fitted(np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA), np.uint8), self._plan.longest)


def _sampled(plan: Plan, pairs: int) -> list[int]:
    """Indices of that many pairs of a plan in rising order, drawn by its seed. Raises InputError where it has fewer."""
    if not 0 < pairs <= len(plan):
        raise InputError(f"mdeas set: {pairs} pairs of {len(plan)}; choose at least one and no more than there are")
    return sorted(np.random.default_rng(plan.seed).choice(len(plan), pairs, replace=False).tolist())


def _begin(out: Path, settings: dict[str, Any]) -> None:
    path = out / SETTINGS
    settings = json.loads(json.dumps(settings))
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (json.dumps(settings, indent=1) + "\n").encode())
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    differing = [key for key in {**found, **settings} if found.get(key) != settings.get(key)]
    if differing:
        raise InputError(f"{path}: the set was begun with other {', '.join(differing)}; resume with those or choose another folder")


def _written(index: Path) -> int:
    """Pairs in the index, made with its header when there is none; a line that a stopped run left unfinished is cut off."""
    if not index.exists():
        index.write_text(HEADER + "\n", encoding="utf-8")
    text = index.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        write_atomically(index, whole.encode())
    return whole.count("\n") - 1


def _square(picture: Rgb, size: int) -> Rgb:
    height, width = picture.shape[:2]
    side = min(height, width)
    y, x = (height - side) // 2, (width - side) // 2
    middle = picture[y : y + side, x : x + side]
    return np.asarray(cv2.resize(middle, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR), np.uint8)


def _grey(depth: NDArray[np.float32], overlay: Rgb) -> NDArray[np.uint8]:
    if depth.shape != overlay.shape[:2] or not ((depth >= 0) & (depth <= 1)).all():
        raise InputError(f"mdeas set: the teacher gave depth {depth.shape} from {depth.min()} to {depth.max()} for a picture "
                         f"{overlay.shape[:2]}; it must give that size, finite, in [0, 1]")
    return np.rint(depth * 255).astype(np.uint8)


def _jpeg(picture: NDArray[np.uint8], quality: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(picture), [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
