"""One RGB-D sequence as TUM or OpenLORIS lay it out: lists of time and file for colour and depth, paired by time.

TUM: `rgb.txt`, `depth.txt`, depth PNGs with 5000 to the metre, already registered to colour. OpenLORIS: `color.txt`,
`aligned_depth.txt` (or `depth.txt` where that is all), 1000 to the metre, the camera in `sensors.yaml`. The camera of
`intrinsics.yaml` {width, height, fx, fy, cx, cy}, if there is one, goes before.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import Path

from mtdense_ros.data.datasets.files import read_plane, read_rgb
from mtdense_ros.data.datasets.intrinsics import intrinsics_beside, openloris_colour
from mtdense_ros.data.datasets.units import metres
from mtdense_ros.data.sample import Sample
from mtdense_ros.errors import InputError

TOLERANCE_S = 0.02
"""How far apart in time a picture and its depth may be."""


@dataclass(frozen=True)
class _Layout:
    colour: str
    depth: tuple[str, ...]
    per_metre: float
    licence: str


_LAYOUTS = (
    _Layout("rgb.txt", ("depth.txt",), 5000.0, "CC-BY-4.0"),
    _Layout("color.txt", ("aligned_depth.txt", "depth.txt"), 1000.0, "unknown"),
)


class TumSource:
    """The pictures of one sequence that have depth within TOLERANCE_S; each depth goes to one picture, the nearest.

    Raises InputError, naming the file, where lists are missing or malformed, or no picture has depth.
    """

    targets: tuple[str, ...] = ("depth",)
    label_space: str | None = None
    depth_kind: str | None = "metric"

    def __init__(self, root: Path) -> None:
        self.name = root.name
        layout = next((layout for layout in _LAYOUTS if (root / layout.colour).exists()), None)
        if layout is None:
            raise InputError(f"{root}: neither rgb.txt nor color.txt is there; give the folder of one sequence")
        depth = next((name for name in layout.depth if (root / name).exists()), layout.depth[0])
        self.licence = layout.licence
        self._per_metre = layout.per_metre
        self._pairs = _associated(_entries(root / layout.colour), _entries(root / depth))
        if not self._pairs:
            raise InputError(f"{root}: no picture of {layout.colour} has depth of {depth} within {TOLERANCE_S} s; check their clocks")
        self._intrinsics = intrinsics_beside(root)
        if self._intrinsics is None and (root / "sensors.yaml").exists():
            self._intrinsics = openloris_colour(root / "sensors.yaml")

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> Sample:
        colour, depth = self._pairs[index]
        return Sample(
            image=read_rgb(colour),
            depth=metres(read_plane(depth), self._per_metre),
            intrinsics=self._intrinsics,
            name=f"{self.name}/{colour.stem}",
        )


def _entries(path: Path) -> list[tuple[float, Path]]:
    """(time in s, file) of each line of a list, in order of time; lines that begin with # are comments."""
    if not path.exists():
        raise InputError(f"{path}: does not exist; give the folder of one sequence")
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            entries.append((float(words[0]), path.parent / words[1]))
        except (ValueError, IndexError) as error:
            raise InputError(f"{path}, line {number}: found '{line}', expected a time in s and a file; correct the list") from error
    return sorted(entries)


def _associated(colours: list[tuple[float, Path]], depths: list[tuple[float, Path]]) -> list[tuple[Path, Path]]:
    """Pairs that are nearest in time, nearest first, none used twice; returned in the order of the pictures."""
    times = [time for time, _ in depths]
    near = [
        (abs(times[j] - time), i, j)
        for i, (time, _) in enumerate(colours)
        for j in range(bisect.bisect_left(times, time - TOLERANCE_S), bisect.bisect_right(times, time + TOLERANCE_S))
    ]
    of_colour: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(near):
        if i not in of_colour and j not in taken:
            of_colour[i] = j
            taken.add(j)
    return [(colours[i][1], depths[j][1]) for i, j in sorted(of_colour.items())]
