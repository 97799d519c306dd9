"""What stored numbers mean: the one place where a reader's units and invalid values become those of a Sample."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import InputError

Floats = NDArray[np.float32]
Ids = NDArray[np.uint8]
Colour = tuple[int, int, int]

AXES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "optical": ((0, 1), (1, 1), (2, 1)),
    "opengl": ((0, 1), (1, -1), (2, -1)),
    "nyu": ((0, 1), (2, -1), (1, 1)),
}
"""Frames that normals are stored in, as (stored axis, sign) of x right, y down, z forward.

optical: just that; opengl: x right, y up, z towards the viewer; nyu: x right, y forward, z up.
"""

_NO_NORMAL = (0, 127, 128)
_LENGTH_TOLERANCE = 0.5


def metres(stored: NDArray[Any], per_metre: float) -> Floats:
    """Depth in m of stored values, `per_metre` of them to the metre; 0, negative and non-finite values become NaN."""
    values = stored.astype(np.float32)
    known = np.isfinite(values) & (values > 0)
    return np.where(known, values / np.float32(per_metre), np.float32(np.nan))


def share(stored: NDArray[Any]) -> Floats:
    """Values in [0, 1] of 8-bit or 16-bit grey: soft masks and relative depth. Every value is a known one."""
    return np.asarray(stored.astype(np.float32) / np.float32(np.iinfo(stored.dtype).max))


def label_ids(stored: NDArray[Any], classes: int, where: str, first: int = 0, void: Collection[int] = (UNLABELLED,)) -> Ids:
    """Ids 0..classes-1 of stored ones, 255 for the stored values in `void`.

    first: the stored value of class 0. Raises InputError, naming `where` and the pixel, for a value that is neither.
    """
    unlabelled = np.isin(stored, list(void))
    ids = stored.astype(np.int64) - first
    wrong = ~unlabelled & ((ids < 0) | (ids >= classes))
    if wrong.any():
        y, x = np.argwhere(wrong)[0]
        raise InputError(f"{where}: value {stored[y, x]} at x={x} y={y} is neither void {sorted(void)} nor a class "
                         f"({first} to {first + classes - 1}); correct the label space, the void ids or the first id")
    return np.where(unlabelled, UNLABELLED, ids).astype(np.uint8)


def colour_ids(picture: NDArray[np.uint8], ids: Mapping[Colour, int], where: str) -> Ids:
    """Ids of a colour-coded picture (H, W, 3) RGB. Raises InputError, naming `where` and the pixel, for a colour not in `ids`."""
    codes = _code(picture)
    known = np.array(sorted(_code(np.array(colour, np.uint8)) for colour in ids))
    values = np.array([ids[_colour(code)] for code in known], np.uint8)
    at = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    wrong = known[at] != codes
    if wrong.any():
        y, x = np.argwhere(wrong)[0]
        raise InputError(f"{where}: colour {_colour(codes[y, x])} at x={x} y={y} is of no class; correct the label space, or store "
                         "labels without loss (PNG, no smoothing when resized)")
    return np.asarray(values[at])


def unit_normals(stored: NDArray[np.uint8], axes: str) -> Floats:
    """Unit normals in the camera's optical frame of a picture (H, W, 3) RGB = (n + 1) / 2 * 255, in a frame of AXES.

    NaN where all three values are 0, 127 or 128, and where the vector is far from unit length.
    """
    vectors = stored.astype(np.float32) / np.float32(127.5) - 1
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    none = np.any([(stored == value).all(-1) for value in _NO_NORMAL], axis=0) | (np.abs(length[..., 0] - 1) > _LENGTH_TOLERANCE)
    turned = np.stack([vectors[..., axis] * sign for axis, sign in AXES[axes]], axis=-1)
    return np.where(none[..., None], np.float32(np.nan), turned / np.maximum(length, 1e-6)).astype(np.float32)


def _code(rgb: NDArray[np.uint8]) -> Any:
    return rgb.astype(np.int64) @ np.array([65536, 256, 1])


def _colour(code: int) -> Colour:
    return int(code) >> 16, int(code) >> 8 & 255, int(code) & 255
