"""Materials of walls, floors and ceilings: most plain or mild, as rooms are, some patterned."""

from __future__ import annotations

import numpy as np

from mtdense_ros.synthetic.rendering.palette import greyed, light_paint, muted_paint, tint
from mtdense_ros.synthetic.rendering.scene import Color
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary

Rng = np.random.Generator
Material = tuple[int, Color, float, float]
"""Texture layer, tint, repeats per metre and gloss: the fields of a Part after its mesh."""

_FLOORS = {
    "calm planks": 0.27,
    "planks": 0.11,
    "calm carpet": 0.2,
    "linoleum": 0.09,
    "calm plaster": 0.09,
    "calm tiles": 0.13,
    "tiles": 0.05,
    "carpet": 0.02,
    "terrazzo": 0.02,
    "marble": 0.02,
}
_PLAIN = 0.55
"""Share of walls in near-white paint; a fifth more have a muted colour."""


def wall_material(rng: Rng, library: TextureLibrary) -> Material:
    """Paint in three quarters of all cases, else tiles, brick, wallpaper or wood."""
    draw, repeat = rng.random(), float(rng.uniform(0.4, 1.1))
    gloss = float(rng.choice([0.0, 0.0, rng.uniform(0, 0.3)]))
    if draw < _PLAIN + 0.2:
        color = light_paint(rng) if draw < _PLAIN else muted_paint(rng)
        ground = rng.random()
        if ground < 0.3:
            return library.pick(rng, "shaded"), color, repeat * 0.4, gloss
        return (library.pick(rng, "calm plaster") if ground < 0.6 else WHITE), color, repeat, gloss
    if draw < 0.82:
        return tiles_material(rng, library)
    if draw < 0.87:
        return library.pick(rng, "brick"), light_paint(rng), repeat, 0.0
    if draw < 0.92:
        return library.pick(rng, "cloth", "cloth", "stripes"), light_paint(rng), repeat, 0.0
    if draw < 0.96:
        return library.pick(rng, "wood", "calm planks"), (1.0, 1.0, 1.0), repeat, gloss
    return WHITE, tint(rng, 0.9, (0.3, 0.9)), 1.0, gloss


def tiles_material(rng: Rng, library: TextureLibrary) -> Material:
    """Tiles as on the walls of bathrooms and kitchens."""
    return library.pick(rng, "calm tiles", "tiles"), light_paint(rng), float(rng.uniform(0.4, 1.1)), 0.4


def floor_material(rng: Rng, library: TextureLibrary) -> Material:
    """Boards, carpet, linoleum, screed or tiles; hard ones may gleam."""
    kind = str(rng.choice(list(_FLOORS), p=list(_FLOORS.values())))
    shade = float(rng.uniform(0.4, 1.0))
    painted = muted_paint(rng) if rng.random() < 0.2 else tint(rng, 0.02, (0.2, 0.95))
    color = (shade, shade, shade) if "planks" in kind else painted
    gloss = 0.0 if "carpet" in kind else float(rng.uniform(0, 0.7))
    return library.pick(rng, kind), color, float(rng.uniform(0.5, 1.2)), gloss


def ceiling_material(rng: Rng, library: TextureLibrary) -> Material:
    """White paint or panels, in an eighth of all cases a dark or strong colour and, seldom, boards."""
    draw = rng.random()
    if draw < 0.05:
        return library.pick(rng, "calm planks"), (1.0, 1.0, 1.0), 0.7, 0.0
    if rng.random() < 0.12:
        layer = library.pick(rng, "shaded", "calm tiles") if rng.random() < 0.5 else WHITE
        return layer, greyed(tint(rng, 0.3, (0.06, 0.55)), 0.4), float(rng.uniform(0.35, 0.6)), 0.0
    kind = "calm plaster" if draw < 0.3 else "calm tiles"
    layer = WHITE if draw > 0.5 else library.pick(rng, kind)
    return layer, light_paint(rng), float(rng.uniform(0.35, 0.6)), 0.0
