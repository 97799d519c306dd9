"""A plain folder with a `dataset.yaml`: one's own pictures, and whatever targets there are.

    image: rgb/*.png              # patterns below the folder with one "*" in the file's name; what it stands for pairs the files
    labels: labels/*.png          # ids in grey PNGs, or colours of the label space
    label_space: indoor           # name or path, as everywhere
    labels_first: 0               # the stored value of class 0
    labels_void: [255]            # stored values without a class; for colours: a list of [r, g, b]
    depth: depth/*.png            # grey PNGs of 8 or 16 bits
    depth_kind: metric            # metric: 0 is unknown; relative: value / 255 or / 65535, all known
    depth_factor: 1000            # stored values per metre, for metric depth
    normals: normals/*.png        # (n + 1) / 2 * 255
    normals_axes: optical         # optical, opengl or nyu: the frame that normals are stored in, see units.AXES
    foreground: masks/*.png       # 0 background, 255 foreground, soft in between
    background: empty/*.png       # the same view without the foreground; without "*": one picture for all
    intrinsics: {width: 640, height: 480, fx: 525.0, fy: 525.0, cx: 319.5, cy: 239.5}
    licence: CC-BY-4.0
    splits: {train: train.txt, val: val.txt}    # lists of what "*" stands for, one per line
    provenance: {made_by: me}     # for people: whatever is to be known of how the set was made

Only `image` is needed. A picture without a file of some target has None there; a file without its picture is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.datasets.description import DESCRIPTION, TARGETS, read_description
from mtdense_ros.data.datasets.files import chosen, files_by_key, listed, read_plane, read_rgb, read_stored, refuse_unpaired
from mtdense_ros.data.datasets.intrinsics import intrinsics_of
from mtdense_ros.data.datasets.units import colour_ids, label_ids, metres, share, unit_normals
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import InputError, known_names
from mtdense_ros.imaging.label_spaces import load_label_space


class FolderSource:
    """A folder with its `dataset.yaml` (see the module); `split`: one of its key `splits`, all pictures when empty.

    Raises InputError and ConfigError, naming the file, when opened for a wrong description, missing and unpaired files; when
    a sample is asked for, for unreadable ones and wrong values.
    """

    def __init__(self, root: Path, split: str = "") -> None:
        self.root = root
        self._where = root / DESCRIPTION
        self._options = read_description(self._where)
        self.name = root.name + (f"@{split}" if split else "")
        self.licence = str(self._options.get("licence", "unknown"))
        self.targets = tuple(target for target in TARGETS if target in self._options)
        self.label_space: str | None = self._options.get("label_space")
        self.depth_kind: str | None = self._options.get("depth_kind", "metric") if "depth" in self._options else None
        self._pictures = files_by_key(root, self._options["image"])
        self._files = {key: self._paired(self._options[key]) for key in (*TARGETS, "background") if key in self._options}
        self._keys = self._of_split(split) if split else list(self._pictures)
        camera = self._options.get("intrinsics")
        self._intrinsics = None if camera is None else intrinsics_of(camera, f"{self._where}, intrinsics")
        self._space = None if self.label_space is None else load_label_space(self.label_space)

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int) -> Sample:
        key = self._keys[index]
        background = self._files.get("background", {}).get(key)
        read: dict[str, Callable[[Path], Any]] = {
            "labels": self._labels, "depth": self._depth, "normals": self._normals, "foreground": _foreground,
        }  # fmt: skip
        return Sample(
            image=read_rgb(self._pictures[key]),
            background=Sample(read_rgb(background), intrinsics=self._intrinsics, name=background.name) if background else None,
            intrinsics=self._intrinsics,
            name=f"{self.name}/{key}",
            **{target: read[target](self._files[target][key]) for target in self.targets if key in self._files[target]},
        )

    def _paired(self, pattern: str) -> dict[str, Path]:
        if "*" not in pattern:
            return dict.fromkeys(self._pictures, self.root / pattern)
        files = files_by_key(self.root, pattern)
        refuse_unpaired(files, self._pictures)
        return files

    def _of_split(self, split: str) -> list[str]:
        splits = self._options.get("splits", {})
        if split not in splits:
            raise InputError(f"{self._where}: no split '{split}'; {known_names(split, splits)}")
        path = self.root / splits[split]
        return chosen(self._pictures, listed(path), path)

    def _labels(self, path: Path) -> NDArray[np.uint8]:
        assert self._space is not None
        void = self._options.get("labels_void", [UNLABELLED])
        if read_stored(path).ndim == 3:
            unlabelled = {tuple(colour): UNLABELLED for colour in void if isinstance(colour, list)}
            return colour_ids(read_rgb(path), {c.color: c.id for c in self._space.classes} | unlabelled, str(path))
        values = [value for value in void if isinstance(value, int)]
        return label_ids(read_plane(path), len(self._space.classes), str(path), self._options.get("labels_first", 0), values)

    def _depth(self, path: Path) -> NDArray[np.float32]:
        stored = read_plane(path)
        return share(stored) if self.depth_kind == "relative" else metres(stored, self._options["depth_factor"])

    def _normals(self, path: Path) -> NDArray[np.float32]:
        return unit_normals(read_rgb(path), self._options.get("normals_axes", "optical"))


def _foreground(path: Path) -> NDArray[np.float32]:
    return share(read_plane(path))
