"""People in views of rooms: within arm's reach and cut by the frame, further away, in groups, on seats and beds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.synthetic.objects.assets import Assets, Prop
from mtdense_ros.synthetic.objects.people import seat
from mtdense_ros.synthetic.objects.placement import heights_at
from mtdense_ros.synthetic.objects.posed_people import lying, sitting, standing
from mtdense_ros.synthetic.rendering.scene import Item, View, pose
from mtdense_ros.synthetic.scenes.foreground import Surface

Rng = np.random.Generator

SHARE = 0.42
"""Share of the views of rooms and worlds with people, as far as walls and furniture leave room for them."""

_SEATS = ("sofa", "armchair", "chair", "office chair", "easy chair", "bench")

REACH = (0.5, 2.0)
"""Nearest and farthest horizontal distance in metres between the camera and the middle of a bystander."""

_TRIES = 24
_ARM = 0.28
"""Free radius in metres around a bystander and before a wall behind."""
_SHINS, _HEAD = 0.15, 2.3
"""Heights in metres between which something is in the way."""


def people(rng: Rng, assets: Assets, surface: Surface, view: View, items: Sequence[Item]) -> list[list[Item]]:
    """Somebody in a view of a room, each with the chair that may come along: near the camera, further away, on seats, lying.

    items: what the room holds, for its seats and beds. Empty where no place was found.
    """
    draw = rng.random()
    if draw < 0.45:
        found = bystanders(rng, assets, surface, view)
    elif draw < 0.75:
        found = standing_group(rng, assets, surface, view)
    elif draw < 0.92:
        found = on_seats(rng, assets, surface, items)
    else:
        found = lying_down(rng, assets, surface, view, items)
    return found or standing_group(rng, assets, surface, view) or bystanders(rng, assets, surface, view)


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
            body = (sitting if seated else standing)(rng, assets).at(where)
            groups.append([body, seat(rng, assets.library).at(where)] if seated else [body])
    return groups


def standing_group(rng: Rng, assets: Assets, surface: Surface, view: View) -> list[list[Item]]:
    """One to three people on visible floor, those of a group close together and turned toward each other."""
    floor = surface.points[surface.level & (np.abs(surface.points[:, 2]) < 0.04) & (surface.distance > 0.9)]
    if not len(floor):
        return []
    groups: list[list[Item]] = []
    wanted, first = int(rng.choice([1, 2, 3], p=[0.6, 0.28, 0.12])), None
    for _ in range(_TRIES):
        spot = floor[int(rng.integers(len(floor)))][:2].astype(np.float64)
        near = first is None or 0.5 < math.dist(spot, first) < 1.6
        if len(groups) < wanted and near and _free(surface, spot):
            turn = rng.uniform(0, 2 * math.pi) if first is None else math.atan2(*(first - spot)[::-1]) + math.pi / 2 + rng.normal(0, 0.4)
            first = spot if first is None else first
            groups.append([standing(rng, assets).at(pose(float(spot[0]), float(spot[1]), 0.0, float(turn)))])
    return groups


def on_seats(rng: Rng, assets: Assets, surface: Surface, items: Sequence[Item]) -> list[list[Item]]:
    """People on the visible sofas and chairs of a room."""
    seats = [item for item in items if item.name in _SEATS and _in_sight(surface, item)]
    groups: list[list[Item]] = []
    for index in rng.permutation(len(seats))[: int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))]:
        low, high = _local_bounds(seats[index])
        body = sitting(rng, assets)
        span = max(float(high[0] - low[0]) / 2 - 0.35, 0.0)
        # The back of the sitter is before that of the seat.
        back = float(high[1]) - (0.24 if seats[index].name in ("sofa", "armchair") else 0.1)
        shift = pose(float((low + high)[0] / 2 + rng.uniform(-span, span)), back - _behind(body), 0.0, float(rng.normal(0, 0.06)))
        groups.append([body.at(seats[index].pose @ shift)])
    return groups


def lying_down(rng: Rng, assets: Assets, surface: Surface, view: View, items: Sequence[Item]) -> list[list[Item]]:
    """Somebody who lies on a visible bed or sofa, or on the floor."""
    body = lying(rng, assets)
    if body is None:
        return []
    beds = [item for item in items if item.name in ("bed", "sofa") and _in_sight(surface, item)]
    if beds and rng.random() < 0.75:
        bed = beds[int(rng.integers(len(beds)))]
        low, high = _local_bounds(bed)
        middle = (low + high) / 2
        turn = 0.0 if high[1] - low[1] > high[0] - low[0] else math.pi / 2
        where = bed.pose @ pose(float(middle[0]), float(middle[1]) - 0.05, 0.0, turn + math.pi * float(rng.integers(2)))
        heights = heights_at(bed, where[None, :2, 3].astype(np.float64))
        if np.isfinite(heights[0]):
            where[2, 3] = heights[0] - 0.03
            return [[body.at(where)]]
    floor = surface.points[surface.level & (np.abs(surface.points[:, 2]) < 0.04) & (surface.distance > 1.2)]
    for spot in floor[rng.integers(len(floor), size=8)] if len(floor) else ():
        if _free(surface, spot[:2].astype(np.float64), 0.6):
            return [[body.at(pose(float(spot[0]), float(spot[1]), 0.0, float(rng.uniform(0, 2 * math.pi))))]]
    return []


def _behind(body: Prop) -> float:
    """How far a prop reaches behind its origin, metres."""
    return max(float(part.mesh.positions[:, 1].max()) for part in body.parts)


def _local_bounds(item: Item) -> NDArray[np.float32]:
    """(2, 3): lowest and highest corner of an item in its own frame."""
    bounds = np.stack([part.mesh.bounds() for part in item.parts])
    return np.stack([bounds[:, 0].min(0), bounds[:, 1].max(0)])


def _in_sight(surface: Surface, item: Item) -> bool:
    """Whether enough of what is visible lies within an item's bounds."""
    low, high = item.bounds()
    return int(((surface.points > low) & (surface.points < high)).all(1).sum()) > 60


def _free(surface: Surface, spot: NDArray[np.float64], radius: float = _ARM) -> bool:
    """Whether nothing visible stands within `radius` metres of a floor point."""
    near = np.hypot(*(surface.points[:, :2] - spot).T) < radius
    return not (near & (surface.points[:, 2] > _SHINS) & (surface.points[:, 2] < 1.9)).any()


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
