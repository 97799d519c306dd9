"""Openings in walls through which the next room is seen: doors that stand open, and passages without one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtdense_ros.synthetic.objects.furniture import finish
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.scene import DOOR, FLOOR, Item, Part
from mtdense_ros.synthetic.rendering.textures import TextureLibrary
from mtdense_ros.synthetic.scenes.walls import THICK, Wall

Rng = np.random.Generator


@dataclass(frozen=True)
class Doorway:
    """An opening s metres along a wall, of that width and height from the floor."""

    s: float
    width: float
    height: float

    def overlaps(self, s: float, room: float) -> bool:
        """Whether something `room` metres wide at s would reach into the opening or its frame."""
        return abs(s - self.s) < (self.width + room) / 2 + 0.1


def doorway(rng: Rng, wall: Wall) -> Doorway | None:
    """A random opening of a wall, a door's in seven of ten cases; None where the wall is too short."""
    door = rng.random() < 0.7
    width = rng.uniform(0.75, 1.0) if door else rng.uniform(1.1, 2.4)
    reach = wall.length / 2 - width / 2 - 0.15
    if reach < 0:
        return None
    height = rng.uniform(1.95, 2.1) if door else rng.uniform(2.05, wall.height - 0.1)
    return Doorway(float(rng.uniform(-reach, reach)), float(width), float(height))


def wall_mesh(wall: Wall, gap: Doorway | None) -> meshes.Mesh:
    """A wall's slab in its frame, THICK metres deep around y = 0, with the opening left out."""
    full = wall.length + 2 * THICK
    if gap is None:
        return meshes.box((full, THICK, wall.height))
    left, right = gap.s - gap.width / 2 + full / 2, full / 2 - gap.s - gap.width / 2
    slabs = [
        meshes.box((left, THICK, wall.height), (left / 2 - full / 2, 0, 0)),
        meshes.box((right, THICK, wall.height), (full / 2 - right / 2, 0, 0)),
        meshes.box((gap.width, THICK, wall.height - gap.height), (gap.s, 0, gap.height)),
    ]
    return meshes.merge(slabs)


def lining(rng: Rng, library: TextureLibrary, wall: Wall, gap: Doorway, floor: Part) -> list[Item]:
    """The opening's threshold in the floor's material and, where it is a door's, its frame and the open leaf beyond the wall."""
    sill = Part(meshes.box((gap.width, 2 * THICK, 0.1), (0, 0, -0.1)), floor.layer, floor.tint, floor.repeat, floor.gloss)
    items = [wall.item([sill], FLOOR, gap.s, 0, -THICK, casts=False, name="sill")]
    if gap.width > 1.05:
        return items
    bar = float(rng.uniform(0.04, 0.08))
    frame = [meshes.box((bar, 2 * THICK + 0.04, gap.height + bar / 2), (x * gap.width / 2, 0, 0)) for x in (-1, 1)]
    frame.append(meshes.box((gap.width, 2 * THICK + 0.04, bar / 2), (0, 0, gap.height)))
    parts = [finish(rng, library, meshes.merge(frame))]
    if rng.random() < 0.75:
        parts += _leaf(rng, library, gap)
    return [*items, wall.item(parts, DOOR, gap.s, 0, -THICK, name="open door")]


def _leaf(rng: Rng, library: TextureLibrary, gap: Doorway) -> Sequence[Part]:
    """The leaf, swung by 60 to 165 degrees about its hinge on either side."""
    width = gap.width - 0.06
    grip = meshes.merge([meshes.box((0.12, 0.12, 0.02), (width - 0.09, 0, 1.0)), meshes.box((0.02, 0.14, 0.02), (width - 0.05, 0, 1.0))])
    panel = meshes.box((width, 0.035, gap.height - 0.03), (width / 2, 0, 0.01))
    turn = math.radians(rng.uniform(60, 165))
    side = float(rng.choice([-1, 1]))
    # A hinge on the right is the left one, turned round: the leaf is symmetric about its plane.
    angle, hinge = (turn, -width / 2) if side < 0 else (math.pi - turn, width / 2)
    placed = [mesh.turned(meshes.rotation_z(angle)).moved((hinge, THICK, 0)) for mesh in (panel, grip)]
    return [finish(rng, library, placed[0]), Part(placed[1], 0, (0.5, 0.5, 0.5), gloss=0.9)]
