"""Where furniture goes on a floor plan, and where small things rest on what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.rendering.scene import Item, pose

Rng = np.random.Generator


@dataclass
class Plan:
    """A rectangular floor of half extents (x, y) metres and the bounding rectangles (x0, y0, x1, y1) already taken."""

    half: tuple[float, float]
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def by_wall(self, rng: Rng, prop: Prop, gap: float = 0.02) -> Item | None:
        """The prop with its back to a random free stretch of wall, or None where none was found."""
        w, d = prop.size[:2]
        for _ in range(10):
            side = int(rng.integers(4))
            along, across = (self.half[0], self.half[1]) if side % 2 == 0 else (self.half[1], self.half[0])
            if along < w / 2 + 0.02:
                continue
            s, t = rng.uniform(-along + w / 2, along - w / 2), across - d / 2 - gap - rng.exponential(0.015)
            x, y = [(s, t), (-t, s), (-s, -t), (t, -s)][side]
            if self.claim(x, y, *((w, d) if side % 2 == 0 else (d, w))):
                return prop.at(pose(x, y, prop.elevation, side * np.pi / 2 + rng.normal(0, 0.01)))
        return None

    def free(self, rng: Rng, prop: Prop, margin: float = 0.05) -> Item | None:
        """The prop at a random free place and turn, or None where none was found."""
        w, d = prop.size[:2]
        for _ in range(10):
            yaw = rng.integers(4) * np.pi / 2 + rng.normal(0, 0.2)
            c, s = abs(np.cos(yaw)), abs(np.sin(yaw))
            size = (c * w + s * d, s * w + c * d)
            room = (self.half[0] - size[0] / 2, self.half[1] - size[1] / 2)
            if min(room) > 0:
                x, y = rng.uniform(-room[0], room[0]), rng.uniform(-room[1], room[1])
                if self.claim(x, y, *size, margin=margin):
                    return prop.at(pose(x, y, 0.0, yaw))
        return None

    def claim(self, x: float, y: float, w: float, d: float, margin: float = 0.0) -> bool:
        """Takes a rectangle around (x, y) unless something stands there; says whether it did."""
        new = (x - w / 2 - margin, y - d / 2 - margin, x + w / 2 + margin, y + d / 2 + margin)
        if any(new[0] < o[2] and o[0] < new[2] and new[1] < o[3] and o[1] < new[3] for o in self.taken):
            return False
        self.taken.append(new)
        return True

    def spot(self, rng: Rng, margin: float) -> tuple[float, float] | None:
        """A random free point with `margin` metres around it, or None."""
        for _ in range(30):
            x, y = (rng.uniform(-h + margin, h - margin) if h > margin else 0.0 for h in self.half)
            if not self.occupied(x, y, margin):
                return x, y
        return None

    def occupied(self, x: float, y: float, margin: float) -> bool:
        """Whether something stands within `margin` metres of a point."""
        return any(o[0] - margin < x < o[2] + margin and o[1] - margin < y < o[3] + margin for o in self.taken)


def rest_on(rng: Rng, item: Item, prop: Prop, uneven: float = 0.015) -> Item | None:
    """The prop standing on the item at a random place where its footprint is level within `uneven` metres and carried, or None.

    Five vertical rays are cast against the item's triangles: at the middle and near the corners of the footprint.
    """
    low, high = item.bounds()
    reach = prop.size[:2].max() / 2
    span = (high - low)[:2] / 2 - reach * 0.9
    if (span <= 0).any():
        return None
    centre = (low + high)[:2] / 2 + rng.uniform(-span, span)
    corners = np.array([[0, 0], [1, 1], [1, -1], [-1, 1], [-1, -1]]) * reach * 0.65 + centre
    heights = heights_at(item, corners)
    if not np.isfinite(heights).all() or np.ptp(heights) > uneven:
        return None
    # Soft ground gives way: what lies on folds and cushions sinks in a little.
    height = float(np.median(heights) if uneven > 0.05 else heights.max())
    return prop.at(pose(float(centre[0]), float(centre[1]), height + 0.001, rng.uniform(0, 2 * np.pi)))


def heights_at(item: Item, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heights (N,) of the item's highest surface over ground points (N, 2), -inf beside it."""
    vertices, triangles = item.baked()
    corners = vertices["position"][triangles]
    near = (corners[:, :, :2].max(1) >= points.min(0)).all(1) & (corners[:, :, :2].min(1) <= points.max(0)).all(1)
    corners = corners[near]
    a, b, c = (corners[:, k, :2] - points[:, None] for k in range(3))
    areas = np.stack([_cross(b, c), _cross(c, a), _cross(a, b)], -1)
    total = areas.sum(-1)
    inside = ((areas >= 0).all(-1) | (areas <= 0).all(-1)) & (np.abs(total) > 1e-9)
    height = (areas * corners[:, :, 2]).sum(-1) / np.where(inside, total, 1.0)
    return np.asarray(np.where(inside, height, -np.inf).max(-1, initial=-np.inf), np.float64)


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def present(items: Sequence[Item | None]) -> list[Item]:
    """The items that could be placed."""
    return [item for item in items if item is not None]
