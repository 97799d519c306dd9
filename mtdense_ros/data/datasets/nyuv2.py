"""NYU Depth v2, labelled: exported to PNG folders, or as the published `nyu_depth_v2_labeled.mat`.

The official split of 795 / 654 frames comes as text files beside the data, `SPLIT.txt`: one name of a PNG, or one number of
the .mat's frames (from 1), per line; more words on a line are passed over.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.dataset import Source
from mtdense_ros.data.datasets.files import chosen, files_by_key, listed, read_plane, read_rgb, refuse_unpaired
from mtdense_ros.data.datasets.units import label_ids, metres, unit_normals
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import UNLABELLED, Intrinsics
from mtdense_ros.errors import InputError

MAT = "nyu_depth_v2_labeled.mat"
CLASSES_40 = "classes40.txt"
DEPTH_PER_METRE = 5000.0
"""Of exported depth, as HydraNet's."""

CLASSES = 40
CAMERA = Intrinsics(640, 480, 518.86, 519.47, 325.58, 253.74)
"""The colour camera of the frames at their full size; of crops the camera is unknown."""

_LICENCE = "unknown (published for research)"


def open_nyuv2(root: Path, split: str = "") -> Source:
    """The reader for what the folder holds, the .mat or PNG folders. Raises InputError as they do."""
    return NyuMatSource(root, split) if (root / MAT).exists() else NyuFolderSource(root, split)


class NyuFolderSource:
    """Folders `rgb`, and any of `labels40`, `depth` (5000 to the metre), `normals` (axes of units.AXES "nyu") with the same names.

    Labels may be 0-39 with void 255, or 1-40 with void 0: the first file with a 255 or a 40 tells, and one that says the
    opposite is an error. Raises InputError, naming the file.
    """

    label_space: str | None = None
    depth_kind: str | None = None

    def __init__(self, root: Path, split: str = "") -> None:
        self.name, self.licence = _name(root, split), _LICENCE
        self._pictures = files_by_key(root, "rgb/*.png")
        folders = {"labels": "labels40", "depth": "depth", "normals": "normals"}
        self._files = {target: files_by_key(root, f"{name}/*.png") for target, name in folders.items() if (root / name).is_dir()}
        for files in self._files.values():
            refuse_unpaired(files, self._pictures)
        self.targets: tuple[str, ...] = tuple(self._files)
        if "labels" in self._files:
            self.label_space, self._first = "nyud40", _first_id(self._files["labels"], root / "labels40")
        if "depth" in self._files:
            self.depth_kind = "metric"
        self._keys = chosen(self._pictures, listed(_list(root, split)), _list(root, split)) if split else list(self._pictures)

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int) -> Sample:
        key = self._keys[index]
        image = read_rgb(self._pictures[key])
        labels, depth, normals = (self._files.get(target, {}).get(key) for target in ("labels", "depth", "normals"))
        return Sample(
            image=image,
            labels=None if labels is None else _ids(read_plane(labels), self._first, str(labels)),
            depth=None if depth is None else metres(read_plane(depth), DEPTH_PER_METRE),
            normals=None if normals is None else unit_normals(read_rgb(normals), "nyu"),
            intrinsics=_camera(image),
            name=f"{self.name}/{key}",
        )


class NyuMatSource:
    """The published .mat (MATLAB 7.3, which is HDF5): pictures, filled depth in m, and labels where `classes40.txt` is beside it.

    That file has, on line k, the number 1-40 that class k of the .mat's hundreds becomes, 0 for none. Needs h5py. Raises
    InputError, naming the file.
    """

    targets: tuple[str, ...] = ("depth",)
    label_space: str | None = None
    depth_kind: str | None = "metric"

    def __init__(self, root: Path, split: str = "") -> None:
        self._path = root / MAT
        self.name, self.licence = _name(root, split), _LICENCE
        with self._open() as file:
            numbers = [str(number) for number in range(1, len(file["images"]) + 1)]
        self._classes: NDArray[np.uint8] | None = None
        if (root / CLASSES_40).exists():
            self.targets, self.label_space = ("labels", "depth"), "nyud40"
            self._classes = _classes_40(root / CLASSES_40)
        wanted = [name.lstrip("0") for name in listed(_list(root, split))] if split else numbers
        self._rows = [int(number) - 1 for number in chosen(numbers, wanted, _list(root, split))]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Sample:
        row = self._rows[index]
        with self._open() as file:  # opened for each sample: a handle lives in one process only
            image, depth, labels = (np.asarray(file[key][row]).T for key in ("images", "depths", "labels"))
        rgb = np.ascontiguousarray(image)
        return Sample(
            image=rgb,
            labels=None if self._classes is None else self._ids(labels, row),
            depth=metres(depth, 1.0),
            intrinsics=_camera(rgb),
            name=f"{self.name}/{row + 1}",
        )

    def _ids(self, labels: NDArray[Any], row: int) -> NDArray[np.uint8]:
        assert self._classes is not None
        if labels.max() >= len(self._classes):
            raise InputError(f"{self._path}: frame {row + 1} has class {labels.max()}, {CLASSES_40} ends at {len(self._classes) - 1}; "
                             "give one line per class")
        return _ids(self._classes[labels], 1, str(self._path))

    def _open(self) -> Any:
        try:
            return _h5py().File(self._path, "r")
        except OSError as error:
            raise InputError(f"{self._path}: not a readable HDF5 file ({error}); copy it again") from error


def _h5py() -> ModuleType:
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError as error:
        raise InputError(f"{MAT}: reading it needs h5py, which is not installed; pip install h5py, or export the frames to PNG") from error
    module: ModuleType = h5py
    return module


def _ids(stored: NDArray[Any], first: int, where: str) -> NDArray[np.uint8]:
    return label_ids(stored, CLASSES, where, first, void=(0,) if first else (UNLABELLED,))


def _first_id(files: dict[str, Path], folder: Path) -> int:
    for path in files.values():
        stored = read_plane(path)
        if (stored == UNLABELLED).any():
            return 0
        if (stored == CLASSES).any():
            return 1
    raise InputError(f"{folder}: no pixel is 255 or 40, so nothing tells whether ids count from 0 or 1; use a folder with dataset.yaml")


def _classes_40(path: Path) -> NDArray[np.uint8]:
    """A look-up table from the .mat's classes, 0 = none, to 0-40."""
    words = path.read_text(encoding="utf-8").split()
    if not all(word.isdecimal() and int(word) <= CLASSES for word in words):
        raise InputError(f"{path}: must hold one number 0 to {CLASSES} per line; correct it")
    return np.array([0, *map(int, words)], np.uint8)


def _camera(image: NDArray[np.uint8]) -> Intrinsics | None:
    return CAMERA if image.shape[:2] == (CAMERA.height, CAMERA.width) else None


def _name(root: Path, split: str) -> str:
    return root.name + (f"@{split}" if split else "")


def _list(root: Path, split: str) -> Path:
    return root / f"{split}.txt"
