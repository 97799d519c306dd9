"""Backgrounds and cut-outs of an MDEAS data set, taken from rendered pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from mtdense_ros.data.datasets.shards import BACKGROUND, FRAME, Pair, ShardSet
from mtdense_ros.data.mdeas.plan import Rgba
from mtdense_ros.errors import InputError

SMALLEST_PX = 40
"""Longer side of the smallest cut-out that is taken, before it is scaled."""


def write_sources(pairs: ShardSet | Sequence[Pair], out: Path, backgrounds: int, cutouts: int) -> tuple[list[Path], list[Path]]:
    """Files of that many backgrounds, from the first pairs, and of cut-outs, the largest of each later pair; PNG, kept if there.

    Raises InputError where the pairs do not suffice.
    """
    folders = out / "backgrounds", out / "cutouts"
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    files = [folders[0] / f"{number:04d}.png" for number in range(backgrounds)], [folders[1] / f"{k:04d}.png" for k in range(cutouts)]
    if all(path.exists() for path in (*files[0], *files[1])):
        return files
    if len(pairs) < backgrounds:
        raise InputError(f"{out}: the rendered set has {len(pairs)} pairs for {backgrounds} backgrounds; render more, or ask for fewer")
    for number, path in enumerate(files[0]):
        cv2.imwrite(str(path), np.ascontiguousarray(pairs[number].images[BACKGROUND][..., ::-1]))
    found = (cutout for number in range(backgrounds, len(pairs)) for cutout in largest(pairs[number]))
    for path in files[1]:
        cutout = next(found, None)
        if cutout is None:
            raise InputError(f"{out}: the pairs after the first {backgrounds} give only {files[1].index(path)} of {cutouts} cut-outs; "
                             "render more, or ask for fewer")
        cv2.imwrite(str(path), cv2.cvtColor(cutout, cv2.COLOR_RGBA2BGRA))
    return files


def largest(pair: Pair) -> Iterator[Rgba]:
    """The largest connected piece of a pair's foreground as colours and alpha (h, w, 4); none where it is small or touches the rim."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(pair.foreground), connectivity=4)
    if count < 2:
        return
    piece = 1 + int(np.argmax(boxes[1:, cv2.CC_STAT_AREA]))
    x, y, width, height = (int(value) for value in boxes[piece, : cv2.CC_STAT_AREA])
    rows, columns = pair.foreground.shape
    if max(width, height) < SMALLEST_PX or x == 0 or y == 0 or x + width == columns or y + height == rows:
        return
    window = slice(y, y + height), slice(x, x + width)
    alpha = np.where(labels[window] == piece, 255, 0).astype(np.uint8)
    yield np.concatenate((pair.images[FRAME][window], alpha[..., None]), axis=-1)
