"""Rooms with a function, seen by people and by robots."""

from __future__ import annotations

import math

import numpy as np

from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.objects.placement import Plan
from mtdense_ros.synthetic.rendering import camera
from mtdense_ros.synthetic.rendering.ambience import interior_lighting
from mtdense_ros.synthetic.rendering.scene import Item, View
from mtdense_ros.synthetic.scenes.arrangements import GROUPS
from mtdense_ros.synthetic.scenes.furnishing import Furnishing
from mtdense_ros.synthetic.scenes.interior import build_interior, gap_lining
from mtdense_ros.synthetic.scenes.room_contents import ceiling_lamps, rug
from mtdense_ros.synthetic.scenes.room_functions import FUNCTIONS, Function
from mtdense_ros.synthetic.scenes.rooms import Setting, next_room, random_gaps
from mtdense_ros.synthetic.scenes.walls import walls

Rng = np.random.Generator

CAMERAS = {"person": 0.5, "robot": 0.25, "near": 0.13, "wild": 0.12}
"""Who looks -> share of the cameras: somebody of 1.2 to 1.75 m, a robot of 0.2 to 0.7 m, either close to a thing, or any of
`camera.robot_view`."""

_SEEN_FROM_ABOVE = 0.55
"""Height in metres of what somebody looks at, on average."""


def furnished_room(rng: Rng, assets: Assets, size: tuple[int, int]) -> Setting:
    """A room for one of FUNCTIONS; size (height, width) pixels."""
    function = FUNCTIONS[str(rng.choice(list(FUNCTIONS), p=[f.share for f in FUNCTIONS.values()]))]
    width, length, height = (float(rng.uniform(*span)) for span in (function.width, function.length, function.height))
    half = (width / 2, length / 2) if rng.random() < 0.5 else (length / 2, width / 2)
    sides = walls(half, height)
    gaps = random_gaps(rng, sides)
    shell = build_interior(rng, assets.library, half, height, gaps, tiled=bool(rng.random() < function.tiled))
    plan = Plan(half)
    for area in shell.keep_free:
        plan.claim(*area)
    items = [*shell.items, *furnish(rng, assets, plan, function), *ceiling_lamps(rng, half, height)]
    if rng.random() < 0.4:
        items.append(rug(rng, assets, half))
    for side, gap in gaps.items():
        items += [*gap_lining(rng, assets.library, shell, sides[side], gap), *next_room(rng, assets, sides[side], gap)]
    targets = [item for item in items if item.name in assets.kinds or item.name in ("shelf", "kitchen", "workplace", "easy chair")]

    def look(rng: Rng) -> View:
        return _look(rng, size, plan, height, targets)

    low, high = (-half[0], -half[1], 0.0), (half[0], half[1], height)
    return Setting(items, look(rng), interior_lighting(rng, low, high, shell.openings), look=look)


def furnish(rng: Rng, assets: Assets, plan: Plan, function: Function) -> list[Item]:
    """All that stands and lies in a room of that use on a floor plan."""
    room = Furnishing(rng, assets, plan)
    late = []
    for name, share in function.groups.items():
        if rng.random() < share:
            (late.append(name) if name == "mirror" else GROUPS[name](room))
    wanted = [name for name, (low, high) in function.walls.items() for _ in range(int(rng.integers(low, high + 1)))]
    for name in rng.permutation(wanted) if wanted else ():
        room.by_wall(room.piece(str(name)))
    for name, (low, high) in function.free.items():
        for _ in range(int(rng.integers(low, high + 1))):
            room.free(room.piece(name))
    for name in late:
        GROUPS[name](room)
    room.strew(function.tops, function.floor, function.strewn)
    return room.items


def _look(rng: Rng, size: tuple[int, int], plan: Plan, height: float, targets: list[Item]) -> View:
    """A view of a piece of furniture from a free spot; of anything in any direction for `wild` cameras."""
    who = str(rng.choice(list(CAMERAS), p=list(CAMERAS.values())))
    tall = float(rng.uniform(0.2, 0.7)) if who == "robot" or (who == "near" and rng.random() < 0.5) else float(rng.uniform(1.15, 1.75))
    tall = min(tall, height - 0.4)
    if who == "wild" or not targets:
        x, y = plan.spot(rng, 0.3) or plan.spot(rng, 0.12) or (0.0, 0.0)
        return camera.robot_view(rng, size, (x, y, tall), float(rng.uniform(-math.pi, math.pi)))
    low, high = targets[int(rng.integers(len(targets)))].bounds()
    centre = (low + high) / 2
    span = (0.5, 1.4) if who == "near" else (1.2, 4.5)
    best: tuple[float, float, float] | None = None
    for _ in range(12):
        x, y = plan.spot(rng, 0.15) or (0.0, 0.0)
        away = math.dist((x, y), centre[:2]) - (float((high - low)[:2].max()) / 2 if who == "near" else 0.0)
        off = max(span[0] - away, away - span[1], 0.0)
        if best is None or off < best[0]:
            best = off, x, y
        if off == 0:
            break
    assert best is not None
    _, x, y = best
    yaw = math.atan2(centre[1] - y, centre[0] - x) + float(rng.normal(0, 0.22))
    aim = float(centre[2]) * 0.5 + 0.5 * _SEEN_FROM_ABOVE
    pitch = math.atan2(aim - tall, max(math.dist((x, y), centre[:2]), 0.4)) + math.radians(float(rng.normal(2, 7)))
    roll = float(np.clip(rng.normal(0, 2.5 if who == "person" else 1), -8, 8))
    lens = camera.intrinsics(size, float(rng.uniform(48, 70)))
    return camera.view(lens, (x, y, tall), yaw, float(np.clip(pitch, math.radians(-50), math.radians(15))), math.radians(roll))
