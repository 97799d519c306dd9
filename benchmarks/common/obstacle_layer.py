"""A costmap that is filled by the rules of Nav2's obstacle layer: the newest clearing cloud clears along rays, then the newest obstacle
cloud marks. Written from the layer's documented behaviour (nav2_costmap_2d, ObstacleLayer), for tests and benchmarks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.int64]
Grid = NDArray[np.bool_]


@dataclass(frozen=True)
class LayerSettings:
    """The layer's parameters of the same names, in m; heights are in the costmap's frame."""

    resolution: float = 0.05
    min_obstacle_height: float = -1.0
    max_obstacle_height: float = 3.0
    obstacle_max_range: float = 5.0
    raytrace_max_range: float = 5.5


class ObstacleLayer:
    """A grid over the rectangle from `origin` (x, y) m of `size` (x, y) m: True where an obstacle is marked."""

    def __init__(self, origin: tuple[float, float], size: tuple[float, float], settings: LayerSettings | None = None) -> None:
        self.settings = settings or LayerSettings()
        self.origin = np.array(origin, np.float64)
        columns, rows = (int(np.ceil(s / self.settings.resolution)) for s in size)
        self.marked: Grid = np.zeros((rows, columns), np.bool_)

    def cells(self, points: NDArray[np.floating]) -> Cells:
        """The cells (N, 2), row and column, of those of the points (N, 2 or more) that lie on the grid."""
        cells = np.floor((points[:, :2] - self.origin) / self.settings.resolution).astype(np.int64)[:, ::-1]
        return cells[((cells >= 0) & (cells < self.marked.shape)).all(axis=1)]

    def update(self, sensor: NDArray[np.float64], obstacles: NDArray[np.float64], clearing: NDArray[np.float64]) -> None:
        """One cycle: sensor (3,), obstacles and clearing (N, 3), all in the grid's frame."""
        self._clear(sensor, self._in_band(clearing))
        near = np.linalg.norm(obstacles - sensor, axis=1) < self.settings.obstacle_max_range
        rows, columns = self.cells(self._in_band(obstacles[near])).T
        self.marked[rows, columns] = True

    def _in_band(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        s = self.settings
        return points[(points[:, 2] >= s.min_obstacle_height) & (points[:, 2] <= s.max_obstacle_height)]

    def _clear(self, sensor: NDArray[np.float64], ends: NDArray[np.float64]) -> None:
        """Along each ray at most raytrace_max_range, the cell at its end included."""
        start = self.cells(sensor[None])
        if not len(start):
            return
        targets = np.unique(self.cells(_clipped(sensor, ends, self.origin, self._far_corner)), axis=0)
        longest = round(self.settings.raytrace_max_range / self.settings.resolution)
        rows, columns = line_cells(start[0], targets, longest).T
        self.marked[rows, columns] = False

    @property
    def _far_corner(self) -> NDArray[np.float64]:
        return self.origin + np.array(self.marked.shape[::-1]) * self.settings.resolution


def line_cells(start: Cells, ends: Cells, longest: int) -> Cells:
    """The cells (M, 2) of Bresenham's lines from one cell (2,) to each of others (N, 2), both ends included, cut to a length in cells."""
    steps = ends - start
    length = np.linalg.norm(steps, axis=1)
    dominant = np.abs(steps).max(axis=1)
    count = (np.minimum(1.0, longest / np.maximum(length, 1e-9)) * dominant).astype(np.int64)
    along = np.arange(count.max(initial=0) + 1)
    inside = along <= count[:, None]
    # Bresenham's error starts at half of the dominant extent, and the other coordinate steps when it reaches the whole.
    moved = (along[:, None] * np.abs(steps)[:, None, :] + (dominant // 2)[:, None, None]) // np.maximum(dominant, 1)[:, None, None]
    return (start + np.sign(steps)[:, None, :] * moved)[inside]


def _clipped(
    sensor: NDArray[np.float64], ends: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The ends (N, 2) of the rays, drawn back along them onto the rectangle where they leave it."""
    begin, way = sensor[:2], ends[:, :2] - sensor[:2]
    margin = 1e-6
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(way > 0, (high - margin - begin) / way, np.where(way < 0, (low + margin - begin) / way, np.inf))
    return begin + way * np.minimum(1.0, shares.min(axis=1, initial=np.inf))[:, None]
