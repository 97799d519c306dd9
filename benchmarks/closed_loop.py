"""Does a costmap that knows ~/obstacles and ~/clearing alone look like the room? A simulated robot in rendered corridors.

Run: python -m benchmarks.closed_loop [--rooms 3] [--frames 56] [--document docs/navigation.md], some five minutes. It puts the figures
into the document, between the lines that mark them.

The robot stands while somebody crosses its way and leaves, then it drives on. Its grid is filled by the rules of Nav2's obstacle
layer (benchmarks/common/obstacle_layer.py) with the clouds of a pipeline: with the shipped weights, with these scaled by the camera's
height and pitch, and with the renderer's own depth and labels in the network's place. The robot's pose is exact.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.common.marked_text import put
from benchmarks.common.obstacle_layer import LayerSettings, ObstacleLayer
from benchmarks.common.simulated_robot import CAMERA_HEIGHT, CAMERA_PITCH_DEG, RATE_HZ, ROOMS, SIZE, Corridor, Shot, drive
from mtdense_ros.datatypes import Prediction
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.imaging.label_spaces import load_label_space
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.pipeline.navigation import Navigation
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.utils.command_line import exit_code

Clouds = tuple[NDArray[np.floating], NDArray[np.floating]]
Sense = Callable[[Shot], Clouds]
Grid = NDArray[np.bool_]

TOLERANCES_M = (0.1, 0.3)
"""A marked cell and a true one belong together up to these distances."""
WEIGHTS = "mtdense_indoor"
MARK = "closed loop: made by python -m benchmarks.closed_loop"


def from_truth(options: PipelineOptions) -> Sense:
    """Obstacles (N, 3) and free space (M, 3) of the renderer's depth and labels."""
    navigation, space = Navigation(), load_label_space("indoor")

    def sense(shot: Shot) -> Clouds:
        prediction = Prediction(labels=shot.labels, depth=shot.depth)
        assert shot.frame.intrinsics is not None
        frame = navigation.of_frame(prediction, space, RayTable.of(shot.frame.intrinsics), options, BufferPool())
        return _xyz(frame.obstacles()), frame.clearing()

    return sense


def from_network(predictor: Predictor, options: PipelineOptions) -> Sense:
    """The same of a network's."""
    pipeline = Pipeline(predictor, options)

    def sense(shot: Shot) -> Clouds:
        results = pipeline.process(shot.frame, ("obstacles", "clearing"))
        return _xyz(results["obstacles"]), results["clearing"]

    return sense


def _xyz(obstacles: NDArray[np.void]) -> NDArray[np.floating]:
    return np.stack([obstacles[axis] for axis in "xyz"], axis=1)


@dataclass
class Episode:
    """One drive: the grid after it, what is really there, and the frames for which each cell that the walker left stayed marked.

    standing and floor are the cells of obstacles and of floor that the camera saw within reach; left_after counts frames, +Inf for a
    cell that stayed marked.
    """

    marked: Grid
    standing: Grid
    floor: Grid
    near_standing: Mapping[float, Grid]
    left_after: list[float] = field(default_factory=list)

    def share_marked(self, tolerance_m: float) -> float:
        """Of the obstacle cells that were seen, those with a mark nearby."""
        resolution = LayerSettings().resolution
        return float(widened(self.marked, tolerance_m / resolution)[self.standing].mean())

    def share_false(self, tolerance_m: float) -> float:
        """Of the floor cells that were seen, those that are marked with no obstacle nearby."""
        return float((self.marked & ~self.near_standing[tolerance_m])[self.floor].mean())


def run(corridor: Corridor, shots: Sequence[Shot], sense: Sense, options: PipelineOptions) -> Episode:
    """Fills a grid with what `sense` makes of the shots."""
    settings = LayerSettings(obstacle_max_range=options.obstacles_range, raytrace_max_range=options.obstacles_range + 0.5)
    layer = _layer(corridor, settings)
    standing = _raster(layer, corridor.obstacle_points(options.obstacles_min_height, options.obstacles_max_height))
    near = {t: widened(standing, t / settings.resolution) for t in TOLERANCES_M}
    seen_standing, seen_floor = np.zeros_like(standing), np.zeros_like(standing)
    walker = _Walker(layer, near[TOLERANCES_M[0]])
    for shot in shots:
        obstacles, clearing = sense(shot)
        layer.update(shot.eye, shot.to_world(obstacles), shot.to_world(clearing))
        things, floor = _seen(shot, options)
        seen_standing |= _raster(layer, things)
        seen_floor |= _raster(layer, floor)
        walker.look(shot, layer.marked)
    truly = standing & widened(seen_standing, 1)
    return Episode(layer.marked, truly, seen_floor & ~near[TOLERANCES_M[0]], near, walker.left_after())


def _layer(corridor: Corridor, settings: LayerSettings | None = None) -> ObstacleLayer:
    (x, y), margin = corridor.half, 1.0
    return ObstacleLayer((-x - margin, -y - margin), (2 * (x + margin), 2 * (y + margin)), settings)


def _raster(layer: ObstacleLayer, points: NDArray[np.floating]) -> Grid:
    grid = np.zeros_like(layer.marked)
    rows, columns = layer.cells(points).T
    grid[rows, columns] = True
    return grid


def widened(grid: Grid, cells: float) -> Grid:
    """The cells within a distance of True ones."""
    radius = round(cells)
    disc = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= cells + 1e-6
    return np.asarray(cv2.dilate(grid.view(np.uint8), disc.astype(np.uint8)), np.uint8).view(np.bool_)


def _seen(shot: Shot, options: PipelineOptions) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """World points of what stands and of the floor in the truth of a shot, within reach; without the one who walks."""
    assert shot.frame.intrinsics is not None
    points = RayTable.of(shot.frame.intrinsics).points(shot.depth)[::2, ::2]
    near = (np.linalg.norm(points, axis=-1) < options.obstacles_range) & (shot.labels[::2, ::2] != PERSON)
    world = shot.to_world(points[near].astype(np.float64))
    height = world[:, 2]
    stands = (height >= options.obstacles_min_height) & (height <= options.obstacles_max_height)
    return world[stands], world[height < 0.02]


PERSON = load_label_space("indoor").names.index("person")


class _Walker:
    """The cells over which somebody walked, and for how long each stayed marked after it was left."""

    def __init__(self, layer: ObstacleLayer, excluded: Grid) -> None:
        self._layer, self._excluded = layer, excluded
        self._was_marked = np.zeros_like(layer.marked)
        self._last_there = np.full(layer.marked.shape, -1)
        self._free_at = np.full(layer.marked.shape, np.inf)
        self._frame = 0

    def look(self, shot: Shot, marked: Grid) -> None:
        """Takes the grid after a frame."""
        cells = TOLERANCES_M[0] / self._layer.settings.resolution
        there = widened(_raster(self._layer, shot.person), cells) & ~self._excluded
        self._was_marked |= there & marked
        self._last_there[there] = self._frame
        self._free_at[marked | there] = np.inf
        newly = ~marked & ~there & (self._last_there >= 0) & np.isinf(self._free_at)
        self._free_at[newly] = self._frame
        self._frame += 1

    def left_after(self) -> list[float]:
        """Frames from leaving each cell that was marked until it was free for good; the first frame without anybody counts as 1."""
        return (self._free_at - self._last_there)[self._was_marked].tolist()


def table(results: Mapping[str, Sequence[Episode]]) -> str:
    """The figures as Markdown: the mean over the rooms, and the worst of them in brackets."""
    head = [
        "depth and labels",
        *(f"obstacles marked within {t:g} m" for t in TOLERANCES_M),
        *(f"floor marked, none within {t:g} m" for t in TOLERANCES_M),
        "frames until left cells are free: median, 95 %",
        "never free",
    ]
    rows = [[name, *_cells(episodes)] for name, episodes in results.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def _cells(episodes: Sequence[Episode]) -> list[str]:
    marked = [[e.share_marked(t) for e in episodes] for t in TOLERANCES_M]
    false = [[e.share_false(t) for e in episodes] for t in TOLERANCES_M]
    left = np.concatenate([e.left_after for e in episodes])
    median, late = np.percentile(left, (50, 95), method="higher") if len(left) else (np.nan, np.nan)
    never = float(np.isinf(left).mean()) if len(left) else np.nan
    return [
        *(f"{np.mean(v):.1%} ({np.min(v):.1%})" for v in marked),
        *(f"{np.mean(v):.1%} ({np.max(v):.1%})" for v in false),
        f"{median:g}, {late:g}",
        f"{never:.1%} of {len(left)}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=len(ROOMS), help="how many of the rooms")
    parser.add_argument("--frames", type=int, default=56, help="frames of each drive")
    parser.add_argument("--document", type=Path, default=Path("docs/navigation.md"), help="where the figures are put")
    parsed = parser.parse_args(arguments)
    mount = {"camera_height": CAMERA_HEIGHT, "camera_pitch": CAMERA_PITCH_DEG}
    plain, measured = PipelineOptions(), PipelineOptions(depth_scale_mode="camera_height", **mount)
    predictor = Predictor.load(WEIGHTS, device="cpu")
    variants: dict[str, tuple[Callable[[], Sense], PipelineOptions]] = {
        "true": (lambda: from_truth(plain), plain),
        WEIGHTS: (lambda: from_network(predictor, plain), plain),
        f"{WEIGHTS}, scale by the camera's mount": (lambda: from_network(predictor, measured), measured),
    }
    results: dict[str, list[Episode]] = {name: [] for name in variants}
    for seed in ROOMS[: parsed.rooms]:
        corridor = Corridor(seed)
        shots = list(drive(corridor, parsed.frames))
        for name, (make, options) in variants.items():
            results[name].append(run(corridor, shots, make(), options))
            print(f"room {seed}, {name}: {' | '.join(_cells(results[name][-1:]))}", flush=True)
    height, width = SIZE
    drives = f"{parsed.rooms} rooms, {parsed.frames} frames of {width}x{height} at {RATE_HZ} Hz in each"
    text = f"{drives}; the mean over the rooms, and the worst of them in brackets.\n\n{table(results)}"
    print(text)
    parsed.document.write_text(put(parsed.document.read_text(encoding="utf-8"), MARK, text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(exit_code(main))
