"""Procedural furniture: tables, desks, shelves, cabinets, sofas and chairs of random size and finish."""

from __future__ import annotations

import numpy as np

from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.meshes import Mesh
from mtdense_ros.synthetic.rendering.palette import tint
from mtdense_ros.synthetic.rendering.scene import FURNITURE, Part
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary

Rng = np.random.Generator


def finish(rng: Rng, library: TextureLibrary, mesh: Mesh, bright: float = 0.3) -> Part:
    """The mesh as wood, paint or laminate; `bright` is the lowest brightness of paint."""
    gloss = float(rng.uniform(0, 0.5))
    if rng.random() < 0.55:
        stain = float(rng.uniform(0.5, 1.0))
        return Part(mesh, library.pick(rng, "wood"), (stain, stain, stain), repeat=float(rng.uniform(0.7, 1.6)), gloss=gloss)
    return Part(mesh, library.pick(rng, "plaster") if rng.random() < 0.3 else WHITE, tint(rng, 0.25, (bright, 1.0)), gloss=gloss)


def upholstery(rng: Rng, library: TextureLibrary, mesh: Mesh) -> Part:
    """The mesh in cloth or leather."""
    layer = library.pick(rng, "cloth", "cloth", "stripes", "checker") if rng.random() < 0.7 else WHITE
    return Part(mesh, layer, tint(rng, 0.4), repeat=float(rng.uniform(1, 3)), gloss=float(rng.uniform(0, 0.2)))


def table(rng: Rng, library: TextureLibrary, size: tuple[float, float, float] | None = None) -> Prop:
    """A table on four legs, one column or two panels; size (x, y, z) is drawn at random when None."""
    w, d, h = size or rng.uniform((0.6, 0.5, 0.4), (1.8, 0.95, 0.8))
    thick = rng.uniform(0.02, 0.05)
    round_top = size is None and rng.random() < 0.2
    top = meshes.cylinder(min(w, d) / 2, thick, (0, 0, h - thick), 32) if round_top else meshes.box((w, d, thick), (0, 0, h - thick))
    leg, style = rng.uniform(0.03, 0.09), rng.random()
    if round_top or style < 0.15:
        under = [meshes.cylinder(leg, h - thick), meshes.cylinder(min(w, d) * 0.3, 0.03)]
    elif style < 0.3:
        under = [meshes.box((0.03, d * 0.9, h - thick), (x * (w / 2 - 0.08), 0, 0)) for x in (-1, 1)]
    else:
        spots = [(x * (w / 2 - leg), y * (d / 2 - leg), 0.0) for x in (-1, 1) for y in (-1, 1)]
        under = [meshes.box((leg, leg, h - thick), spot) for spot in spots]
    return Prop("table", [finish(rng, library, top), finish(rng, library, meshes.merge(under))], FURNITURE)


def desk(rng: Rng, library: TextureLibrary) -> Prop:
    """A writing desk with a drawer block."""
    w, d, h = rng.uniform((0.9, 0.5, 0.68), (1.7, 0.8, 0.78))
    prop = table(rng, library, (w, d, h))
    side = float(rng.choice([-1, 1])) * (w / 2 - 0.25)
    block = meshes.box((0.4, d * 0.85, h * 0.75), (side, 0, h * 0.15))
    fronts = [meshes.box((0.36, 0.02, h * 0.2), (side, -d * 0.43, h * (0.18 + 0.24 * k))) for k in range(3)]
    return Prop("desk", [*prop.parts, finish(rng, library, block), finish(rng, library, meshes.merge(fronts))], FURNITURE)


def shelf(rng: Rng, library: TextureLibrary) -> Prop:
    """An open bookshelf, partly filled with books."""
    w, d, h = rng.uniform((0.5, 0.22, 0.8), (1.6, 0.4, 2.1))
    count, board = int(rng.integers(2, 7)), 0.02
    frame = [meshes.box((board, d, h), (x * (w - board) / 2, 0, 0)) for x in (-1, 1)]
    levels = [k * (h - board) / count for k in range(count + 1)]
    frame += [meshes.box((w, d, board), (0, 0, z)) for z in levels]
    if rng.random() < 0.7:
        frame.append(meshes.box((w, 0.01, h), (0, d / 2 - 0.005, 0)))
    rows = [row for z in levels[:-1] for row in book_row(rng, library, w - 0.06, d, z + board, h / count - 2 * board)]
    return Prop("shelf", [finish(rng, library, meshes.merge(frame)), *rows], FURNITURE)


def book_row(rng: Rng, library: TextureLibrary, width: float, depth: float, z: float, room: float) -> list[Part]:
    """Books that stand on a board at height z from -width / 2 on, at most `room` metres tall; none in three of ten cases."""
    if rng.random() < 0.3 or room < 0.12:
        return []
    groups: list[list[Mesh]] = [[], [], []]
    x, end = -width / 2, width / 2 * rng.uniform(-0.2, 1)
    while x < end:
        thick, tall = rng.uniform(0.012, 0.06), min(rng.uniform(0.15, 0.32), room)
        deep = depth * rng.uniform(0.5, 0.9)
        groups[int(rng.integers(3))].append(meshes.box((thick * 0.95, deep, tall), (x + thick / 2, 0.02, z)))
        x += thick
    layers = [library.pick(rng, "print"), library.pick(rng, "stripes"), WHITE]
    return [Part(meshes.merge(g), layer, tint(rng, 0.7), repeat=4.0) for g, layer in zip(groups, layers, strict=True) if g]


def cabinet(rng: Rng, library: TextureLibrary) -> Prop:
    """A closed piece: sideboard, chest of drawers, wardrobe, kitchen unit or refrigerator, with doors and handles."""
    kinds = [((0.7, 0.35, 0.4), (1.8, 0.5, 0.9)), ((0.4, 0.35, 0.6), (1.0, 0.5, 1.3)), ((0.8, 0.5, 1.7), (2.2, 0.65, 2.2)),
             ((0.55, 0.55, 1.4), (0.75, 0.7, 1.9)), ((1.2, 0.55, 0.85), (2.6, 0.65, 0.95))]  # fmt: skip
    low, high = kinds[int(rng.integers(len(kinds)))]
    w, d, h = rng.uniform(low, high)
    columns, rows = max(round(w / rng.uniform(0.4, 0.7)), 1), max(round(h / rng.uniform(0.25, 1.2)), 1)
    doors, handles = [], []
    for column in range(columns):
        for row in range(rows):
            x, z = (column + 0.5) * w / columns - w / 2, 0.05 + row * (h - 0.08) / rows
            doors.append(meshes.box((w / columns - 0.012, 0.02, (h - 0.08) / rows - 0.012), (x, -d / 2 - 0.008, z)))
            handles.append(meshes.box((0.02, 0.03, 0.12), (x + w / columns * 0.38, -d / 2 - 0.03, z + (h - 0.08) / rows / 2)))
    top = meshes.box((w + 0.02, d + 0.03, 0.025), (0, 0, h))
    body = [finish(rng, library, meshes.box((w, d, h))), finish(rng, library, meshes.merge(doors)), finish(rng, library, top)]
    return Prop("cabinet", [*body, Part(meshes.merge(handles), WHITE, tint(rng, 0.05), gloss=0.8)], FURNITURE)


def sofa(rng: Rng, library: TextureLibrary) -> Prop:
    """A sofa or armchair with cushions."""
    w, d, seat, back = rng.uniform((0.75, 0.75, 0.36, 0.35), (2.3, 0.95, 0.46, 0.5))
    arm, high = rng.uniform(0.1, 0.22), rng.uniform(0.12, 0.25)
    body = [
        meshes.rounded_box((w, d, seat - 0.1), 0.04, (0, 0, 0.06)),
        meshes.rounded_box((w, 0.2, seat + back), 0.07, (0, d / 2 - 0.1, 0.05)),
    ]
    body += [meshes.rounded_box((arm, d, seat + high), 0.06, (x * (w - arm) / 2, 0, 0.05)) for x in (-1, 1)]
    count = max(round((w - 2 * arm) / 0.65), 1)
    span = (w - 2 * arm) / count
    middles = [(k + 0.5) * span - (w - 2 * arm) / 2 for k in range(count)]
    seats = [meshes.rounded_box((span * 0.98, d - 0.2, 0.16), 0.05, (x, -0.1, seat - 0.06)) for x in middles]
    backs = [meshes.rounded_box((span * 0.95, 0.16, back), 0.07, (x, d / 2 - 0.27, seat + 0.08)) for x in middles]
    cover = upholstery(rng, library, meshes.merge(body))
    same = rng.random() < 0.6
    pads = meshes.merge(seats + backs)
    return Prop("sofa", [cover, Part(pads, cover.layer, cover.tint, cover.repeat) if same else upholstery(rng, library, pads)], FURNITURE)


def chair(rng: Rng, library: TextureLibrary) -> Prop:
    """A chair or stool."""
    w, d, seat, back = rng.uniform((0.38, 0.38, 0.42, 0.3), (0.52, 0.5, 0.5, 0.55))
    leg = rng.uniform(0.02, 0.045)
    if rng.random() < 0.25:
        frame = [meshes.cylinder(0.03, seat), *(meshes.box((0.55 * w, 0.04, 0.04)).turned(meshes.rotation_z(k * 1.05)) for k in range(3))]
    else:
        frame = [meshes.box((leg, leg, seat), (x * (w / 2 - leg), y * (d / 2 - leg), 0)) for x in (-1, 1) for y in (-1, 1)]
    soft = rng.random() < 0.4
    pad = meshes.rounded_box((w, d, 0.08), 0.03, (0, 0, seat - 0.04)) if soft else meshes.box((w, d, 0.03), (0, 0, seat - 0.015))
    parts = [finish(rng, library, meshes.merge(frame), 0.05), upholstery(rng, library, pad) if soft else finish(rng, library, pad)]
    if rng.random() < 0.85:
        rest = [meshes.box((w, 0.03, back * rng.uniform(0.4, 1.0)), (0, d / 2 - 0.02, seat + 0.08))]
        rest += [meshes.box((leg, leg, back), (x * (w / 2 - leg), d / 2 - 0.02, seat)) for x in (-1, 1)]
        parts.append(finish(rng, library, meshes.merge(rest)))
    return Prop("chair", parts, FURNITURE)
