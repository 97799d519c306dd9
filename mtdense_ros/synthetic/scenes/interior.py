"""The shells of training's rooms: floor, ceiling, walls with open doorways, and what hangs on the walls."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.palette import tint
from mtdense_ros.synthetic.rendering.scene import CEILING, FLOOR, OBJECT, WALL, Item, Part, pose
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary
from mtdense_ros.synthetic.scenes.doorways import Doorway, lining, wall_mesh
from mtdense_ros.synthetic.scenes.materials import ceiling_material, floor_material, tiles_material, wall_material
from mtdense_ros.synthetic.scenes.wall_fixtures import before_window, hang
from mtdense_ros.synthetic.scenes.walls import THICK, Shell, Wall, add_door, add_picture, add_window, walls

Rng = np.random.Generator


def build_interior(
    rng: Rng, library: TextureLibrary, half: tuple[float, float], height: float, gaps: Mapping[int, Doorway], tiled: bool = False
) -> Shell:
    """A random shell around a floor of half extents (x, y) metres, ceiling at `height`.

    gaps: openings by the index of their wall in `walls`. Their linings are not in the shell: one of two rooms adds them.
    tiled: whether the walls have tiles, as those of bathrooms and kitchens.
    """
    floor = Part(meshes.box((2 * half[0], 2 * half[1], 0.1), (0, 0, -0.1)), *floor_material(rng, library))
    above = Part(meshes.box((2 * half[0], 2 * half[1], 0.1), (0, 0, height)), *ceiling_material(rng, library))
    items = [Item([floor], pose(), FLOOR, "floor", casts=False), Item([above], pose(), CEILING, "ceiling", casts=False)]
    shell = Shell(items, [], [])
    paint = tiles_material(rng, library) if tiled else wall_material(rng, library)
    skirting = tint(rng, 0.1, (0.3, 1.0)) if rng.random() < 0.7 else None
    lower = (wall_material(rng, library), float(rng.uniform(0.7, 1.4))) if rng.random() < 0.15 else None
    for side, wall in enumerate(walls(half, height)):
        gap = gaps.get(side)
        material = wall_material(rng, library) if rng.random() < 0.12 else paint
        shell.items.append(wall.item([Part(wall_mesh(wall, gap), *material)], WALL, 0, 0, -THICK / 2, casts=False, name="wall"))
        if skirting is not None and gap is None:
            strip = meshes.box((wall.length, 0.015, rng.uniform(0.05, 0.12)))
            shell.items.append(wall.item([Part(strip, WHITE, skirting)], WALL, 0, 0, 0.0075, name="skirting"))
        if lower is not None and gap is None:
            dado = Part(meshes.box((wall.length, 0.004, lower[1])), *lower[0])
            shell.items.append(wall.item([dado], WALL, 0, 0, casts=False, name="dado"))
        if gap is not None:
            shell.keep_free.append(_before(wall, gap.s, gap.width, 0.9))
        _furnish(rng, library, shell, wall, gap)
    return shell


def gap_lining(rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall, gap: Doorway) -> list[Item]:
    """Threshold, frame and leaf of an opening, its threshold as the shell's floor."""
    return lining(rng, library, wall, gap, shell.items[0].parts[0])


def _before(wall: Wall, s: float, width: float, depth: float) -> tuple[float, float, float, float]:
    """The floor in front of a stretch of wall: (x, y, width, depth)."""
    x, y, _ = wall.at(s, 0, depth / 2)
    return (x, y, width, depth) if abs(math.cos(wall.yaw)) > 0.5 else (x, y, depth, width)


def _furnish(rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall, gap: Doorway | None) -> None:
    """Divides the wall into stretches of 1.2 to 2.2 m and puts at most one thing on each."""
    count = max(int(wall.length / rng.uniform(1.2, 2.2)), 1)
    for k in range(count):
        s, room = (k + 0.5) * wall.length / count - wall.length / 2, wall.length / count - 0.1
        if gap is not None and gap.overlaps(s, room):
            continue
        draw = rng.random()
        if draw < 0.2:
            add_window(rng, library, shell, wall, s, room)
            if rng.random() < 0.15:
                shell.items.extend(before_window(rng, library, wall, s, room))
        elif draw < 0.3 and room > 0.95:
            add_door(rng, library, shell, wall, s)
        elif draw < 0.48:
            add_picture(rng, library, shell, wall, s, room)
        elif draw < 0.53:
            box = meshes.box((min(0.9, room), 0.1, 0.55))
            shell.items.append(wall.item([Part(box, WHITE, tint(rng, 0.05, (0.7, 1.0)))], OBJECT, s, 0.12, 0.06, name="radiator"))
        elif draw < 0.86:
            shell.items.extend(hang(rng, library, wall, s, room))
