"""Procedural furnished rooms, from box rooms to halls and corridors, with doors open to the next room."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.objects.placement import Plan
from mtdense_ros.synthetic.rendering import camera
from mtdense_ros.synthetic.rendering.ambience import interior_lighting
from mtdense_ros.synthetic.rendering.scene import Item, Lighting, View, pose
from mtdense_ros.synthetic.scenes.doorways import Doorway, doorway
from mtdense_ros.synthetic.scenes.interior import build_interior, gap_lining
from mtdense_ros.synthetic.scenes.room_contents import ceiling_lamps, contents, rug
from mtdense_ros.synthetic.scenes.walls import THICK, Wall, walls

Rng = np.random.Generator
Extent = tuple[float, float]

KINDS: dict[str, tuple[float, Extent, Extent, Extent, float]] = {
    "small": (0.18, (2.4, 4.2), (2.4, 4.8), (2.2, 2.8), 0.6),
    "middle": (0.31, (3.5, 6.5), (3.5, 7.5), (2.3, 3.0), 0.5),
    "hall": (0.32, (6.0, 11.0), (7.0, 15.0), (2.5, 3.8), 0.35),
    "corridor": (0.19, (1.5, 2.6), (7.0, 18.0), (2.2, 3.0), 0.12),
}
"""Kind -> share of the rooms, ranges of width, length and height in metres, and pieces of furniture per square metre."""

_GRAZING = 0.4
"""Share of the cameras that look along a wall beside them, so that it fills much of the picture at a grazing angle."""


@dataclass(frozen=True)
class Setting:
    """A scene without its foreground: items, one camera, light, and the largest size in metres of what may be added.

    look: draws another camera for the same items; None where they were chosen for this one.
    """

    items: Sequence[Item]
    view: View
    lighting: Lighting
    largest: float = 2.0
    look: Callable[[Rng], View] | None = None


def room(rng: Rng, assets: Assets, size: tuple[int, int]) -> Setting:
    """A random room of KINDS, seen by a robot or from a hand inside it; size (height, width) pixels."""
    kind = KINDS[str(rng.choice(list(KINDS), p=[kind[0] for kind in KINDS.values()]))]
    width, length, height = (float(rng.uniform(*span)) for span in kind[1:4])
    half = (width / 2, length / 2) if rng.random() < 0.5 else (length / 2, width / 2)
    gaps = random_gaps(rng, walls(half, height))
    shell = build_interior(rng, assets.library, half, height, gaps)
    plan = Plan(half)
    for area in shell.keep_free:
        plan.claim(*area)
    items = [*shell.items, *contents(rng, assets, plan, kind[4]), *ceiling_lamps(rng, half, height)]
    if rng.random() < 0.35:
        items.append(rug(rng, assets, half))
    for side, gap in gaps.items():
        wall = walls(half, height)[side]
        items += [*gap_lining(rng, assets.library, shell, wall, gap), *next_room(rng, assets, wall, gap)]
    doors = [walls(half, height)[side].at(gap.s, 0) for side, gap in gaps.items()]

    def look(rng: Rng) -> View:
        if rng.random() < _GRAZING:
            x, y, yaw = _beside_wall(rng, plan)
        else:
            x, y, yaw = max((_stand(rng, plan, doors) for _ in range(int(rng.integers(2, 5)))), key=lambda stand: stand[0])[1:]
        tall = rng.uniform(0.2, 0.8) if rng.random() < 0.4 else rng.uniform(0.8, min(1.75, height - 0.5))
        return camera.robot_view(rng, size, (x, y, tall), yaw)

    low, high = (-half[0], -half[1], 0.0), (half[0], half[1], height)
    return Setting(items, look(rng), interior_lighting(rng, low, high, shell.openings), look=look)


def random_gaps(rng: Rng, sides: Sequence[Wall]) -> Mapping[int, Doorway]:
    """Openings in none, one or two opposite walls, so that the rooms behind them cannot meet."""
    first = int(rng.integers(4))
    chosen = [first, (first + 2) % 4][: int(rng.choice([0, 1, 2], p=[0.35, 0.45, 0.2]))]
    drawn = {side: doorway(rng, sides[side]) for side in chosen}
    return {side: gap for side, gap in drawn.items() if gap is not None}


def next_room(rng: Rng, assets: Assets, wall: Wall, gap: Doorway) -> list[Item]:
    """The sparsely furnished room behind an opening of a wall."""
    half = (float(rng.uniform(1.0, 3.5)), float(rng.uniform(0.9, 4.0)))
    aside = float(rng.uniform(-1, 1)) * max(half[0] - gap.width / 2 - 0.1, 0.0)
    # Its own -Y wall, whose frame runs the other way, is cut where the opening is.
    shell = build_interior(rng, assets.library, half, wall.height, {2: replace(gap, s=-aside)})
    plan = Plan(half)
    for area in shell.keep_free:
        plan.claim(*area)
    frame = pose(*wall.at(gap.s - aside, 0, -2 * THICK - half[1]), wall.yaw)
    items = [*shell.items, *contents(rng, assets, plan, 0.3, most=6), *ceiling_lamps(rng, half, wall.height)]
    return [replace(item, pose=frame @ item.pose, _baked=[]) for item in items]


def _beside_wall(rng: Rng, plan: Plan) -> tuple[float, float, float]:
    """A free spot 0.3 to 1.3 m from a wall and the yaw of a view along it, turned 5 to 50 degrees toward it."""
    for _ in range(20):
        side, away = int(rng.integers(4)), float(rng.uniform(0.3, 1.3))
        across, along = int(side % 2), 1 - int(side % 2)
        spot, sign = [0.0, 0.0], 1.0 if side < 2 else -1.0
        spot[across] = sign * max(plan.half[across] - away, 0.0)
        # The way to look is the longer one.
        way = float(rng.choice([-1.0, 1.0]))
        spot[along] = -way * float(rng.uniform(0.0, max(plan.half[along] - 0.3, 0.0)))
        if not plan.occupied(spot[0], spot[1], 0.15):
            ahead, turn = [0.0, 0.0], math.radians(float(rng.uniform(5, 50)))
            ahead[along], ahead[across] = way * math.cos(turn), sign * math.sin(turn)
            return spot[0], spot[1], math.atan2(ahead[1], ahead[0])
    return _stand(rng, plan, [])[1:]


def _stand(rng: Rng, plan: Plan, doors: Sequence[tuple[float, float, float]]) -> tuple[float, float, float, float]:
    """A free spot to look from: how far the view goes before a wall, x, y and the yaw, toward an open door in four of ten cases."""
    x, y = plan.spot(rng, 0.3) or plan.spot(rng, 0.12) or (0.0, 0.0)
    yaw = float(rng.uniform(-math.pi, math.pi))
    if doors and rng.random() < 0.4:
        to_x, to_y, _ = doors[int(rng.integers(len(doors)))]
        yaw = math.atan2(to_y - y, to_x - x) + float(rng.normal(0, 0.2))
    ways = [
        (h - math.copysign(at, a)) / max(abs(a), 1e-6) for h, at, a in zip(plan.half, (x, y), (math.cos(yaw), math.sin(yaw)), strict=True)
    ]
    return min(ways), x, y, yaw
