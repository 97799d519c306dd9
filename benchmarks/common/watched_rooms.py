"""Rendered rooms before a still camera: empty, with people, with the camera moved, and in another light."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.pairs import plausible
from mtdense_ros.synthetic.rendering.ambience import interior_lighting
from mtdense_ros.synthetic.rendering.renderer import Renderer
from mtdense_ros.synthetic.rendering.scene import Item, View
from mtdense_ros.synthetic.scenes.bystanders import people
from mtdense_ros.synthetic.scenes.foreground import surface_of
from mtdense_ros.synthetic.scenes.furnished_rooms import furnished_room

Rgb = NDArray[np.uint8]

SIZE = (480, 640)
MOTIONS = {
    "1 px": (1.0, 0.0),
    "3 px": (3.0, 0.0),
    "8 px": (8.0, 0.0),
    "20 px": (20.0, 0.0),
    "0.5 deg": (0.0, 0.5),
    "2 deg": (0.0, 2.0),
}
"""Camera motions: shift of the picture's middle in pixels, by a turn in a random direction, and roll in degrees."""
_GROUPS = 4
"""Different groups of people per room."""
_FLAT = 12


@dataclass(frozen=True, eq=False)
class WatchedRoom:
    """One room: pictures (H, W, 3) without noise. `moved` and `relit` have the empty room first, then with the first group."""

    empty: Rgb
    peopled: list[Rgb]
    covered: list[float]
    moved: dict[str, list[Rgb]]
    relit: list[Rgb]


def watched_rooms(assets: Assets, seed: int, count: int) -> Iterator[WatchedRoom]:
    """`count` rooms of this seed and the next ones that give a plausible view with people in it."""
    renderer = Renderer(SIZE, assets.library.layers())
    while count:
        room = _room(np.random.default_rng(seed), assets, renderer)
        seed += 1
        if room is not None:
            count -= 1
            yield room
    renderer.close()


def _room(rng: np.random.Generator, assets: Assets, renderer: Renderer) -> WatchedRoom | None:
    setting = furnished_room(rng, assets, SIZE)
    survey = renderer.survey(setting.items, setting.view)
    if not plausible(survey, setting):
        return None
    empty = renderer.light(setting.lighting)
    if empty.image.std() < _FLAT:
        return None
    surface = surface_of(empty, setting.view)
    groups = [[item for group in people(rng, assets, surface, setting.view, setting.items) for item in group] for _ in range(_GROUPS)]
    if not all(groups):
        return None

    def seen(view: View, added: list[Item], lighting=setting.lighting) -> tuple[Rgb, float]:
        rendering = renderer.render(setting.items, view, lighting)
        if added:
            rendering = renderer.add_foreground(added)
        return rendering.image, float((rendering.instances > len(setting.items)).mean())

    views = {name: _moved(setting.view, *motion, rng.uniform(0, 2 * math.pi)) for name, motion in MOTIONS.items()}
    moved = {name: [seen(view, added)[0] for added in ([], groups[0])] for name, view in views.items()}
    points = np.concatenate([item.bounds() for item in setting.items])
    other = interior_lighting(rng, np.percentile(points, 5, axis=0), np.percentile(points, 95, axis=0), ())
    peopled, shares = zip(*(seen(setting.view, group) for group in groups), strict=True)
    return WatchedRoom(empty.image, list(peopled), list(shares), moved, [seen(setting.view, added, other)[0] for added in ([], groups[0])])


def _moved(view: View, shift_px: float, roll_deg: float, direction: float) -> View:
    """The camera turned so that the picture's middle is shifted, and rolled."""
    turn = math.atan(shift_px / view.intrinsics.fx)
    yaw, pitch, roll = turn * math.cos(direction), turn * math.sin(direction), math.radians(roll_deg)
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = about_z @ about_y @ about_x
    return replace(view, world_to_camera=(matrix @ view.world_to_camera).astype(np.float32))
