"""Rendered sets as training samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mtdense_ros.data.datasets.shards import BACKGROUND, FRAME, Pair, ShardSet
from mtdense_ros.data.datasets.stored_labels import indoor_labels
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import Intrinsics


class RenderedSource:
    """A set of `mtdense_ros.synthetic.generate` as a `Source`: every target, the background with its own, square pixels, centred.

    Shards that were finished since the set was opened join on `refresh`.
    """

    licence = "Apache-2.0, with the attribution of the models and textures"
    targets: tuple[str, ...] = ("labels", "depth", "normals", "foreground")
    label_space: str | None = "indoor"
    depth_kind: str | None = "metric"

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self.name = f"renders:{self.root.name}"
        self.refresh()

    def refresh(self) -> None:
        """Reads the manifest again."""
        self._pairs = ShardSet(self.root)

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> Sample:
        return sample_of(self._pairs[index], f"{self.name}[{index}]")


def sample_of(pair: Pair, name: str = "") -> Sample:
    """A rendered pair as a sample."""
    height, width = pair.foreground.shape
    camera = Intrinsics(width, height, pair.focal, pair.focal, (width - 1) / 2, (height - 1) / 2)
    background = _view(pair, BACKGROUND, camera, f"{name} background", {})
    return _view(pair, FRAME, camera, name, {"foreground": (pair.foreground > 0).astype(np.float32), "background": background})


def _view(pair: Pair, view: int, camera: Intrinsics, name: str, more: dict[str, object]) -> Sample:
    depth = pair.depth[view].astype(np.float32)
    np.copyto(depth, np.nan, where=depth <= 0)
    x, y, z = np.moveaxis(pair.normals[view], -1, 0)
    normals = np.multiply(pair.normals[view], np.float32(1 / 127), dtype=np.float32)
    normals[(x | y | z) == 0] = np.nan
    labels = indoor_labels(pair.labels[view])
    return Sample(np.asarray(pair.images[view]), labels, depth, normals, intrinsics=camera, name=name, **more)  # type: ignore[arg-type]
