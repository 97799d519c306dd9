"""What a room's shell is made of: walls, and the windows, doors, pictures and curtains that are fixed to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtdense_ros.synthetic.objects.furniture import finish
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.lights import Opening
from mtdense_ros.synthetic.rendering.palette import tint
from mtdense_ros.synthetic.rendering.scene import DOOR, OTHER, Item, Part, pose
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary

Rng = np.random.Generator

THICK = 0.1
"""Thickness of walls in metres."""


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


def add_window(
    rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall, s: float, room: float, views: Sequence[str] = ("outdoors",)
) -> None:
    """A window s metres along the wall in `room` metres of it, in half of all cases with curtains; views: kinds of what lies outside."""
    w, low = rng.uniform(0.5, max(min(room, 2.2), 0.51)), rng.choice([0.05, rng.uniform(0.6, 1.1)])
    h = rng.uniform(0.7, 1.0) * (wall.height - 0.15 - low)
    pane = Part(meshes.box((w, 0.02, h)), library.pick(rng, *views), (1, 1, 1), float(1 / max(w, h)), emit=rng.random() < 0.75)
    bar, color = rng.uniform(0.03, 0.08), tint(rng, 0.1, (0.3, 1.0))
    frame = [meshes.box((bar, 0.06, h), (x * w / 2, 0, 0)) for x in np.linspace(-1, 1, int(rng.integers(2, 4)))]
    frame += [meshes.box((w + bar, 0.06, bar), (0, 0, z * (h - bar))) for z in np.linspace(0, 1, int(rng.integers(2, 4)))]
    parts = [pane, Part(meshes.merge(frame), WHITE, color, gloss=0.2)]
    if low > 0.3:
        parts.append(Part(meshes.box((w + 0.15, 0.18, 0.03), (0, -0.05, -0.03)), WHITE, color))
    shell.items.append(wall.item(parts, OTHER, s, low, 0.012, casts=False, name="window"))
    shell.openings.append(Opening(wall.at(s, low + h / 2), (math.sin(wall.yaw), -math.cos(wall.yaw)), (w / 2, h / 2)))
    if rng.random() < 0.5:
        add_curtains(rng, library, shell, wall, s, w, low, low + h)


def add_curtains(rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall, s: float, w: float, low: float, high: float) -> None:
    """Curtains before a window of width w from `low` to `high`."""
    layer, color = library.pick(rng, "cloth", "stripes", "curtain"), tint(rng, 0.4, (0.3, 1.0))
    bottom = 0.03 if rng.random() < 0.6 else max(low - 0.15, 0.03)
    width = w * rng.uniform(0.15, 0.55)
    for side in (-1, 1) if rng.random() < 0.7 else (-1,):
        cloth = meshes.sheet(width, high - bottom + 0.08, rng.uniform(0.02, 0.05), width / rng.uniform(0.08, 0.16))
        where = s + side * (w / 2 + 0.05 - width * rng.uniform(0.2, 0.5))
        shell.items.append(wall.item([Part(cloth, layer, color, 1.5)], OTHER, where, bottom, 0.12, name="curtain"))
    rod = meshes.box((w * 1.3, 0.025, 0.025))
    shell.items.append(wall.item([Part(rod, WHITE, tint(rng, 0.05))], OTHER, s, high + 0.08, 0.12, name="rod"))


def add_door(rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall, s: float) -> None:
    """A closed door with its frame; the floor before it is kept free."""
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


def add_picture(rng: Rng, library: TextureLibrary, shell: Shell, wall: Wall, s: float, room: float) -> None:
    """A picture, framed more often than not."""
    w, h = min(rng.uniform(0.2, 1.1), room), rng.uniform(0.2, 0.9)
    z = float(np.clip(rng.normal(1.5, 0.2), h / 2 + 0.5, wall.height - h / 2 - 0.1)) - h / 2
    parts = [Part(meshes.box((w, 0.02, h)), library.pick(rng, "print", "outdoors"), (1, 1, 1), float(1 / max(w, h)), 0.2)]
    if rng.random() < 0.7:
        parts.append(Part(meshes.box((w + 0.05, 0.016, h + 0.05), (0, 0, -0.025)), WHITE, tint(rng, 0.2, (0.03, 1.0)), gloss=0.3))
    shell.items.append(wall.item(parts, OTHER, s, z, 0.012, name="picture"))
