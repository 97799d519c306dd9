"""Procedural small things: crockery, bottles, boxes, books, balls, bags, plants and made-up shapes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.palette import tint
from mtdense_ros.synthetic.rendering.scene import OBJECT, Part
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary

Rng = np.random.Generator


def cup(rng: Rng, library: TextureLibrary) -> list[Part]:
    """A cup or mug, light more often than not."""
    r, h = rng.uniform(0.03, 0.05), rng.uniform(0.07, 0.13)
    wall = meshes.lathe([(0, 0.004), (r * 0.8, 0), (r, h), (r * 0.93, h), (r * 0.73, 0.01), (0, 0.01)])
    arc = [(r + 0.018 * math.sin(a), 0, h * (0.5 - 0.3 * math.cos(a))) for a in np.linspace(0, math.pi, 6)]
    handle = [meshes.capsule(start, end, 0.005) for start, end in zip(arc[:-1], arc[1:], strict=True)]
    mesh = meshes.merge([wall, *handle]) if rng.random() < 0.6 else wall
    return [Part(mesh, _print_or_white(rng, library, 0.25), tint(rng, 0.3, (0.5, 1.0)), gloss=0.7)]


def bottle(rng: Rng, library: TextureLibrary) -> list[Part]:
    """A bottle with a label and a cap."""
    r, h = rng.uniform(0.03, 0.05), rng.uniform(0.18, 0.32)
    neck = r * rng.uniform(0.3, 0.5)
    body = meshes.lathe([(0, 0), (r, 0.004), (r, h * 0.6), (neck, h * 0.8), (neck, h)])
    band = meshes.lathe([(r * 1.01, h * 0.15), (r * 1.01, h * 0.5)])
    cap = meshes.cylinder(neck * 1.1, h * 0.06, (0, 0, h * 0.97))
    return [Part(body, 0, tint(rng, 0.6), gloss=0.9), Part(band, library.pick(rng, "print"), repeat=4.0), Part(cap, 0, tint(rng, 0.6))]


def can(rng: Rng, library: TextureLibrary) -> list[Part]:
    """A tin, jar or pot."""
    r, h = rng.uniform(0.03, 0.08), rng.uniform(0.06, 0.18)
    return [Part(meshes.cylinder(r, h), _print_or_white(rng, library, 0.6), tint(rng, 0.5), repeat=5.0, gloss=0.6)]


def bowl(rng: Rng, _: TextureLibrary) -> list[Part]:
    """A bowl or plate."""
    r, h = rng.uniform(0.06, 0.14), rng.uniform(0.015, 0.08)
    shape = [(0, 0), (r * 0.5, 0), (r * 0.85, h * 0.5), (r, h), (r * 0.95, h), (r * 0.8, h * 0.55), (r * 0.45, 0.006), (0, 0.006)]
    return [Part(meshes.lathe(shape, 24), 0, tint(rng, 0.3, (0.4, 1.0)), gloss=0.7)]


def carton(rng: Rng, library: TextureLibrary) -> list[Part]:
    """A packet or cardboard box."""
    size = rng.uniform((0.05, 0.04, 0.04), (0.3, 0.24, 0.3))
    cardboard = rng.random() < 0.35
    layer = library.pick(rng, "cardboard") if cardboard else _print_or_white(rng, library, 0.6)
    return [
        Part(meshes.box(size), layer, (1, 1, 1) if cardboard else tint(rng, 0.4, (0.4, 1.0)), repeat=float(rng.uniform(2, 6)), gloss=0.15)
    ]


def book(rng: Rng, library: TextureLibrary) -> list[Part]:
    """A lying book, or a small pile of them."""
    parts, z = [], 0.0
    for _ in range(int(rng.choice([1, 1, 2, 4]))):
        w, d, h = rng.uniform((0.1, 0.14, 0.01), (0.2, 0.28, 0.045))
        turn = meshes.rotation_z(rng.normal(0, 0.25))
        cover = [meshes.box((w, d, 0.003), (0, 0, z)), meshes.box((w, d, 0.003), (0, 0, z + h)), meshes.box((0.003, d, h), (-w / 2, 0, z))]
        parts.append(Part(meshes.merge(cover).turned(turn), _print_or_white(rng, library, 0.6), tint(rng, 0.7), repeat=5.0, gloss=0.3))
        parts.append(Part(meshes.box((w * 0.96, d * 0.96, h), (0, 0, z)).turned(turn), WHITE, (0.93, 0.9, 0.82)))
        z += h + 0.004
    return parts


def ball(rng: Rng, library: TextureLibrary) -> list[Part]:
    """A ball, fruit or pebble."""
    radii = rng.uniform(0.02, 0.12) * rng.uniform(0.8, 1.2, 3)
    return [Part(meshes.ellipsoid(radii, (0, 0, radii[2])), _print_or_white(rng, library, 0.4), tint(rng, 0.6), repeat=3.0, gloss=0.5)]


def bag(rng: Rng, library: TextureLibrary) -> list[Part]:
    """A cushion, bag or folded cloth."""
    size = rng.uniform((0.12, 0.08, 0.05), (0.45, 0.3, 0.35))
    layer = library.pick(rng, "cloth", "stripes", "checker")
    return [Part(meshes.rounded_box(size, size.min() * 0.45), layer, tint(rng, 0.5), repeat=3.0)]


def laptop(rng: Rng, library: TextureLibrary) -> list[Part]:
    """An open laptop or a screen on a foot."""
    w, d = rng.uniform(0.28, 0.4), rng.uniform(0.2, 0.26)
    lean = meshes.rotation_x(-rng.uniform(0.1, 0.5))
    lid = meshes.box((w, 0.01, d)).turned(lean).moved((0, d / 2, 0.015))
    screen = meshes.box((w * 0.94, 0.012, d * 0.9), (0, -0.002, d * 0.05)).turned(lean).moved((0, d / 2, 0.015))
    color = tint(rng, 0.1)
    glow = Part(screen, _print_or_white(rng, library, 0.5), tint(rng, 0.3, (0.05, 0.9)), repeat=2.5, gloss=0.8)
    keys = Part(meshes.box((w * 0.9, d * 0.5, 0.002), (0, 0.05, 0.018)), WHITE, (0.1, 0.1, 0.1))
    return [Part(meshes.box((w, d, 0.018)), WHITE, color, gloss=0.4), Part(lid, WHITE, color, gloss=0.4), glow, keys]


def plant(rng: Rng, library: TextureLibrary) -> list[Part]:
    """A pot plant."""
    r = rng.uniform(0.05, 0.16)
    pot = meshes.cylinder(r * 0.75, r * 1.5, top=r)
    leaves = []
    for _ in range(int(rng.integers(10, 26))):
        yaw, lift, length = rng.uniform(0, 2 * math.pi), rng.uniform(0.3, 1.3), r * rng.uniform(1.2, 4.0)
        leaf = meshes.ellipsoid((length / 2, length / 9, 0.004), (length / 2, 0, 0), 4, 8).turned(_tilt(lift))
        leaves.append(leaf.turned(meshes.rotation_z(yaw)).moved((0, 0, r * 1.4)))
    green = (rng.uniform(0.1, 0.4), rng.uniform(0.35, 0.65), rng.uniform(0.1, 0.3))
    return [Part(pot, WHITE, tint(rng, 0.4), gloss=0.3), Part(meshes.merge(leaves), WHITE, green, gloss=0.2)]


def table_lamp(rng: Rng, _: TextureLibrary) -> list[Part]:
    """A lamp with foot and shade."""
    h, r = rng.uniform(0.25, 0.5), rng.uniform(0.08, 0.16)
    foot = meshes.merge([meshes.cylinder(r * 0.7, 0.02), meshes.cylinder(0.012, h)])
    shade = meshes.lathe([(r, h * 0.6), (r * 0.7, h)])
    return [Part(foot, WHITE, tint(rng, 0.2), gloss=0.5), Part(shade, WHITE, tint(rng, 0.2, (0.7, 1.0)))]


def toy(rng: Rng, library: TextureLibrary) -> list[Part]:
    """A made-up thing of two to five solids: whatever else may stand about."""
    parts = []
    scale = rng.uniform(0.03, 0.12)
    for _ in range(int(rng.integers(2, 6))):
        size = scale * rng.uniform(0.4, 1.6, 3)
        where = (*rng.uniform(-scale, scale, 2), max(rng.uniform(-0.5, 1.5) * scale, 0.0))
        kind = rng.integers(4)
        if kind == 0:
            mesh = meshes.box(size, where)
        elif kind == 1:
            mesh = meshes.cylinder(size[0] / 2, size[2], where, top=size[1] / 2)
        elif kind == 2:
            mesh = meshes.ellipsoid(size / 2, (where[0], where[1], where[2] + size[2] / 2))
        else:
            mesh = meshes.rounded_box(size, size.min() * 0.3, where)
        parts.append(Part(mesh, _print_or_white(rng, library, 0.3), tint(rng, 0.5), repeat=5.0, gloss=float(rng.uniform(0, 0.7))))
    return parts


MAKERS: tuple[Callable[[Rng, TextureLibrary], list[Part]], ...] = (
    *(cup, cup, bottle, can, bowl, carton, carton, book, book, ball, bag, laptop, plant, table_lamp, toy, toy),
)
"""One entry per kind, repeated where it is common."""


def small_thing(rng: Rng, library: TextureLibrary) -> Prop:
    """A random procedural object of 2 to 60 cm."""
    make = MAKERS[int(rng.integers(len(MAKERS)))]
    return Prop(make.__name__, make(rng, library), OBJECT)


def _print_or_white(rng: Rng, library: TextureLibrary, printed: float) -> int:
    return library.pick(rng, "print") if rng.random() < printed else WHITE


def _tilt(lift: float) -> meshes.Array:
    c, s = math.cos(lift), math.sin(lift)
    return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]], np.float32)
