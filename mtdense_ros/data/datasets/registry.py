"""Opens a data set by one line of text, such as a training's configuration holds: "KIND:PATH" or "KIND:PATH@SPLIT"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mtdense_ros.data.dataset import Source
from mtdense_ros.data.datasets.camvid import CamVidSource
from mtdense_ros.data.datasets.folder import FolderSource
from mtdense_ros.data.datasets.kitti import open_kitti
from mtdense_ros.data.datasets.nyuv2 import open_nyuv2
from mtdense_ros.data.datasets.rendered import RenderedSource
from mtdense_ros.data.datasets.tum import TumSource
from mtdense_ros.data.mdeas.pairs import open_mdeas
from mtdense_ros.errors import ConfigError, InputError, known_names


def open_source(text: str) -> Source:
    """The data set of a kind of KINDS in a folder, as in "folder:~/data/mine@train".

    What follows the last "@" is a split, unless a folder has that very name. Raises ConfigError for an unknown kind, InputError
    where the folder does not exist or its reader finds something wrong.
    """
    kind, colon, rest = text.partition(":")
    if not colon or kind not in KINDS:
        raise ConfigError(f"data set '{text}': kind '{kind}' is unknown; write KIND:PATH or KIND:PATH@SPLIT, {known_names(kind, KINDS)}")
    root, split = Path(rest).expanduser(), ""
    if not root.is_dir() and "@" in rest:
        path, _, split = rest.rpartition("@")
        root = Path(path).expanduser()
    if not rest or not root.is_dir():
        raise InputError(f"data set '{text}': '{rest}' is no folder that exists; correct the path")
    return KINDS[kind](root.resolve(), split)


def _without_split(reader: Callable[[Path], Source]) -> Callable[[Path, str], Source]:
    def open_whole(root: Path, split: str) -> Source:
        if split:
            raise InputError(f"{root}: has no splits, and '{split}' was asked for; leave '@{split}' out")
        return reader(root)

    return open_whole


KINDS: Mapping[str, Callable[[Path, str], Source]] = {
    "folder": FolderSource,
    "nyuv2": open_nyuv2,
    "tum": _without_split(TumSource),
    "camvid": CamVidSource,
    "kitti": open_kitti,
    "mdeas": open_mdeas,
    "renders": _without_split(RenderedSource),
}
"""The readers by the kind that names them."""
