"""CamVid: street pictures with labels, in the layouts in which it is passed on.

| pictures | labels | what the labels are |
|---|---|---|
| SPLIT/*.png | SPLITannot/*.png | ids of camvid11, void 11 (SegNet's) |
| SPLIT/*.png | SPLIT_labels/*_L.png | colours of camvid32 |
| images/*.png | labels/*_P.png | ids of camvid32 |
| images/*.png | labels/*_L.png | colours of camvid32 |
| 701_StillsRaw_full/*.png | LabeledApproved_full/*_L.png | colours of camvid32 (the original) |

CamVid's class Void becomes 255 whatever the layout. A layout without folders of splits takes them from lists `SPLIT.txt`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.datasets.files import chosen, files_by_key, listed, read_plane, read_rgb, refuse_unpaired
from mtdense_ros.data.datasets.units import Colour, colour_ids, label_ids
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import InputError, known_names
from mtdense_ros.imaging.label_spaces import load_label_space

SPLITS = ("train", "val", "test")
_VOID_CLASS = "Void"


@dataclass(frozen=True)
class _Layout:
    pictures: str
    labels: str
    space: str
    colours: bool

    def fits(self, root: Path, split: str) -> bool:
        folder, _, name = self.labels.format(split).rpartition("/")
        return any((root / folder).glob(name))


_BY_FOLDER = (
    _Layout("{0}/*.png", "{0}annot/*.png", "camvid11", colours=False),
    _Layout("{0}/*.png", "{0}_labels/*_L.png", "camvid32", colours=True),
)
_BY_LIST = (
    _Layout("images/*.png", "labels/*_P.png", "camvid32", colours=False),
    _Layout("images/*.png", "labels/*_L.png", "camvid32", colours=True),
    _Layout("701_StillsRaw_full/*.png", "LabeledApproved_full/*_L.png", "camvid32", colours=True),
)


class CamVidSource:
    """CamVid in the first layout that fits; split: a folder's or a list's, all pictures when empty (lists only).

    void_colours: further colours, beside class Void's, that become 255. Raises InputError, naming the file, and the pixel
    where a colour or an id is of no class.
    """

    targets: tuple[str, ...] = ("labels",)
    licence = "unknown"
    depth_kind: str | None = None

    def __init__(self, root: Path, split: str = "", void_colours: Collection[Colour] = ()) -> None:
        self.name = root.name + (f"@{split}" if split else "")
        layout = _layout(root, split)
        self.label_space: str | None = layout.space
        space = load_label_space(layout.space)
        self._classes = len(space.classes)
        self._void = space.names.index(_VOID_CLASS) if _VOID_CLASS in space.names else self._classes
        self._colours: dict[Colour, int] | None = None
        if layout.colours:
            ids = {c.color: UNLABELLED if c.id == self._void else c.id for c in space.classes}
            self._colours = ids | dict.fromkeys(void_colours, UNLABELLED)
        self._pictures = files_by_key(root, layout.pictures.format(split))
        self._labels = files_by_key(root, layout.labels.format(split))
        refuse_unpaired(self._labels, self._pictures)
        lists = root / f"{split}.txt"
        self._keys = chosen(self._pictures, listed(lists), lists) if split and layout in _BY_LIST else list(self._pictures)

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int) -> Sample:
        key = self._keys[index]
        labels = self._ids(self._labels[key]) if key in self._labels else None
        return Sample(image=read_rgb(self._pictures[key]), labels=labels, name=f"{self.name}/{key}")

    def _ids(self, path: Path) -> NDArray[np.uint8]:
        if self._colours is not None:
            return colour_ids(read_rgb(path), self._colours, str(path))
        return label_ids(read_plane(path), self._classes, str(path), void=(self._void, UNLABELLED))


def _layout(root: Path, split: str) -> _Layout:
    by_folder: tuple[_Layout, ...] = _BY_FOLDER if split else ()
    for layout in (*by_folder, *_BY_LIST):
        if layout.fits(root, split):
            return layout
    splits = [name for name in SPLITS if any(layout.fits(root, name) for layout in _BY_FOLDER)]
    if splits:
        raise InputError(f"{root}: has no split '{split}', and splits are folders there; {known_names(split, splits)}")
    raise InputError(f"{root}: no known layout of CamVid; give the folder that holds images and labels, 701_StillsRaw_full or train")
