"""What fills a room: furniture along walls and free on the floor, tables with their chairs, rugs, lamps and clutter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mtdense_ros.synthetic.objects import furnished, furniture
from mtdense_ros.synthetic.objects.assets import Assets, Prop
from mtdense_ros.synthetic.objects.everyday_objects import thing
from mtdense_ros.synthetic.objects.people import figure
from mtdense_ros.synthetic.objects.placement import Plan, present, rest_on
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.palette import tint
from mtdense_ros.synthetic.rendering.scene import FLOOR, OBJECT, Item, Part, pose
from mtdense_ros.synthetic.rendering.textures import WHITE

Rng = np.random.Generator

_MOST = 26
_CROWDED = 0.14
"""Share of the larger rooms whose floor is crowded with chairs."""
_TAKEN = 0.08
"""Share of the chairs at tables on which somebody sits and stays."""


def contents(rng: Rng, assets: Assets, plan: Plan, density: float, most: int = _MOST) -> list[Item]:
    """Furniture of about `density` pieces per square metre, at most `most`, and the small things on and around it."""
    area = 4 * plan.half[0] * plan.half[1]
    count = int(np.clip(rng.normal(density, 0.3 * density) * area, 1, most))
    pieces: list[Item] = []
    held: list[Item] = []
    if rng.random() < 0.2:
        pieces += present([plan.by_wall(rng, assets.pick("corner", rng))])
    for _ in range(int(rng.poisson(area / 30))):
        pieces += table_group(rng, assets, plan)
    for _ in range(max(count - len(pieces), 0)):
        against = rng.random() < 0.7
        prop = _piece(rng, assets, against)
        item = plan.by_wall(rng, prop) if against else plan.free(rng, prop)
        if item is not None:
            pieces.append(item)
            held += prop.held(item.pose)
    chairs = many_chairs(rng, assets, plan) if rng.random() < _CROWDED and area > 9 else []
    return [*pieces, *held, *chairs, *clutter(rng, assets, plan, pieces)]


def _piece(rng: Rng, assets: Assets, against: bool) -> Prop:
    if rng.random() < 0.3:
        return assets.pick("wall" if against else "free", rng)
    return furnished.against_wall(rng, assets.library) if against else furnished.free_standing(rng, assets.library)


def many_chairs(rng: Rng, assets: Assets, plan: Plan) -> list[Item]:
    """Six to 24 chairs of one kind all over the floor, as in a waiting room or after a lesson."""
    make = furnished.office_chair if rng.random() < 0.3 else furniture.chair
    prop = make(rng, assets.library)
    count = min(int(rng.integers(6, 25)), int(2 * plan.half[0] * plan.half[1]))
    return present([plan.free(rng, prop, 0.0) for _ in range(count)])


def table_group(rng: Rng, assets: Assets, plan: Plan) -> list[Item]:
    """One to six tables in rows, each with the same chairs around it."""
    size = (rng.uniform(0.6, 1.8), rng.uniform(0.55, 0.95), rng.uniform(0.68, 0.78))
    table, seat = furniture.table(rng, assets.library, size), furniture.chair(rng, assets.library)
    sides = [s for s in _seats(size) if rng.random() < 0.75]
    rows, columns = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    pitch = (size[0] + rng.uniform(0.5, 1.0), size[1] + rng.uniform(1.2, 1.8))
    x, y = (rng.uniform(-h, h) for h in plan.half)
    items = []
    for k in range(rows * columns):
        at = (x + (k % columns) * pitch[0], y + (k // columns) * pitch[1])
        room = (size[0] + 0.2, size[1] + 1.0)
        inside = all(abs(a) + r / 2 < h for a, r, h in zip(at, room, plan.half, strict=True))
        if not inside or not plan.claim(*at, *room):
            continue
        items.append(table.at(pose(*at)))
        for sx, sy, yaw in sides:
            where = pose(at[0] + sx, at[1] + sy, 0.0, yaw + rng.normal(0, 0.25))
            items.append(seat.at(where))
            if rng.random() < _TAKEN:
                items.append(figure(rng, assets.library, seated=True).at(where))
    return items


def _seats(size: tuple[float, float, float]) -> list[tuple[float, float, float]]:
    """Places (x, y, yaw) of chairs along the two long sides of a table, facing it."""
    spots = (-0.25, 0.25) if size[0] > 1.2 else (0.0,)
    return [(k * size[0], side * (size[1] / 2 + 0.12), 0.0 if side > 0 else np.pi) for side in (-1, 1) for k in spots]


def clutter(rng: Rng, assets: Assets, plan: Plan, pieces: Sequence[Item]) -> list[Item]:
    """Small things on furniture and floor."""
    items: list[Item | None] = []
    for piece in pieces:
        for _ in range(int(rng.poisson(2.0))):
            prop = thing(rng, assets.library) if rng.random() < 0.75 else assets.pick("top", rng)
            items.append(rest_on(rng, piece, prop))
    for _ in range(int(rng.poisson(2.2))):
        draw = rng.random()
        if draw < 0.2:
            prop = furnished.waste_bin(rng, assets.library)
        else:
            prop = thing(rng, assets.library) if draw < 0.6 else assets.pick("floor", rng)
        items.append(plan.free(rng, prop))
    return present(items)


def rug(rng: Rng, assets: Assets, half: tuple[float, float]) -> Item:
    """A rug somewhere on the floor."""
    w, d = rng.uniform(0.8, min(half[0] * 1.4, 3.0)), rng.uniform(0.8, min(half[1] * 1.4, 3.0))
    layer = assets.library.pick(rng, "calm carpet", "carpet", "stripes", "checker", "print", "cloth")
    x, y = rng.uniform(-1, 1) * (half[0] - w / 2), rng.uniform(-1, 1) * (half[1] - d / 2)
    part = Part(meshes.box((w, d, 0.006)), layer, tint(rng, 0.4), float(rng.uniform(0.5, 1.5)))
    return Item([part], pose(float(x), float(y)), FLOOR, "rug", casts=False)


def ceiling_lamps(rng: Rng, half: tuple[float, float], height: float) -> list[Item]:
    """Nothing, one or two lamps, or a grid of panels or pendants as in offices and cafes."""
    if min(half) < 1.8 or rng.random() < 0.5:
        spots = [tuple(rng.uniform(-0.7, 0.7, 2) * half) for _ in range(int(rng.choice([0, 1, 1, 2])))]
    else:
        counts = [max(round(2 * h / rng.uniform(2.0, 3.5)), 1) for h in half]
        axes = [((np.arange(n) + 0.5) / n * 2 - 1) * h for n, h in zip(counts, half, strict=True)]
        spots = [(x, y) for x in axes[0] for y in axes[1]]
    parts = _panel(rng) if rng.random() < 0.6 else _pendant(rng, height)
    return [Item(parts, pose(float(x), float(y), height), OBJECT, "lamp", casts=False) for x, y in spots]


def _panel(rng: Rng) -> list[Part]:
    w, d = rng.choice([0.3, 0.6, 1.2]), rng.choice([0.15, 0.3, 0.6])
    return [Part(meshes.box((w, d, 0.04), (0, 0, -0.03)), WHITE, (1, 1, 0.97), emit=rng.random() < 0.75)]


def _pendant(rng: Rng, height: float) -> list[Part]:
    drop, r = rng.uniform(0.1, max(0.2, height - 1.9)), rng.uniform(0.08, 0.25)
    shade = meshes.lathe([(r, -drop), (r * rng.uniform(0.3, 1.0), -drop + r)])
    cord = meshes.cylinder(0.008, drop, (0, 0, -drop))
    bulb = meshes.ellipsoid((0.035, 0.035, 0.05), (0, 0, -drop + 0.04), 6, 8)
    lit = rng.random() < 0.5
    return [Part(shade, WHITE, tint(rng, 0.3, (0.3, 1))), Part(cord, WHITE, (0.1, 0.1, 0.1)), Part(bulb, WHITE, (1, 0.97, 0.88), emit=lit)]
