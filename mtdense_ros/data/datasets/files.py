"""Pictures and lists of a data set on disk; every error names the file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError

_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".ppm"}


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """A picture (H, W, 3) uint8 RGB, turned as its EXIF says."""
    return np.asarray(cv2.cvtColor(_read(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def read_plane(path: Path) -> NDArray[Any]:
    """A grey picture (H, W) as stored, uint8 or uint16. Raises InputError where it has colours."""
    stored = read_stored(path)
    if stored.ndim != 2:
        raise InputError(f"{path}: has {stored.shape[2]} channels where one is due; store numbers as a grey PNG, without a palette")
    return stored


def read_stored(path: Path) -> NDArray[Any]:
    """A picture's values as stored: (H, W), or (H, W, C) in OpenCV's order of channels."""
    return _read(path, cv2.IMREAD_UNCHANGED)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder in the order of their names. Raises InputError where there is none."""
    found = [path for path in sorted(folder.glob("*")) if path.suffix.lower() in _PICTURES]
    if not found:
        raise InputError(f"{folder}: no pictures there; correct the folder")
    return found


def files_by_key(root: Path, pattern: str) -> dict[str, Path]:
    """The files of a pattern such as "depth/*_d.png" below root, by what its one `*` stands for, sorted.

    Raises InputError for a pattern without exactly one `*`, with one in a folder's name, and where no file fits.
    """
    folder, _, name = pattern.rpartition("/")
    if name.count("*") != 1 or "*" in folder:
        raise InputError(f"pattern '{pattern}': needs exactly one '*', in the file's name; write for example rgb/*.png")
    before, after = name.split("*")
    found = {path.name[len(before) : len(path.name) - len(after)]: path for path in sorted((root / folder).glob(name))}
    if not found:
        raise InputError(f"{root}: no file fits '{pattern}'; correct the folder or the pattern")
    return found


def refuse_unpaired(files: Mapping[str, Path], pictures: Collection[str]) -> None:
    """Raises InputError, naming the first file of a target that belongs to none of the pictures."""
    for key, path in files.items():
        if key not in pictures:
            raise InputError(f"{path}: no picture is called '{key}'; add the picture or remove the file")


def listed(path: Path) -> list[str]:
    """The keys that a text file lists: the first word of each line, without folders and without a picture's suffix."""
    try:
        words = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no readable list of a split ({error}); write one name per line") from error
    names = [Path(word) for word in words]
    return [name.stem if name.suffix.lower() in _PICTURES else name.name for name in names]


def chosen(keys: Collection[str], wanted: Sequence[str], where: Path) -> list[str]:
    """`wanted` in its own order. Raises InputError, naming `where`, for one that is not among `keys` and for none at all."""
    missing = [name for name in wanted if name not in keys]
    if missing or not wanted:
        what = f"'{missing[0]}' ({len(missing)} in all) is not in the data set" if missing else "lists nothing"
        raise InputError(f"{where}: {what}; correct the list")
    return list(wanted)


def _read(path: Path, flags: int) -> NDArray[Any]:
    picture = cv2.imread(str(path), flags) if path.is_file() else None
    if picture is None:
        raise InputError(f"{path}: {'not a readable picture' if path.exists() else 'does not exist'}; copy the data set again")
    return picture
