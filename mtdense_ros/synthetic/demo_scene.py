"""The room of the demo sequence and what comes and goes in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.synthetic.demo_shell import build_shell
from mtdense_ros.synthetic.objects import furniture
from mtdense_ros.synthetic.objects.assets import Assets, Prop
from mtdense_ros.synthetic.objects.capsule_people import person
from mtdense_ros.synthetic.objects.placement import Plan, present, rest_on
from mtdense_ros.synthetic.objects.small_objects import small_thing
from mtdense_ros.synthetic.rendering import camera
from mtdense_ros.synthetic.rendering.lights import room_lighting
from mtdense_ros.synthetic.rendering.scene import OBJECT, Item, pose
from mtdense_ros.synthetic.scenes.rooms import Setting

_HALF, _HEIGHT = (2.4, 2.9), 2.55
_EYE = (0.2, -2.6, 0.85)
_PEOPLE_SEED = 42

Place = tuple[float, float, float, float]


@dataclass(frozen=True)
class Actor:
    """A model (or "person") in frames first to last, moving evenly from start to end: (x, y, z metres, yaw radians)."""

    model: str
    first: int
    last: int
    start: Place
    end: Place

    def place(self, k: int) -> Place:
        """Where it is in frame k."""
        share = (k - self.first) / max(self.last - self.first, 1)
        x, y, z, yaw = (a + share * (b - a) for a, b in zip(self.start, self.end, strict=True))
        return x, y, z, yaw


_TABLE = (-0.75, 0.75)

ACTORS = (
    Actor("turtlebot", 8, 30, (-2.1, -0.55, 0.0, 0.0), (1.9, -0.15, 0.0, 0.3)),
    Actor("construction_cone", 11, 47, (1.25, 0.9, 0.0, 0.4), (1.25, 0.9, 0.0, 0.4)),
    Actor("person", 12, 29, (1.35, -1.5, 0.0, 3.46), (0.45, 1.2, 0.0, 3.46)),
    Actor("person", 30, 46, (0.45, 1.2, 0.0, 0.32), (1.35, -1.5, 0.0, 0.32)),
    Actor("cordless_drill", 17, 40, (-0.95, 0.7, -1.0, 0.6), (-0.95, 0.7, -1.0, 0.6)),
    Actor("coke_can", 19, 47, (-0.55, 0.6, -1.0, 0.0), (-0.55, 0.6, -1.0, 0.0)),
    Actor("MagicCube_01", 21, 36, (-0.75, 0.5, -1.0, 0.5), (-0.75, 0.5, -1.0, 0.5)),
    Actor("Vase_01", 23, 47, (-0.4, 0.85, -1.0, 0.0), (-0.4, 0.85, -1.0, 0.0)),
    Actor("grey_tote", 28, 44, (-0.05, 0.3, 0.0, 0.3), (-0.05, 0.3, 0.0, 0.3)),
    Actor("first_2015_trash_can", 33, 47, (-1.05, -0.15, 0.0, 0.0), (-1.05, -0.15, 0.0, 0.0)),
)
"""Everything that enters after the background phase; z = -1 stands on the table."""


def demo_setting(rng: np.random.Generator, assets: Assets, lens: Intrinsics) -> Setting:
    """The furnished room, its lights and the robot's camera."""
    shell = build_shell(rng, assets.library, _HALF, _HEIGHT)
    plan = Plan(_HALF)
    table = furniture.table(rng, assets.library, (1.1, 0.7, 0.72)).at(pose(*_TABLE))
    plan.claim(0.0, 0.0, 2 * _HALF[0] - 1.8, 2 * _HALF[1] - 1.9)
    plan.claim(*_EYE[:2], 1.6, 1.4)
    held_out = [assets.props[name] for name in ("SofaB_01", "ReadingDesk_01", "ShoeRack_01")]
    more = [make(rng, assets.library) for make in (furniture.shelf, furniture.cabinet, furniture.sofa, furniture.desk, furniture.chair)]
    pieces = [table, *present([plan.by_wall(rng, prop) for prop in [*held_out, *more]])]
    clutter = present([rest_on(rng, piece, small_thing(rng, assets.library)) for piece in pieces[1:] for _ in range(2)])
    view = camera.view(lens, _EYE, math.radians(96), math.radians(-4))
    low, high = (-_HALF[0], -_HALF[1], 0.0), (_HALF[0], _HALF[1], _HEIGHT)
    lighting = replace(room_lighting(rng, low, high, shell.openings), exposure=0.6)
    return Setting([*shell.items, *pieces, *clutter], view, lighting)


def on_stage(assets: Assets, setting: Setting, k: int) -> list[Item]:
    """The foreground of frame k."""
    top = next(item for item in setting.items if item.name == "table").bounds()[1, 2]
    return [_item(assets, actor, k, float(top)) for actor in ACTORS if actor.first <= k <= actor.last]


def _item(assets: Assets, actor: Actor, k: int, table_top: float) -> Item:
    x, y, z, yaw = actor.place(k)
    return _prop(assets, actor, k).at(pose(x, y, table_top if z < 0 else z, yaw))


def _prop(assets: Assets, actor: Actor, k: int) -> Prop:
    if actor.model != "person":
        return assets.props[actor.model]
    walking = person(np.random.default_rng(_PEOPLE_SEED), assets.library, stride=math.sin(0.9 * k))
    # The committed truth is of six classes, where people are objects; it changes with the pictures, when those are rendered again.
    return replace(walking, label=OBJECT)
