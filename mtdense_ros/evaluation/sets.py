"""Readers of the real evaluation sets. They are only measured on: nothing here may train, tune or select anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.datasets.files import read_plane, read_rgb
from mtdense_ros.data.datasets.nyuv2 import CAMERA as NYU_CAMERA
from mtdense_ros.data.datasets.registry import KINDS, open_source
from mtdense_ros.data.datasets.units import metres, unit_normals
from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import InputError, known_names
from mtdense_ros.evaluation.frames import EvaluationFrame, frames_of
from mtdense_ros.imaging.label_spaces import label_mapping

DATA_VARIABLE = "MTDENSE_DATA"
"""Environment variable: the folder that holds the evaluation sets; default: shared/data next to the project."""

LABEL_SPACE = "indoor"
"""The label space of the truth."""

_MOSD_CAMERA = Intrinsics(640, 480, 525.0, 525.0, 319.5, 239.5)
_OPENLORIS_CAMERA = Intrinsics(848, 480, 611.451, 611.486, 433.204, 249.473)
_OFFICE_FIRST_SCORED = 570


def data_root() -> Path:
    """The folder of the evaluation sets: the environment variable MTDENSE_DATA, or ../shared/data from the project.

    Raises InputError when there is none.
    """
    named = os.environ.get(DATA_VARIABLE)
    root = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data"
    if not root.is_dir():
        raise InputError(f"evaluation data: {root} does not exist; set {DATA_VARIABLE} to the folder that holds eval_nyuv2 and the others")
    return root


def read_set(name: str, root: Path | None = None) -> Iterator[EvaluationFrame]:
    """The frames of a set of SETS below `root` (default: data_root()), or of a data set as for open_source ("folder:PATH").

    Raises InputError for an unknown or absent set.
    """
    if ":" in name:
        return frames_of(open_source(name))
    if name not in SETS:
        kinds = ", ".join(f"{kind}:PATH" for kind in KINDS)
        raise InputError(f"evaluation set '{name}' is unknown; {known_names(name, SETS)}, or a data set of your own: {kinds}")
    return SETS[name](root or data_root())


def _nyuv2(root: Path) -> Iterator[EvaluationFrame]:
    from_nyud13 = label_mapping("nyud13", LABEL_SPACE)
    for path in _files(root / "eval_nyuv2", "*_rgb.png"):
        rgb = read_rgb(path)
        depth, normals = (path.with_name(path.name.replace("_rgb", end)) for end in ("_depth5000", "_normal"))
        yield EvaluationFrame(
            name=path.name[:4],
            rgb=rgb,
            intrinsics=NYU_CAMERA if rgb.shape[:2] == (480, 640) else _nyu_cropped(rgb.shape[0], rgb.shape[1]),
            labels=from_nyud13[_grey(path.with_name(path.name.replace("_rgb", "_label13"))) - np.uint8(1)],  # void, 0, becomes 255
            depth=_metres(depth, 5000) if depth.exists() else None,
            normals=unit_normals(read_rgb(normals), "nyu") if normals.exists() else None,
        )


def _mosd(group: str) -> Callable[[Path], Iterator[EvaluationFrame]]:
    def read(root: Path) -> Iterator[EvaluationFrame]:
        folder = root / "eval_mosd_change" / group
        background, observed = read_rgb(folder / "bg_rgb.png"), _grey(folder / "bg_valid.png") == 255
        for path in _files(folder, "*_mask.png"):
            mask = _grey(path)
            stem = path.name.removesuffix("_mask.png")
            yield EvaluationFrame(
                name=stem,
                rgb=read_rgb(folder / f"{stem}_rgb.png"),
                intrinsics=_MOSD_CAMERA,
                background=background,
                depth=_metres(folder / f"{stem}_depth_mm.png", 1000),
                foreground=mask == 255,
                foreground_valid=observed & ((mask == 0) | (mask == 255)),
            )

    return read


def _office(root: Path) -> Iterator[EvaluationFrame]:
    folder = root / "eval_office"
    inputs = {int(path.stem[2:]): path for path in _files(folder / "input", "in*.jpg")}
    empty = tuple(read_rgb(path) for number, path in inputs.items() if number < _OFFICE_FIRST_SCORED)
    background = np.median(np.stack(empty), axis=0).astype(np.uint8)
    for path in _files(folder / "groundtruth", "gt*.png"):
        truth = _grey(path)
        yield EvaluationFrame(
            name=path.stem,
            rgb=read_rgb(inputs[int(path.stem[2:])]),
            background=background,
            foreground=truth == 255,
            foreground_valid=(truth == 0) | (truth == 50) | (truth == 255),  # 50 is shadow, which counts as background
            empty=empty,
            person=truth == 255,
            person_valid=(truth == 0) | (truth == 255),
        )


def _openloris(root: Path) -> Iterator[EvaluationFrame]:
    folder = root / "eval_openloris"
    colours, depths = _files(folder / "color", "*.png"), _files(folder / "aligned_depth", "*.png")
    for path, depth in zip(colours, depths, strict=True):  # their stamps differ by microseconds, their order agrees
        yield EvaluationFrame(name=path.stem, rgb=read_rgb(path), intrinsics=_OPENLORIS_CAMERA, depth=_metres(depth, 1000))


SETS: Mapping[str, Callable[[Path], Iterator[EvaluationFrame]]] = {
    "nyuv2": _nyuv2,
    "mosd_A": _mosd("A"),
    "mosd_B": _mosd("B"),
    "mosd_D": _mosd("D"),
    "office": _office,
    "openloris": _openloris,
}
"""The sets by name: 7 frames of NYUv2, three still cameras over a table, an office that a person enters, a wheeled robot."""


def _nyu_cropped(height: int, width: int) -> Intrinsics:
    c = NYU_CAMERA
    return Intrinsics(width, height, c.fx, c.fy, c.cx - 7, c.cy - 6)


def _metres(path: Path, per_metre: int) -> NDArray[np.float32]:
    return metres(read_plane(path), per_metre)


def _grey(path: Path) -> NDArray[np.uint8]:
    """The values of a grey picture (H, W), whether it is stored in one channel or in three."""
    return np.ascontiguousarray(read_rgb(path)[..., 0])


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise InputError(f"{folder}: no {pattern} there; set {DATA_VARIABLE} to the folder that holds the evaluation sets")
    return found
