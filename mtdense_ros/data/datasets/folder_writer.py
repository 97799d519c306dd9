"""Writes samples as a plain folder that `folder.py` reads back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from mtdense_ros.data.datasets.description import DESCRIPTION
from mtdense_ros.data.datasets.storage import stored_metres, stored_normals, stored_share
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import InputError
from mtdense_ros.utils.files import write_atomically

_FOLDERS = {
    "image": "rgb", "labels": "labels", "depth": "depth", "normals": "normals", "foreground": "masks", "background": "background",
}  # fmt: skip


@dataclass(frozen=True)
class FolderWriter:
    """Writes a plain folder; its fields are what all samples share.

    label_space, depth_kind: as for Source; depth_factor: stored values per metre; intrinsics: of every sample. Of a sample's
    background the picture is kept, its truths have no place in a plain folder.
    """

    root: Path
    licence: str = "unknown"
    label_space: str | None = None
    depth_kind: str | None = None
    depth_factor: float = 1000.0
    intrinsics: Intrinsics | None = None

    def put(self, key: str, sample: Sample) -> None:
        """Writes every picture of a sample as FOLDER/key.png, each in one step. Raises InputError where one cannot be."""
        if sample.intrinsics != self.intrinsics:
            raise InputError(f"sample '{sample.name}': has another camera than the first; a plain folder has one, so annotate each apart")
        pictures = {"image": sample.image, **{target: self._stored(sample, target) for target in sample.targets}}
        if sample.background is not None:
            pictures["background"] = sample.background.image
        for kind, picture in pictures.items():
            write_file(self.root / _FOLDERS[kind] / f"{key}.png", _png(picture))

    def describe(self, provenance: Mapping[str, Any]) -> None:
        """Writes `dataset.yaml`, for the pictures that are there. Raises InputError."""
        kinds = {kind: f"{folder}/*.png" for kind, folder in _FOLDERS.items() if any((self.root / folder).glob("*.png"))}
        content: dict[str, Any] = {**kinds, "licence": self.licence}
        if "labels" in kinds:
            content["label_space"] = self.label_space
        if "depth" in kinds:
            content |= {"depth_kind": self.depth_kind} | ({"depth_factor": self.depth_factor} if self.depth_kind == "metric" else {})
        if self.intrinsics is not None:
            content["intrinsics"] = asdict(self.intrinsics)
        content["provenance"] = dict(provenance)
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=140)
        write_file(self.root / DESCRIPTION, text.encode())

    def _stored(self, sample: Sample, target: str) -> NDArray[Any]:
        values: NDArray[Any] = getattr(sample, target)
        if target == "labels":
            return values
        if target == "normals":
            return stored_normals(values)
        if target == "depth" and self.depth_kind == "metric":
            return stored_metres(values, self.depth_factor)
        return stored_share(values, f"sample '{sample.name}', {target}")


def write_file(path: Path, content: bytes) -> None:
    """A file in one step, with its folder. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another folder, or free some space") from error


def _png(picture: NDArray[Any]) -> bytes:
    """A grey picture (H, W) or one of colours (H, W, 3) RGB as PNG."""
    good, content = cv2.imencode(".png", picture if picture.ndim == 2 else np.ascontiguousarray(picture[..., ::-1]))
    assert good
    return content.tobytes()
