"""The demo sequence's shell, as it was rendered: floor, ceiling and walls in materials livelier than those of training's rooms."""

from __future__ import annotations

import numpy as np

from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.palette import light_paint, tint
from mtdense_ros.synthetic.rendering.scene import CEILING, FLOOR, OBJECT, WALL, Item, Part, pose
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary
from mtdense_ros.synthetic.scenes.walls import THICK, Shell, Wall, add_door, add_picture, add_window, walls

Rng = np.random.Generator


def build_shell(rng: Rng, library: TextureLibrary, half: tuple[float, float], height: float) -> Shell:
    """A random shell around a floor of half extents (x, y) metres, ceiling at `height`."""
    shell = Shell([_floor(rng, library, half), _ceiling(rng, library, half, height)], [], [])
    paint = _wall_material(rng, library)
    skirting = tint(rng, 0.1, (0.3, 1.0)) if rng.random() < 0.7 else None
    for wall in walls(half, height):
        accent = _wall_material(rng, library) if rng.random() < 0.12 else paint
        plane = meshes.box((wall.length + 2 * THICK, THICK, height))
        shell.items.append(wall.item([Part(plane, *accent)], WALL, 0, 0, -THICK / 2, casts=False, name="wall"))
        if skirting is not None:
            strip = meshes.box((wall.length, 0.015, rng.uniform(0.05, 0.12)))
            shell.items.append(wall.item([Part(strip, WHITE, skirting)], WALL, 0, 0, 0.0075, name="skirting"))
        _furnish_wall(rng, library, shell, wall)
    return shell


def _wall_material(rng: Rng, library: TextureLibrary) -> tuple[int, tuple[float, float, float], float]:
    """Texture, tint and repeats: plain paint in six of ten rooms."""
    draw = rng.random()
    if draw < 0.6:
        return (library.pick(rng, "plaster") if rng.random() < 0.6 else WHITE), light_paint(rng), float(rng.uniform(0.3, 1.0))
    if draw < 0.75:
        return library.pick(rng, "tiles", "brick"), light_paint(rng), float(rng.uniform(0.4, 1.2))
    if draw < 0.85:
        return library.pick(rng, "stripes", "cloth", "cloth"), light_paint(rng), float(rng.uniform(0.4, 1.0))
    if draw < 0.92:
        return library.pick(rng, "wood", "planks"), (1.0, 1.0, 1.0), float(rng.uniform(0.3, 0.8))
    return WHITE, tint(rng, 0.7, (0.3, 0.9)), 1.0


def _floor(rng: Rng, library: TextureLibrary, half: tuple[float, float]) -> Item:
    kind = str(
        rng.choice(
            ["planks", "wood", "tiles", "carpet", "terrazzo", "marble", "checker", "plaster"],
            p=[0.36, 0.08, 0.2, 0.2, 0.05, 0.03, 0.02, 0.06],
        )
    )
    shade = float(rng.uniform(0.45, 1.0))
    color = (shade, shade, shade) if kind in ("planks", "wood", "checker") else tint(rng, 0.25, (0.25, 0.95))
    plane = meshes.box((2 * half[0], 2 * half[1], 0.1), (0, 0, -0.1))
    gloss = float(rng.uniform(0, 0.5)) if kind != "carpet" else 0.0
    return Item(
        [Part(plane, library.pick(rng, kind), color, float(rng.uniform(0.5, 1.3)), gloss)], pose(yaw=0.0), FLOOR, "floor", casts=False
    )


def _ceiling(rng: Rng, library: TextureLibrary, half: tuple[float, float], height: float) -> Item:
    kind = str(rng.choice(["plain", "plaster", "tiles", "planks"], p=[0.45, 0.3, 0.2, 0.05]))
    layer = WHITE if kind == "plain" else library.pick(rng, kind)
    plane = meshes.box((2 * half[0], 2 * half[1], 0.1), (0, 0, height))
    color = light_paint(rng) if kind != "planks" else (1.0, 1.0, 1.0)
    return Item([Part(plane, layer, color, float(rng.uniform(0.4, 0.9)))], pose(), CEILING, "ceiling", casts=False)


def _furnish_wall(rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall) -> None:
    """Divides the wall into stretches of about 1.5 m and hangs at most one thing on each."""
    count = max(int(wall.length / rng.uniform(1.2, 2.2)), 1)
    for k in range(count):
        s, room = (k + 0.5) * wall.length / count - wall.length / 2, wall.length / count - 0.1
        draw = rng.random()
        if draw < 0.22:
            add_window(rng, library, shell, wall, s, room)
        elif draw < 0.36 and room > 0.95:
            add_door(rng, library, shell, wall, s)
        elif draw < 0.68:
            add_picture(rng, library, shell, wall, s, room)
        elif draw < 0.74:
            box = meshes.box((min(0.9, room), 0.1, 0.55))
            shell.items.append(wall.item([Part(box, library.pick(rng, "stripes"), (1, 1, 1), 1.0)], OBJECT, s, 0.12, 0.06, name="radiator"))
