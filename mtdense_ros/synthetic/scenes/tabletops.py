"""Table tops seen from close by: where a robot, or a camera above a desk, watches small things come and go."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.synthetic.objects import furnished, furniture
from mtdense_ros.synthetic.objects.assets import Assets, Prop
from mtdense_ros.synthetic.objects.everyday_objects import thing
from mtdense_ros.synthetic.objects.placement import Plan, present, rest_on
from mtdense_ros.synthetic.rendering import camera, meshes
from mtdense_ros.synthetic.rendering.ambience import interior_lighting
from mtdense_ros.synthetic.rendering.palette import light_paint, tint
from mtdense_ros.synthetic.rendering.scene import FURNITURE, Part, View, pose
from mtdense_ros.synthetic.rendering.textures import WHITE
from mtdense_ros.synthetic.scenes.interior import build_interior
from mtdense_ros.synthetic.scenes.rooms import Setting

Rng = np.random.Generator

_HIGHEST = 0.95
"""Metres; a higher table has a superstructure that a camera over its top would be in."""


def tabletop(rng: Rng, assets: Assets, size: tuple[int, int]) -> Setting:
    """A room with a table, the camera 0.4 to 1.5 m from a point on it, looking 15 to 80 degrees down; size (height, width) pixels."""
    half, height = (rng.uniform(1.4, 3.0), rng.uniform(1.4, 3.0)), rng.uniform(2.3, 3.0)
    shell = build_interior(rng, assets.library, half, height, {})
    table = _table(rng, assets).at(pose(rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4), 0.0, rng.uniform(0, 2 * np.pi)))
    low, high = table.bounds()
    plan = Plan(half)
    (x, y), (w, d) = ((low + high) / 2)[:2], (high - low)[:2]
    plan.claim(x, y, w, d, margin=0.1)
    around = [plan.by_wall(rng, furnished.against_wall(rng, assets.library)) for _ in range(int(rng.integers(1, 6)))]
    around += [plan.free(rng, furniture.chair(rng, assets.library)) for _ in range(int(rng.integers(0, 4)))]
    standing = [rest_on(rng, table, _small(rng, assets)) for _ in range(int(rng.poisson(1.8)))]

    def look(rng: Rng) -> View:
        return _close_view(rng, size, low, high)

    items = [*shell.items, table, *present(around), *present(standing)]
    lighting = interior_lighting(rng, (-half[0], -half[1], 0.0), (half[0], half[1], height), shell.openings)
    return Setting(items, look(rng), lighting, 0.32, look)


def _close_view(rng: Rng, size: tuple[int, int], low: NDArray[np.float32], high: NDArray[np.float32]) -> View:
    """A camera that looks at a random point of the top of a table between the corners low and high."""
    target = (low + high) / 2
    target[:2] += rng.uniform(-0.22, 0.22, 2) * (high - low)[:2]
    target[2] = high[2]
    distance, down, yaw = rng.uniform(0.4, 1.5), math.radians(rng.triangular(15, 35, 80)), rng.uniform(0, 2 * np.pi)
    ahead = np.array([math.cos(yaw) * math.cos(down), math.sin(yaw) * math.cos(down), -math.sin(down)])
    lens = camera.intrinsics(size, rng.uniform(45, 70))
    return camera.view(lens, (target - distance * ahead).tolist(), yaw, -down, math.radians(float(np.clip(rng.normal(0, 1), -3, 3))))


def _table(rng: Rng, assets: Assets) -> Prop:
    """A table or desk; in a third of the scenes light and plain, as office tables are."""
    draw = rng.random()
    if draw < 0.25:
        model = assets.of(rng, "table", "round table", "coffee table")
        if model is not None and float(model.size[2]) < _HIGHEST:
            return model
    size = (rng.uniform(0.8, 2.0), rng.uniform(0.6, 1.1), rng.uniform(0.45, 0.85))
    prop = furniture.table(rng, assets.library, size)
    if draw < 0.55:
        layer = WHITE if rng.random() < 0.5 else assets.library.pick(rng, "plaster", "wood", "marble")
        plain = Part(prop.parts[0].mesh, layer, light_paint(rng), 0.6, float(rng.uniform(0, 0.6)))
        return Prop("table", [plain, *prop.parts[1:]], FURNITURE)
    if draw < 0.65:
        cloth = Part(_cover(prop, rng), assets.library.pick(rng, "cloth", "checker", "stripes"), tint(rng, 0.5), float(rng.uniform(1, 4)))
        return Prop("table", [*prop.parts, cloth], FURNITURE)
    return prop


def _cover(prop: Prop, rng: Rng) -> meshes.Mesh:
    w, d, h = prop.size
    return meshes.box((w * rng.uniform(0.4, 1.02), d * rng.uniform(0.4, 1.02), 0.004), (0, 0, h))


def _small(rng: Rng, assets: Assets) -> Prop:
    prop = thing(rng, assets.library) if rng.random() < 0.6 else assets.pick("top", rng)
    return prop.shrunk(0.35)
