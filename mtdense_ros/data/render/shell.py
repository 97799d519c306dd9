"""The shell of a room: floor, ceiling, walls and what is fixed to them (windows, doors, pictures, curtains, skirting)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtdense_ros.data.render import meshes
from mtdense_ros.data.render.furniture import finish
from mtdense_ros.data.render.lights import Opening
from mtdense_ros.data.render.palette import light_paint, tint
from mtdense_ros.data.render.scene import CEILING, DOOR, FLOOR, OBJECT, OTHER, WALL, Item, Part, pose
from mtdense_ros.data.render.textures import WHITE, TextureLibrary

Rng = np.random.Generator

_THICK = 0.1


@dataclass(frozen=True)
class Wall:
    """The inner face of a wall: its middle on the floor, yaw of its frame (+X along it, -Y into the room), length and height."""

    x: float
    y: float
    yaw: float
    length: float
    height: float

    def at(self, s: float, z: float, out: float = 0.0) -> tuple[float, float, float]:
        """The world point s metres along the wall, z up and `out` into the room."""
        c, n = math.cos(self.yaw), math.sin(self.yaw)
        return self.x + s * c + out * n, self.y + s * n - out * c, z

    def item(self, parts: Sequence[Part], label: int, s: float, z: float, out: float = 0.0, casts: bool = True, name: str = "") -> Item:
        """Parts in the wall's frame as an item at that place."""
        return Item(parts, pose(*self.at(s, z, out), self.yaw), label, name, casts)


@dataclass(frozen=True)
class Shell:
    """Items of a shell, its windows, and per door or tall window the floor it needs free: (x, y, width, depth)."""

    items: list[Item]
    openings: list[Opening]
    keep_free: list[tuple[float, float, float, float]]


def walls(half: tuple[float, float], height: float) -> list[Wall]:
    """The four walls of a room of half extents (x, y): +Y, -X, -Y, +X."""
    a, b = half
    spots = [(0.0, b, a), (-a, 0.0, b), (0.0, -b, a), (a, 0.0, b)]
    return [Wall(x, y, k * math.pi / 2, 2 * length, height) for k, (x, y, length) in enumerate(spots)]


def build_shell(rng: Rng, library: TextureLibrary, half: tuple[float, float], height: float) -> Shell:
    """A random shell around a floor of half extents (x, y) metres, ceiling at `height`."""
    shell = Shell([_floor(rng, library, half), _ceiling(rng, library, half, height)], [], [])
    paint = _wall_material(rng, library)
    skirting = tint(rng, 0.1, (0.3, 1.0)) if rng.random() < 0.7 else None
    for wall in walls(half, height):
        accent = _wall_material(rng, library) if rng.random() < 0.12 else paint
        plane = meshes.box((wall.length + 2 * _THICK, _THICK, height))
        shell.items.append(wall.item([Part(plane, *accent)], WALL, 0, 0, -_THICK / 2, casts=False, name="wall"))
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
            _window(rng, library, shell, wall, s, room)
        elif draw < 0.36 and room > 0.95:
            _door(rng, library, shell, wall, s)
        elif draw < 0.68:
            _picture(rng, library, shell, wall, s, room)
        elif draw < 0.74:
            box = meshes.box((min(0.9, room), 0.1, 0.55))
            shell.items.append(wall.item([Part(box, library.pick(rng, "stripes"), (1, 1, 1), 1.0)], OBJECT, s, 0.12, 0.06, name="radiator"))


def _window(rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall, s: float, room: float) -> None:
    w, low = rng.uniform(0.5, max(min(room, 2.2), 0.51)), rng.choice([0.05, rng.uniform(0.6, 1.1)])
    h = rng.uniform(0.7, 1.0) * (wall.height - 0.15 - low)
    pane = Part(meshes.box((w, 0.02, h)), library.pick(rng, "outdoors"), (1, 1, 1), float(1 / max(w, h)), emit=rng.random() < 0.75)
    bar, color = rng.uniform(0.03, 0.08), tint(rng, 0.1, (0.3, 1.0))
    frame = [meshes.box((bar, 0.06, h), (x * w / 2, 0, 0)) for x in np.linspace(-1, 1, int(rng.integers(2, 4)))]
    frame += [meshes.box((w + bar, 0.06, bar), (0, 0, z * (h - bar))) for z in np.linspace(0, 1, int(rng.integers(2, 4)))]
    parts = [pane, Part(meshes.merge(frame), WHITE, color, gloss=0.2)]
    if low > 0.3:
        parts.append(Part(meshes.box((w + 0.15, 0.18, 0.03), (0, -0.05, -0.03)), WHITE, color))
    shell.items.append(wall.item(parts, OTHER, s, low, 0.012, casts=False, name="window"))
    shell.openings.append(Opening(wall.at(s, low + h / 2), (math.sin(wall.yaw), -math.cos(wall.yaw)), (w / 2, h / 2)))
    if rng.random() < 0.5:
        _curtains(rng, library, shell, wall, s, w, low, low + h)


def _curtains(rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall, s: float, w: float, low: float, high: float) -> None:
    layer, color = library.pick(rng, "cloth", "stripes", "curtain"), tint(rng, 0.4, (0.3, 1.0))
    bottom = 0.03 if rng.random() < 0.6 else max(low - 0.15, 0.03)
    width = w * rng.uniform(0.15, 0.55)
    for side in (-1, 1) if rng.random() < 0.7 else (-1,):
        cloth = meshes.sheet(width, high - bottom + 0.08, rng.uniform(0.02, 0.05), width / rng.uniform(0.08, 0.16))
        where = s + side * (w / 2 + 0.05 - width * rng.uniform(0.2, 0.5))
        shell.items.append(wall.item([Part(cloth, layer, color, 1.5)], OTHER, where, bottom, 0.12, name="curtain"))
    rod = meshes.box((w * 1.3, 0.025, 0.025))
    shell.items.append(wall.item([Part(rod, WHITE, tint(rng, 0.05))], OTHER, s, high + 0.08, 0.12, name="rod"))


def _door(rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall, s: float) -> None:
    w, h = rng.uniform(0.7, 0.95), rng.uniform(1.95, 2.15)
    leaf = finish(rng, library, meshes.box((w, 0.03, h)))
    inset = [meshes.box((w * 0.7, 0.012, h * 0.36), (0, -0.02, h * z)) for z in (0.08, 0.52)] if rng.random() < 0.6 else []
    frame = [meshes.box((0.07, 0.06, h + 0.07), (x * (w / 2 + 0.035), 0, 0)) for x in (-1, 1)] + [meshes.box((w, 0.06, 0.07), (0, 0, h))]
    handle = meshes.merge([meshes.box((0.12, 0.02, 0.02), (w * 0.38, -0.06, 1.0)), meshes.box((0.02, 0.05, 0.02), (w * 0.42, -0.03, 1.0))])
    parts = [leaf, finish(rng, library, meshes.merge(frame)), Part(handle, WHITE, tint(rng, 0.05), gloss=0.9)]
    if inset:
        parts.append(Part(meshes.merge(inset), leaf.layer, leaf.tint, leaf.repeat))
    shell.items.append(wall.item(parts, DOOR, s, 0.0, 0.016, name="door"))
    x, y, _ = wall.at(s, 0, 0.4)
    along_x = abs(math.cos(wall.yaw)) > 0.5
    shell.keep_free.append((x, y, w if along_x else 0.8, 0.8 if along_x else w))


def _picture(rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall, s: float, room: float) -> None:
    w, h = min(rng.uniform(0.2, 1.1), room), rng.uniform(0.2, 0.9)
    z = float(np.clip(rng.normal(1.5, 0.2), h / 2 + 0.5, wall.height - h / 2 - 0.1)) - h / 2
    parts = [Part(meshes.box((w, 0.02, h)), library.pick(rng, "print", "outdoors"), (1, 1, 1), float(1 / max(w, h)), 0.2)]
    if rng.random() < 0.7:
        parts.append(Part(meshes.box((w + 0.05, 0.016, h + 0.05), (0, 0, -0.025)), WHITE, tint(rng, 0.2, (0.03, 1.0)), gloss=0.3))
    shell.items.append(wall.item(parts, OTHER, s, z, 0.012, name="picture"))
