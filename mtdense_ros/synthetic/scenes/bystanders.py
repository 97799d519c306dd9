"""People close to the camera: clothed figures within arm's reach and somewhat beyond, mostly cut by the frame."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.objects.people import figure, seat
from mtdense_ros.synthetic.rendering.scene import Item, View, pose
from mtdense_ros.synthetic.scenes.foreground import Surface

Rng = np.random.Generator

SHARE = 0.12
"""Share of the views of rooms and worlds with bystanders, as far as walls and furniture leave room for them."""

REACH = (0.5, 2.0)
"""Nearest and farthest horizontal distance in metres between the camera and the middle of a bystander."""

_TRIES = 24
_ARM = 0.28
"""Free radius in metres around a bystander and before a wall behind."""
_SHINS, _HEAD = 0.15, 2.3
"""Heights in metres between which something is in the way."""


def bystanders(rng: Rng, assets: Assets, surface: Surface, view: View) -> list[list[Item]]:
    """One to three figures before the camera, each with the chair that it may sit on; fewer where no place is free."""
    wanted = int(rng.choice([1, 2, 3], p=[0.65, 0.25, 0.1]))
    taken: list[NDArray[np.float64]] = []
    groups: list[list[Item]] = []
    for _ in range(_TRIES):
        spot = _before(rng, view)
        if len(groups) < wanted and _open(surface, view, spot) and all(math.dist(spot, other) > 2 * _ARM for other in taken):
            taken.append(spot)
            where = pose(float(spot[0]), float(spot[1]), 0.0, rng.uniform(0, 2 * math.pi))
            seated = rng.random() < 0.2
            body = figure(rng, assets.library, seated).at(where)
            groups.append([body, seat(rng, assets.library).at(where)] if seated else [body])
    return groups


def _before(rng: Rng, view: View) -> NDArray[np.float64]:
    """A floor point (x, y) within REACH, more often near than far; very near ones stand aside of the middle."""
    distance = REACH[0] + (REACH[1] - REACH[0]) * float(rng.random()) ** 1.3
    aside = float(rng.uniform(-1, 1)) if distance > 0.9 else float(rng.choice([-1, 1]) * rng.uniform(0.4, 1.15))
    lens = view.intrinsics
    turn = math.atan(aside * lens.width / 2 / lens.fx)
    eye, heading = _stand(view)
    return np.asarray(eye + distance * np.array([math.cos(heading - turn), math.sin(heading - turn)]), np.float64)


def _open(surface: Surface, view: View, spot: NDArray[np.float64]) -> bool:
    """Whether nothing visible stands at a spot, between it and the camera, or right behind it."""
    eye, _ = _stand(view)
    way = spot - eye
    distance = float(np.hypot(*way))
    offset = surface.points[:, :2] - eye
    along, across = offset @ way / distance, offset @ np.array([-way[1], way[0]]) / distance
    solid = (surface.points[:, 2] > _SHINS) & (surface.points[:, 2] < _HEAD)
    return not (solid & (np.abs(across) < _ARM) & (along > 0) & (along < distance + _ARM)).any()


def _stand(view: View) -> tuple[NDArray[np.float64], float]:
    """Where the camera is on the floor (x, y) and the yaw in which it looks, radians about Z from +X."""
    rotation, shift = view.world_to_camera[:3, :3], view.world_to_camera[:3, 3]
    eye = -rotation.T @ shift
    return np.asarray(eye[:2], np.float64), math.atan2(float(rotation[2, 1]), float(rotation[2, 0]))
