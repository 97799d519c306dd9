"""The furnished worlds of the assets: a robot at random places inside them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.objects.catalogue import label_of, short_name
from mtdense_ros.synthetic.rendering import camera, meshes
from mtdense_ros.synthetic.rendering.ambience import interior_lighting
from mtdense_ros.synthetic.rendering.palette import light_paint, muted_paint
from mtdense_ros.synthetic.rendering.scene import CEILING, FLOOR, OTHER, WALL, Item, Part, View, pose
from mtdense_ros.synthetic.scenes.materials import ceiling_material, floor_material
from mtdense_ros.synthetic.scenes.rooms import Setting

Rng = np.random.Generator

INSIDE: dict[str, tuple[float, float, float, float]] = {
    "small_house": (-9.0, -5.2, 9.0, 5.2),
    "bookstore": (-7.2, -6.7, 7.2, 6.7),
    "hospital": (-12.0, -34.5, 12.0, 20.5),
}
"""World -> rectangle (x0, y0, x1, y1) in metres within its outer walls."""

_OPEN_ABOVE = {"small_house": 2.75, "bookstore": 3.32}
"""World without a ceiling -> the height of the one that it gets, above its lamps."""

_REACH = 11.0
_TOO_FINE = ("Handle_01", "SeasoningBox_01", "KitchenUtensils_01")
"""Models of a few centimetres and many thousand triangles."""

Point = NDArray[np.float64]


class Worlds:
    """All worlds, baked once; `view` draws one and a camera in it."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._items = {name: _items(assets, entries) for name, entries in assets.worlds.items()}
        self._bounds = {name: [item.bounds() for item in items] for name, items in self._items.items()}

    def setting(self, rng: Rng, size: tuple[int, int]) -> Setting:
        """A robot's view in a random world (small house, bookstore, hospital); size (height, width) pixels."""
        world = str(rng.choice(list(self._items), p=[0.55, 0.25, 0.2]))
        x0, y0, x1, y1 = INSIDE[world]
        eye = np.array([rng.uniform(x0, x1), rng.uniform(y0, y1), rng.uniform(0.25, 1.6)])
        for _ in range(40):
            if not self._occupied(world, eye):
                break
            eye[:2] = rng.uniform(x0, x1), rng.uniform(y0, y1)
        view = camera.robot_view(rng, size, eye.tolist(), rng.uniform(0, 2 * math.pi))
        near = [item for item, bounds in zip(self._items[world], self._bounds[world], strict=True) if _matters(view, eye, bounds)]
        near = [self._repainted(rng, item) for item in near]
        if world in _OPEN_ABOVE:
            near += _enclosure(rng, self._assets, world)
        corner = np.array([2.5, 2.5, 0.0])
        lighting = interior_lighting(rng, (*(eye - corner)[:2], 0.0), (*(eye + corner)[:2], 2.6), [])
        return Setting(near, view, lighting)

    def _repainted(self, rng: Rng, item: Item) -> Item:
        """The item in another finish, often for walls and floors, so that three worlds look like more."""
        if rng.random() > (0.5 if item.label in (FLOOR, WALL) else 0.15):
            return item
        if item.label == FLOOR:
            layer, color, _, gloss = floor_material(rng, self._assets.library)
            parts = [replace(part, layer=layer, tint=color, gloss=gloss) for part in item.parts]
        elif item.label == WALL:
            paint = light_paint(rng) if rng.random() < 0.7 else muted_paint(rng)
            parts = [replace(part, tint=paint) for part in item.parts]
        else:
            parts = self._assets.varied(item.parts, rng)
        return replace(item, parts=parts, _baked=[])

    def _occupied(self, world: str, eye: Point) -> bool:
        solid = zip(self._items[world], self._bounds[world], strict=True)
        return any(item.label not in (FLOOR, WALL, CEILING, OTHER) and _distance(eye, low, high) < 0.25 for item, (low, high) in solid)


def _enclosure(rng: Rng, assets: Assets, world: str) -> list[Item]:
    """A ceiling, and what is seen through shop fronts: a bright view all around, as behind the windows of other rooms."""
    x0, y0, x1, y1 = INSIDE[world]
    height, middle, half = _OPEN_ABOVE[world], ((x0 + x1) / 2, (y0 + y1) / 2), ((x1 - x0) / 2 + 0.9, (y1 - y0) / 2 + 0.9)
    slab = Part(meshes.box((2 * half[0], 2 * half[1], 0.1), (0, 0, height)), *ceiling_material(rng, assets.library))
    panes = meshes.merge(
        meshes.box((size[0], size[1], height), (x * half[0], y * half[1], 0))
        for x, y, size in ((0, 1, (2 * half[0], 0.1)), (0, -1, (2 * half[0], 0.1)), (1, 0, (0.1, 2 * half[1])), (-1, 0, (0.1, 2 * half[1])))
    )
    view = Part(panes, assets.library.pick(rng, "daylight", "daylight", "outdoors"), (1, 1, 1), 1 / height, emit=True)
    return [Item([part], pose(*middle), label, name, False) for part, label, name in ((slab, CEILING, "ceiling"), (view, OTHER, "window"))]


def _matters(view: View, eye: Point, bounds: NDArray[np.float32]) -> bool:
    """Whether an item can be seen, or stands near enough to throw a shadow into the view."""
    away = _distance(eye, *bounds)
    if away < 2.5 or away > _REACH:
        return away < 2.5
    centre, radius = bounds.mean(0), float(np.linalg.norm(bounds[1] - bounds[0])) / 2
    x, y, z = view.world_to_camera[:3, :3] @ centre + view.world_to_camera[:3, 3]
    i = view.intrinsics
    slope = (i.width / 2 / i.fx, i.height / 2 / i.fy)
    return bool(z > -radius and all(abs(a) - z * t < radius * np.hypot(1, t) for a, t in zip((x, y), slope, strict=True)))


def _items(assets: Assets, entries: list[dict[str, object]]) -> list[Item]:
    items = []
    for entry in entries:
        name = str(entry["model"])
        x, y, z, roll, pitch, yaw = (float(v) for v in np.asarray(entry["pose"], np.float64))
        if name in assets.models and short_name(name) not in _TOO_FINE and abs(z) < 10:
            label = label_of(name)
            items.append(
                Item(assets.models[name], _pose(x, y, z, roll, pitch, yaw), label, name, casts=label not in (WALL, CEILING, FLOOR))
            )
    return items


def _pose(x: float, y: float, z: float, roll: float, pitch: float, yaw: float) -> NDArray[np.float32]:
    """SDF convention: fixed-axis roll, pitch, yaw."""
    cr, sr, cp, sp = math.cos(roll), math.sin(roll), math.cos(pitch), math.sin(pitch)
    tilt = np.array([[cp, sp * sr, sp * cr], [0, cr, -sr], [-sp, cp * sr, cp * cr]], np.float32)
    where = pose(x, y, z, yaw)
    where[:3, :3] = where[:3, :3] @ tilt
    return where


def _distance(point: Point, low: NDArray[np.float32], high: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(np.maximum(np.maximum(low - point, point - high), 0)))
