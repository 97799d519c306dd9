"""What comes into a view: things put down on visible level surfaces, and hands that reach over tables."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.synthetic.objects.assets import Assets, Prop
from mtdense_ros.synthetic.objects.everyday_objects import thing
from mtdense_ros.synthetic.objects.large_objects import bulky
from mtdense_ros.synthetic.objects.people import arm
from mtdense_ros.synthetic.rendering.renderer import Rendering
from mtdense_ros.synthetic.rendering.scene import Item, View, pose
from mtdense_ros.synthetic.rendering.textures import WHITE

Rng = np.random.Generator

_LARGE = 0.3
"""Share of the things that are large and near, so that what is new fills about a tenth of a picture on average."""


@dataclass(frozen=True)
class Surface:
    """The visible points of a view, sampled on a coarse pixel grid: points (N, 3) in the world in metres, whether each faces up, its
    distance along the optical axis and its colour (N, 3) in the picture, 0..1."""

    points: NDArray[np.float32]
    level: NDArray[np.bool_]
    distance: NDArray[np.float32]
    colors: NDArray[np.float32]

    def fits(self, spot: NDArray[np.float32], prop: Prop) -> bool:
        """Whether a prop at spot is carried by what is visible around it and runs into none of it."""
        width, height = float(prop.size[:2].max()), float(prop.size[2])
        aside = np.maximum(np.abs(self.points[:, 0] - spot[0]), np.abs(self.points[:, 1] - spot[1]))
        rise = self.points[:, 2] - spot[2]
        blocked = (aside < width * 0.55) & (rise > 0.02) & (rise < height)
        beneath = aside < max(width * 0.35, 0.02)
        return not blocked.any() and bool((np.abs(rise[beneath]) < 0.02).mean() > 0.7)


def surface_of(rendering: Rendering, view: View, step: int = 3) -> Surface:
    """The points of a rendering on every step-th pixel, for placing things."""
    i = view.intrinsics
    v, u = np.mgrid[0 : i.height : step, 0 : i.width : step]
    depth = rendering.depth[::step, ::step]
    rays = np.stack([(u - i.cx) / i.fx, (v - i.cy) / i.fy, np.ones_like(u, float)], -1)
    seen = depth > 0
    rotation, shift = view.world_to_camera[:3, :3], view.world_to_camera[:3, 3]
    points = ((rays * depth[..., None])[seen] - shift) @ rotation
    level = (rendering.normals[::step, ::step][seen] @ rotation)[:, 2] > 0.97
    colors = np.asarray(rendering.image[::step, ::step][seen] / 255, np.float32)
    return Surface(points.astype(np.float32), level, depth[seen], colors)


def enter(rng: Rng, assets: Assets, surface: Surface, largest: float) -> list[Item]:
    """Foreground items: none in a tenth of all views, else 1 + Exp(2.5); people come by `bystanders`.

    largest: greatest extent in metres of a thing. Stacks arise where a later thing lands on an earlier one.
    """
    if rng.random() < 0.1 or not surface.level.any():
        return []
    items: list[Item] = []
    if largest < 1 and rng.random() < 0.16:
        items += _hand(rng, assets, surface)
    for _ in range(1 + int(rng.exponential(2.5))):
        item = _something(rng, assets, surface, largest)
        if item is not None:
            items.append(item)
            if rng.random() < 0.15:
                items.append(_on_top(rng, assets, item, largest))
    return items


def _something(rng: Rng, assets: Assets, surface: Surface, largest: float) -> Item | None:
    draw, large = rng.random(), rng.random() < _LARGE
    prop = thing(rng, assets.library) if draw < 0.6 else assets.pick("top" if draw < 0.8 or largest < 1 else "floor", rng)
    prop = bulky(rng, assets, largest) if large else prop.shrunk(largest)
    # A thing of s metres is worth drawing up to some 12 s away, where it still covers a dozen pixels; a large one is to fill much.
    extent = float(prop.size.max())
    nearest, farthest = (0.3 + 0.5 * extent, 1.0 + 2.5 * extent) if large else (0.3 + extent, 1.0 + 12 * extent)
    near = surface.level & (surface.distance < farthest) & (surface.distance > nearest)
    if large and largest > 1:
        near &= np.abs(surface.points[:, 2]) < 0.03
    spots = np.flatnonzero(near)
    hidden = rng.random() < (0.2 if largest < 1 else 0.08)
    for index in spots[rng.integers(len(spots), size=12)] if len(spots) else ():
        spot = surface.points[index]
        if surface.fits(spot, prop):
            prop = camouflaged(rng, prop, surface.colors[index]) if hidden else prop
            return prop.at(pose(spot[0], spot[1], spot[2], rng.uniform(0, 2 * math.pi)))
    return None


def camouflaged(rng: Rng, prop: Prop, color: NDArray[np.float32]) -> Prop:
    """The prop in plain colours close to that of what it stands on: white on white, brown on wood."""
    shade = color * rng.uniform(0.9, 1.1) + rng.normal(0, 0.02, 3)
    r, g, b = (float(value) for value in shade.clip(0.02, 1))
    return replace(prop, parts=[replace(part, layer=WHITE, tint=(r, g, b)) for part in prop.parts])


def _hand(rng: Rng, assets: Assets, surface: Surface) -> list[Item]:
    """Somebody's arm that reaches over a table, its hand above a visible spot."""
    spots = surface.points[surface.level & (surface.distance > 0.35)]
    if not len(spots):
        return []
    x, y, z = (float(v) for v in spots[rng.integers(len(spots))])
    return [arm(rng, assets.library).at(pose(x, y, z + rng.uniform(0.01, 0.12), rng.uniform(0, 2 * math.pi)))]


def _on_top(rng: Rng, assets: Assets, base: Item, largest: float) -> Item:
    prop = thing(rng, assets.library).shrunk(largest * 0.6)
    low, high = base.bounds()
    x, y = (low + high)[:2] / 2
    return prop.at(pose(float(x), float(y), float(high[2]), rng.uniform(0, 2 * math.pi)))
