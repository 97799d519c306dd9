"""The MDEAS data set as a Source: overlays with a soft mask, relative depth, and the background alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtdense_ros.data.datasets.files import read_plane, read_rgb
from mtdense_ros.data.datasets.units import share
from mtdense_ros.data.mdeas.builder import HEADER, INDEX, SETTINGS
from mtdense_ros.data.sample import Sample
from mtdense_ros.errors import ConfigError, InputError, known_names

PROTOCOLS = ("clean", "published")
SPLITS = ("", "train", "val")
TRAIN_SHARE = 0.7
SPLIT_SEED = 2

_log = logging.getLogger(__name__)


class _Row(NamedTuple):
    bg: str
    fg_bg: str
    mask: str
    depth: str


class MdeasPairs:
    """The pairs of a set that builder.py wrote, or of one with the same kind of index; split "train", "val" or "" for all.

    protocol "clean": 70 % of the backgrounds and 70 % of the cut-outs make the training part, the others the validation part;
    pairs that mix them are dropped, `dropped` says how many. "published": the pairs are shuffled and cut at 70 %, so nearly every
    background and cut-out is in both parts, and validation measures interpolation. Raises InputError, ConfigError.
    """

    targets: tuple[str, ...] = ("depth", "foreground")
    label_space: str | None = None
    depth_kind: str | None = "relative"

    def __init__(self, root: Path, split: str = "train", protocol: str = "clean") -> None:
        for what, value, known in (("split", split, SPLITS), ("protocol", protocol, PROTOCOLS)):
            if value not in known:
                raise ConfigError(f"mdeas set {root}: {what} '{value}' is unknown; {known_names(value, known)}")
        self.root = root
        self.name = root.name + (f"@{protocol}-{split}" if split else "")
        self.licence = _licence(root / SETTINGS)
        rows = _rows(root / INDEX)
        self.dropped = 0
        if split and protocol == "clean":
            train, val = _clean(rows, root / INDEX)
            self.dropped = len(rows) - len(train) - len(val)
            _log.info("%s: %d pairs to train, %d to validate, %d dropped that mix the two", root, len(train), len(val), self.dropped)
        else:
            train, val = published(len(rows))
        self._rows = [rows[k] for k in {"train": train, "val": val}.get(split, range(len(rows)))]
        if not self._rows:
            raise InputError(f"{root}: no pairs are left for split '{split}' of protocol {protocol}; build the set with more")

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Sample:
        row = self._rows[index]
        return Sample(
            image=read_rgb(self.root / row.fg_bg),
            depth=share(read_plane(self.root / row.depth)),
            foreground=share(read_plane(self.root / row.mask)),
            background=Sample(read_rgb(self.root / row.bg), name=row.bg),
            name=f"{self.name}/{row.fg_bg}",
        )


def open_mdeas(root: Path, split: str = "") -> MdeasPairs:
    """The pairs of "train" or "val", of "published-train" or "published-val", or all."""
    protocol, dash, part = split.rpartition("-")
    return MdeasPairs(root, part, protocol) if dash else MdeasPairs(root, split)


def published(pairs: int) -> tuple[list[int], list[int]]:
    """(train, val) indices as sklearn.utils.shuffle(random_state=2) and a cut at 70 % give them."""
    order = np.arange(pairs)
    np.random.RandomState(SPLIT_SEED).shuffle(order)
    cut = int(pairs * TRAIN_SHARE)
    return order[:cut].tolist(), order[cut:].tolist()


def _clean(rows: Sequence[_Row], where: Path) -> tuple[list[int], list[int]]:
    """(train, val) indices of the rows whose background and cut-out belong to the same part."""
    cutouts = [_cutout(row, where) for row in rows]
    train_backgrounds, train_cutouts = (_training_part(values, where) for values in ([row.bg for row in rows], cutouts))
    sides = [(row.bg in train_backgrounds, cutout in train_cutouts) for row, cutout in zip(rows, cutouts, strict=True)]
    return [k for k, side in enumerate(sides) if side == (True, True)], [k for k, side in enumerate(sides) if side == (False, False)]


def _training_part(values: Sequence[str], where: Path) -> set[str]:
    names = sorted(set(values))
    count = int(len(names) * TRAIN_SHARE)
    if count == 0:
        raise InputError(f"{where}: {len(names)} background or cut-out cannot be divided; build the set with two or more of each")
    return {names[k] for k in np.random.default_rng(SPLIT_SEED).permutation(len(names))[:count]}


def _cutout(row: _Row, where: Path) -> str:
    number, dash, _ = Path(row.fg_bg).stem.partition("-")
    if not dash or not number.isdecimal():
        remedy = "use protocol published, or build the set"
        raise InputError(f"{where}: '{row.fg_bg}' does not tell its cut-out as 0003/0017-05.jpg does; {remedy}")
    return number


def _rows(path: Path) -> list[_Row]:
    try:
        header, *lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise InputError(f"{path}: no readable index ({error}); build the set") from error
    if header.strip() != HEADER:
        raise InputError(f"{path}: begins with '{header}', expected '{HEADER}'; use an index of that form")
    cells = [line.strip().split(";") for line in lines if line.strip()]
    for number, row in enumerate(cells, 2):
        if len(row) != len(_Row._fields):
            raise InputError(f"{path}, line {number}: {len(row)} cells where {len(_Row._fields)} are due; correct the index")
    if not cells:
        raise InputError(f"{path}: lists no pairs; build the set")
    return [_Row(*row) for row in cells]


def _licence(settings: Path) -> str:
    return str(json.loads(settings.read_text(encoding="utf-8")).get("licence", "unknown")) if settings.exists() else "unknown"
