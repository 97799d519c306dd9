"""Intrinsics of the cameras of data sets: from a YAML mapping, KITTI's projection matrices, OpenLORIS's sensor file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import yaml

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import InputError

_FIELDS = ("width", "height", "fx", "fy", "cx", "cy")


def intrinsics_of(content: Any, where: str) -> Intrinsics:
    """The camera of a mapping with exactly the keys width, height, fx, fy, cx, cy, all in pixels. Raises InputError, naming `where`."""
    if not isinstance(content, Mapping) or set(content) != set(_FIELDS) or not all(type(v) in (int, float) for v in content.values()):
        raise InputError(f"{where}: found {content!r}; give numbers for exactly {', '.join(_FIELDS)}")
    return Intrinsics(int(content["width"]), int(content["height"]), *(float(content[key]) for key in _FIELDS[2:]))


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises InputError, naming it."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not a readable YAML file ({error}); correct it") from error


def intrinsics_beside(root: Path) -> Intrinsics | None:
    """The camera of `intrinsics.yaml` in the folder of a data set, None without that file."""
    path = root / "intrinsics.yaml"
    return intrinsics_of(read_yaml(path), str(path)) if path.exists() else None


def openloris_colour(path: Path) -> Intrinsics:
    """The colour camera of OpenLORIS's sensors.yaml, which stores fx, cx, fy, cy. Raises InputError, naming the file."""
    try:
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)  # its nodes live no longer than it
        node = storage.getNode("d400_color_optical_frame")
        fx, cx, fy, cy = (float(v) for v in node.getNode("intrinsics").mat().ravel())
        return Intrinsics(int(node.getNode("width").real()), int(node.getNode("height").real()), fx, fy, cx, cy)
    except (cv2.error, AttributeError, ValueError) as error:
        raise InputError(f"{path}: no d400_color_optical_frame with width, height and four intrinsics; copy the sequence again") from error


def kitti_projection(path: Path, key: str, width: int, height: int) -> Intrinsics:
    """The rectified camera of one 3x4 projection matrix of a KITTI calibration file, "P2: ..." or "P_rect_02: ...".

    width, height: of its pictures, which the matrix does not hold. Raises InputError, naming the file.
    """
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, numbers = line.partition(":")
        if name == key:
            p = [float(word) for word in numbers.split()]
            if len(p) != 12:
                raise InputError(f"{path}: {key} has {len(p)} numbers where 12 are due; copy the calibration again")
            return Intrinsics(width, height, p[0], p[5], p[2], p[6])
    raise InputError(f"{path}: no {key}; copy the calibration again")
