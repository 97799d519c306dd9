"""The results of single frames as picture files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError
from mtdense_ros.geometry.depth import millimetres
from mtdense_ros.imaging.visualization import colour_normals
from mtdense_ros.utils.files import make_folder

FOLDERS = ("labels", "depth", "normals", "foreground")
PICTURES = ("labels_color", "foreground_overlay")
"""The folders with results for programs, and those with pictures for people."""

FILES = ("sheet.png", "report.json", "report.md", "report.html", "demo.mcap", "records.bin", "node.log", "recorder.log", "player.log")
"""All else that a run leaves in its folder."""

MARKER = ".mtdense_results"
"""The file by which a folder with results of a run is recognised."""


def write_results(folder: Path, index: int, results: Mapping[str, NDArray[Any]], depth_is_relative: bool) -> None:
    """One PNG per output, as folder/OUTPUT/000000.png: class ids (8 bit), whole millimetres (16 bit, 0 unknown), normals as colours,
    mask 0 / 255. Relative depth has no millimetres: its values become 000000.npy. Raises InputError when a file cannot be written.
    """
    for name in FOLDERS:
        if name in results:
            path = folder / name / f"{index:06d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            if name == "depth" and depth_is_relative:
                _write_npy(path.with_suffix(".npy"), results[name])
            else:
                write_png(path, _picture(name, results[name]))


def claim_folder(folder: Path) -> None:
    """Makes a folder for the results of a run, and removes the single frames that an earlier run left there.

    Raises InputError where a folder without MARKER holds anything in the place of a result: it is somebody else's.
    """
    marker = make_folder(folder) / MARKER
    taken = [name for name in (*FOLDERS, *PICTURES, *FILES) if (folder / name).exists()]
    if taken and not marker.exists():
        raise InputError(
            f"--out {folder}: {', '.join(taken)} there would be replaced, and no run of this package has written it; "
            "choose another folder, or remove it yourself"
        )
    _write(marker, b"Results of mtdense_ros: the next run with this folder replaces them.\n")
    for name in (*FOLDERS, *PICTURES):
        for path in (folder / name).glob("[0-9]" * 6 + ".*"):
            if path.suffix in (".png", ".npy"):
                path.unlink()


def write_png(path: Path, picture: NDArray[Any]) -> None:
    """A picture (H, W) 8 or 16 bit, or (H, W, 3) RGB, as a file. Raises InputError when it cannot be written."""
    _, encoded = cv2.imencode(".png", picture if picture.ndim == 2 else picture[..., ::-1])
    _write(path, encoded.tobytes())


def _write_npy(path: Path, values: NDArray[Any]) -> None:
    content = io.BytesIO()
    np.save(content, values)
    _write(path, content.getvalue())


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another --out, or free some space") from error


def _picture(name: str, values: NDArray[Any]) -> NDArray[Any]:
    if name == "depth":
        return millimetres(values)
    if name == "normals":
        return colour_normals(values)
    return values.astype(bool).astype(np.uint8) * np.uint8(255) if name == "foreground" else values
