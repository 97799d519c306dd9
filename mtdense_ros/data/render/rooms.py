"""Procedural furnished rooms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtdense_ros.data.render import camera, furniture, meshes
from mtdense_ros.data.render.assets import Assets, Prop
from mtdense_ros.data.render.layout import Plan, present, rest_on
from mtdense_ros.data.render.lights import room_lighting
from mtdense_ros.data.render.objects import small_thing
from mtdense_ros.data.render.palette import tint
from mtdense_ros.data.render.scene import FLOOR, OBJECT, Item, Lighting, Part, View, pose
from mtdense_ros.data.render.shell import build_shell
from mtdense_ros.data.render.textures import WHITE

Rng = np.random.Generator


@dataclass(frozen=True)
class Setting:
    """A scene without its foreground: items, one camera, light, and the largest size in metres of what may be added."""

    items: Sequence[Item]
    view: View
    lighting: Lighting
    largest: float = 2.0


def room(rng: Rng, assets: Assets, size: tuple[int, int]) -> Setting:
    """A random room of 2.6 to 7.5 m with up to 20 pieces of furniture, seen by a robot inside; size (height, width) pixels."""
    half = (rng.uniform(1.3, 3.75), rng.uniform(1.3, 3.75))
    height = rng.uniform(2.2, 3.1)
    shell = build_shell(rng, assets.library, half, height)
    plan = Plan(half)
    for area in shell.keep_free:
        plan.claim(*area)
    pieces = _furniture(rng, assets, plan)
    items = [*shell.items, *pieces, *_extras(rng, assets, half, height), *_clutter(rng, assets, plan, pieces)]
    eye = plan.spot(rng, 0.3) or plan.spot(rng, 0.12) or (0.0, 0.0)
    look = _into_the_room(rng, half, eye)
    view = camera.robot_view(rng, size, (*eye, rng.uniform(0.2, min(1.7, height - 0.5))), look)
    low, high = (-half[0], -half[1], 0.0), (half[0], half[1], height)
    return Setting(items, view, room_lighting(rng, low, high, shell.openings))


def _into_the_room(rng: Rng, half: tuple[float, float], eye: tuple[float, float]) -> float:
    """A yaw toward a point at least 1.4 m away, so that few views face a near wall."""
    for _ in range(20):
        x, y = rng.uniform(-half[0], half[0]), rng.uniform(-half[1], half[1])
        if math.hypot(x - eye[0], y - eye[1]) > 1.4:
            break
    return math.atan2(y - eye[1], x - eye[0])


def _furniture(rng: Rng, assets: Assets, plan: Plan) -> list[Item]:
    area = 4 * plan.half[0] * plan.half[1]
    count = int(np.clip(rng.normal(0.42, 0.15) * area, 2, 20))
    pieces: list[Item | None] = []
    if rng.random() < 0.2:
        pieces.append(plan.by_wall(rng, assets.pick("corner", rng)))
    for _ in range(count):
        against = rng.random() < 0.68
        prop = _piece(rng, assets, against)
        pieces.append(plan.by_wall(rng, prop) if against else plan.free(rng, prop))
    return present(pieces)


def _piece(rng: Rng, assets: Assets, against: bool) -> Prop:
    if rng.random() < 0.42:
        return assets.pick("wall" if against else "free", rng)
    makers = furniture.BY_WALL if against else furniture.FREE
    return makers[int(rng.integers(len(makers)))](rng, assets.library)


def _extras(rng: Rng, assets: Assets, half: tuple[float, float], height: float) -> list[Item]:
    """A rug and ceiling lamps."""
    items = []
    if rng.random() < 0.4:
        w, d = rng.uniform(0.8, half[0] * 1.4), rng.uniform(0.8, half[1] * 1.4)
        layer = assets.library.pick(rng, "carpet", "stripes", "checker", "print", "cloth")
        mesh = meshes.box((w, d, 0.006))
        x, y = rng.uniform(-1, 1) * (half[0] - w / 2), rng.uniform(-1, 1) * (half[1] - d / 2)
        items.append(Item([Part(mesh, layer, tint(rng, 0.5), float(rng.uniform(0.5, 1.5)))], pose(x, y), FLOOR, "rug", casts=False))
    for _ in range(int(rng.choice([0, 1, 1, 2]))):
        x, y = rng.uniform(-0.7, 0.7) * half[0], rng.uniform(-0.7, 0.7) * half[1]
        items.append(_lamp(rng, x, y, height))
    return items


def _lamp(rng: Rng, x: float, y: float, height: float) -> Item:
    if rng.random() < 0.5:
        panel = meshes.box((rng.uniform(0.2, 1.2), rng.uniform(0.2, 0.6), 0.05), (0, 0, -0.05))
        return Item(
            [Part(panel, WHITE, (1, 1, 0.97), emit=True)], pose(x, y, height, rng.integers(2) * np.pi / 2), OBJECT, "lamp", casts=False
        )
    drop, r = rng.uniform(0.1, 0.7), rng.uniform(0.08, 0.25)
    shade = meshes.lathe([(r, -drop), (r * rng.uniform(0.3, 1.0), -drop + r)])
    cord = meshes.cylinder(0.008, drop, (0, 0, -drop))
    return Item(
        [Part(shade, WHITE, tint(rng, 0.3, (0.5, 1))), Part(cord, WHITE, (0.1, 0.1, 0.1))], pose(x, y, height), OBJECT, "lamp", casts=False
    )


def _clutter(rng: Rng, assets: Assets, plan: Plan, pieces: Sequence[Item]) -> list[Item]:
    """Small things on furniture and floor."""
    items: list[Item | None] = []
    for piece in pieces:
        for _ in range(int(rng.poisson(1.3))):
            prop = small_thing(rng, assets.library) if rng.random() < 0.7 else assets.pick("top", rng)
            items.append(rest_on(rng, piece, prop))
    for _ in range(int(rng.poisson(1.8))):
        prop = small_thing(rng, assets.library) if rng.random() < 0.5 else assets.pick("floor", rng)
        items.append(plan.free(rng, prop))
    return present(items)
