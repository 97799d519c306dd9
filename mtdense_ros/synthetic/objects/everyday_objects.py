"""Small things of every day beyond those of `objects`: glassware, rings, paper, cables, tools, screens; and the choice among all."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.objects.small_objects import small_thing
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.palette import tint
from mtdense_ros.synthetic.rendering.scene import OBJECT, Color, Part
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary

Rng = np.random.Generator


def glass(rng: Rng, _: TextureLibrary) -> list[Part]:
    """A tumbler or wine glass with a thin wall, pale and shining; no light passes through it."""
    r, h, wall = rng.uniform(0.028, 0.045), rng.uniform(0.08, 0.15), 0.0015
    if rng.random() < 0.6:
        profile = [(0, 0), (r * 0.85, 0), (r, h), (r - wall, h), (r * 0.85 - wall, 0.008), (0, 0.008)]
    else:
        stem = h * 0.5
        profile = [(0, 0), (r * 0.9, 0.002), (0.004, 0.006), (0.004, stem), (r, stem + h * 0.4), (r * 0.9, stem + h * 0.8)]
        profile += [(r * 0.9 - wall, stem + h * 0.8), (r - wall, stem + h * 0.4), (0, stem + 0.004)]
    shade = float(rng.uniform(0.35, 0.95))
    return [Part(meshes.lathe(profile, 24), WHITE, (shade * 0.97, shade, shade * 0.98), gloss=1.0)]


def ring(rng: Rng, _: TextureLibrary) -> list[Part]:
    """A roll of tape, bracelet or lid: a low ring."""
    r, h, wall = rng.uniform(0.02, 0.06), rng.uniform(0.004, 0.05), rng.uniform(0.002, 0.015)
    profile = [(r - wall, 0), (r, 0), (r, h), (r - wall, h), (r - wall, 0)]
    return [Part(meshes.lathe(profile, 28), WHITE, _pale_or_any(rng), gloss=float(rng.uniform(0, 0.9)))]


def crockery(rng: Rng, _: TextureLibrary) -> list[Part]:
    """A white cup, saucer, deep plate or bowl with a thin rim."""
    r, h, wall = rng.uniform(0.035, 0.13), rng.uniform(0.012, 0.09), rng.uniform(0.0015, 0.004)
    profile = [(0, 0), (r * 0.55, 0), (r * 0.9, h * 0.6), (r, h), (r - wall, h), (r * 0.9 - wall, h * 0.6), (r * 0.5, wall), (0, wall)]
    return [Part(meshes.lathe(profile, 28), WHITE, _pale_or_any(rng), gloss=float(rng.uniform(0.3, 1.0)))]


def paper(rng: Rng, library: TextureLibrary) -> list[Part]:
    """One or several sheets, white or printed."""
    parts = []
    for k in range(int(rng.integers(1, 4))):
        sheet = meshes.box((0.21, 0.297, 0.0015), (*rng.uniform(-0.03, 0.03, 2), 0.0016 * k)).turned(meshes.rotation_z(rng.normal(0, 0.2)))
        parts.append(Part(sheet, library.pick(rng, "print") if rng.random() < 0.3 else WHITE, (0.96, 0.96, 0.94), 3.5))
    return parts


def cable(rng: Rng, _: TextureLibrary) -> list[Part]:
    """A cable or cord that lies in a curve."""
    r, turn, at = rng.uniform(0.002, 0.005), rng.uniform(0, 6.3), (0.0, 0.0)
    bend, links = rng.normal(0, 1.2), []
    for _link in range(int(rng.integers(6, 16))):
        after = at[0] + 0.035 * math.cos(turn), at[1] + 0.035 * math.sin(turn)
        links.append(meshes.capsule((*at, r), (*after, r), r))
        turn, at = turn + bend * 0.35 + rng.normal(0, 0.2), after
    return [Part(meshes.merge(links), WHITE, tint(rng, 0.2, (0.03, 1.0)), gloss=0.3)]


def stick(rng: Rng, _: TextureLibrary) -> list[Part]:
    """A pen, screwdriver, brush or spoon."""
    length, r = rng.uniform(0.12, 0.3), rng.uniform(0.004, 0.014)
    share = rng.uniform(0.3, 0.7)
    grip = meshes.capsule((-length / 2, 0, r), (length * (share - 0.5), 0, r), r, r * rng.uniform(0.5, 1.0))
    shaft = meshes.capsule((length * (share - 0.5), 0, r), (length / 2, 0, r * 0.8), r * rng.uniform(0.3, 0.8))
    parts = [Part(grip, WHITE, tint(rng, 0.6), gloss=0.4), Part(shaft, WHITE, tint(rng, 0.1, (0.1, 0.9)), gloss=0.9)]
    if rng.random() < 0.3:
        parts.append(Part(meshes.ellipsoid((0.03, 0.02, 0.006), (length / 2, 0, 0.008), 6, 12), WHITE, (0.75, 0.75, 0.75), gloss=1.0))
    return parts


def slab(rng: Rng, _: TextureLibrary) -> list[Part]:
    """A telephone, mouse, remote control, purse or soap: flat with round edges."""
    size = rng.uniform((0.05, 0.08, 0.008), (0.1, 0.2, 0.04))
    parts = [Part(meshes.rounded_box(size, size[2] * 0.45), WHITE, tint(rng, 0.2, (0.03, 1.0)), gloss=float(rng.uniform(0.1, 0.9)))]
    if size[2] < 0.018:
        parts.append(Part(meshes.box((size[0] * 0.9, size[1] * 0.9, 0.001), (0, 0, size[2])), WHITE, (0.03, 0.03, 0.04), gloss=1.0))
    return parts


MAKERS: tuple[Callable[[Rng, TextureLibrary], list[Part]], ...] = (glass, glass, ring, crockery, crockery, paper, cable, stick, stick, slab)


def thing(rng: Rng, library: TextureLibrary) -> Prop:
    """A random object of 2 to 60 cm, of these or of `objects`."""
    if rng.random() < 0.55:
        return small_thing(rng, library)
    make = MAKERS[int(rng.integers(len(MAKERS)))]
    return Prop(make.__name__, make(rng, library), OBJECT)


def monitor(rng: Rng, library: TextureLibrary, width: float | None = None) -> Prop:
    """A screen on a foot, dark or lit; width in metres, that of a desk's screen when None."""
    w = rng.uniform(0.45, 0.65) if width is None else width
    on = rng.random() < 0.45
    h, lift = w * 0.6, rng.uniform(0.04, 0.14)
    foot = meshes.merge([meshes.box((w * 0.4, 0.16, 0.012)), meshes.box((0.05, 0.03, lift + h / 2), (0, 0.03, 0))])
    face = meshes.box((w - 0.02, 0.004, h - 0.02), (0, -0.018, lift + 0.01))
    color: Color = (0.95, 0.97, 1.0) if on else (0.03, 0.03, 0.04)
    shown = Part(face, library.pick(rng, "print") if on else WHITE, color, float(1 / w), 0.9, emit=on)
    shell = tint(rng, 0.02, (0.03, 0.9))
    body = meshes.merge([foot, meshes.box((w, 0.03, h), (0, 0, lift))])
    return Prop("monitor", [Part(body, WHITE, shell, gloss=0.4), shown], OBJECT)


def keyboard(rng: Rng, _: TextureLibrary) -> Prop:
    """A keyboard with a block of keys."""
    light = rng.random() < 0.3
    shades = (0.9, 0.75) if light else (0.06, 0.14)
    w = rng.uniform(0.29, 0.45)
    body, keys = meshes.box((w, 0.14, 0.015)), [meshes.box((w * 0.95, 0.017, 0.004), (0, 0.024 * k - 0.048, 0.015)) for k in range(5)]
    return Prop("keyboard", [Part(body, WHITE, (shades[0],) * 3), Part(meshes.merge(keys), WHITE, (shades[1],) * 3, gloss=0.2)], OBJECT)


def sheet_of_paper(rng: Rng, library: TextureLibrary) -> Prop:
    """Paper on a desk."""
    return Prop("paper", paper(rng, library), OBJECT)


def _pale_or_any(rng: Rng) -> Color:
    """White or cream in six of ten cases."""
    return tint(rng, 0.0, (0.85, 1.0)) if rng.random() < 0.6 else tint(rng, 0.4)
