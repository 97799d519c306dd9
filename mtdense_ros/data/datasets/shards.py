"""Sharded sets of background/frame pairs: the renderer writes them, training maps them into memory.

A set is a folder: `manifest.json` lists the finished shards, each a folder of one uncompressed .npy file per array, so that a
reader touches only the bytes that it asks for. A shard appears under its name only when it is complete.
"""

from __future__ import annotations

import bisect
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from mtdense_ros.data.datasets.stored_labels import WITHOUT_PERSONS, upgraded
from mtdense_ros.errors import InputError

FORMAT = 2
MANIFEST = "manifest.json"
FRAME, BACKGROUND = 0, 1
"""Index of the two views of a pair along the first axis of its arrays."""

_ARRAYS: dict[str, tuple[type[np.generic], bool, tuple[int, ...]]] = {
    "images": (np.uint8, True, (3,)),
    "depth": (np.float16, True, ()),
    "labels": (np.uint8, True, ()),
    "normals": (np.int8, True, (3,)),
    "foreground": (np.uint8, False, ()),
}


@dataclass(frozen=True)
class Pair:
    """One still camera's frame (index 0) and background (index 1), rendered without noise; arrays may be read-only maps.

    images (2, H, W, 3) uint8 sRGB; depth (2, H, W) float16 metres along the optical axis, 0 none; labels (2, H, W) uint8 ids
    as in stored_labels.STORED_CLASSES, 255 none; normals (2, H, W, 3) int8 = round(127 n), camera optical frame, facing the camera,
    0 0 0 none; foreground (H, W) uint8 0/1; focal length in pixels of this size. Raises InputError where shapes disagree.
    """

    images: NDArray[np.uint8]
    depth: NDArray[np.float16]
    labels: NDArray[np.uint8]
    normals: NDArray[np.int8]
    foreground: NDArray[np.uint8]
    focal: float

    def __post_init__(self) -> None:
        height, width = self.foreground.shape
        for name, (dtype, both, tail) in _ARRAYS.items():
            array = getattr(self, name)
            shape = (*((2,) if both else ()), height, width, *tail)
            if array.dtype != dtype or array.shape != shape:
                raise InputError(f"pair: {name} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape}; check what rendered it")


class ShardWriter:
    """Writes one shard of a known number of pairs; `close` makes it visible under its name.

    root: folder of the set; size (height, width). Use as a context manager: an exception inside leaves no shard behind.
    """

    def __init__(self, root: Path, name: str, pairs: int, size: tuple[int, int]) -> None:
        self._final = root / name
        self._folder = root / f".{name}.partial"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._arrays = {key: self._create(key, _shape(key, pairs, size)) for key in _ARRAYS}
        self._focal = np.zeros(pairs, np.float32)

    def _create(self, key: str, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[Any]]:
        return open_memmap(self._folder / f"{key}.npy", "w+", _ARRAYS[key][0], shape)  # type: ignore[no-any-return, no-untyped-call]

    def put(self, index: int, pair: Pair) -> None:
        """Stores a pair at position index of the shard."""
        for key, array in self._arrays.items():
            array[index] = getattr(pair, key)
        self._focal[index] = pair.focal

    def close(self) -> None:
        """Flushes the arrays and renames the folder to its final name, replacing an unlisted older one."""
        for array in self._arrays.values():
            array.flush()
        np.save(self._folder / "focal.npy", self._focal)
        shutil.rmtree(self._final, ignore_errors=True)
        os.replace(self._folder, self._final)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            shutil.rmtree(self._folder, ignore_errors=True)


class ShardSet:
    """The pairs of all finished shards of a set, memory-mapped read-only; a fixed view of the manifest at opening.

    Labels of an older format come with today's ids, see stored_labels.upgraded(). Raises InputError when the
    folder holds no set of a known format, or a shard's arrays are missing.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)
        self.manifest = read_manifest(self.root)
        self.size: tuple[int, int] = (int(self.manifest["size"][0]), int(self.manifest["size"][1]))
        self._shards = [_map_shard(self.root / str(entry["name"])) for entry in self.manifest["shards"]]
        self._ends = np.cumsum([len(shard["focal"]) for shard in self._shards]).tolist()

    def __len__(self) -> int:
        return int(self._ends[-1]) if self._ends else 0

    def __iter__(self) -> Iterator[Pair]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Pair:
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"pair {index} of a set of {len(self)}")
        which = bisect.bisect_right(self._ends, position)
        shard = self._shards[which]
        row = position - (self._ends[which - 1] if which else 0)
        focal, arrays = float(shard["focal"][row]), {key: shard[key][row] for key in _ARRAYS}
        if self.manifest["format"] == WITHOUT_PERSONS:
            views = zip(arrays["labels"], arrays["depth"], strict=True)
            arrays["labels"] = np.stack([upgraded(labels, depth, focal) for labels, depth in views])
        return Pair(focal=focal, **arrays)


def read_manifest(root: Path) -> dict[str, Any]:
    """The manifest of the set at root; raises InputError when absent or of another format."""
    path = root / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        remedy = "render one with python -m mtdense_ros.synthetic.generate"
        raise InputError(f"{path}: no readable manifest of a training set ({error}); {remedy}") from error
    if manifest.get("format") not in (WITHOUT_PERSONS, FORMAT):
        known = f"{WITHOUT_PERSONS} and {FORMAT}"
        raise InputError(f"{path}: format {manifest.get('format')}, this reader knows {known}; render the set again")
    return manifest


def create_manifest(root: Path, size: tuple[int, int], generator: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest at root, made empty when there is none yet. Raises InputError when it was begun with other settings."""
    if (root / MANIFEST).exists():
        manifest = read_manifest(root)
        if manifest["format"] != FORMAT:
            found = manifest["format"]
            raise InputError(f"{root}: holds a set of format {found}, which can be read but does not grow; choose another folder")
        if manifest["generator"] != dict(generator) or manifest["size"] != list(size):
            raise InputError(f"{root}: holds a set of other settings {manifest['generator']}; resume with those or choose another folder")
        return manifest
    root.mkdir(parents=True, exist_ok=True)
    manifest = {"format": FORMAT, "size": list(size), "generator": dict(generator), "shards": []}
    _write_manifest(root, manifest)
    return manifest


def add_shard(root: Path, name: str, pairs: int, seed: int) -> None:
    """Lists a finished shard in the manifest (one process only may do so)."""
    manifest = read_manifest(root)
    manifest["shards"].append({"name": name, "pairs": pairs, "seed": seed})
    _write_manifest(root, manifest)


def _write_manifest(root: Path, manifest: Mapping[str, Any]) -> None:
    partial = root / f".{MANIFEST}.partial"
    partial.write_text(json.dumps(manifest, indent=1) + "\n")
    os.replace(partial, root / MANIFEST)


def _shape(key: str, pairs: int, size: tuple[int, int]) -> tuple[int, ...]:
    _, both, tail = _ARRAYS[key]
    return (pairs, *((2,) if both else ()), *size, *tail)


def _map_shard(folder: Path) -> dict[str, NDArray[Any]]:
    try:
        maps = {key: np.load(folder / f"{key}.npy", mmap_mode="r", allow_pickle=False) for key in _ARRAYS}
        return {**maps, "focal": np.load(folder / "focal.npy", allow_pickle=False)}
    except (OSError, ValueError) as error:
        remedy = "delete it and its entry and resume rendering"
        raise InputError(f"{folder}: listed shard cannot be read ({error}); {remedy}") from error
