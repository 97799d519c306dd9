"""More procedural furniture, with what stands on and in it: filled shelves, workplaces, made beds, kitchens, easy and office chairs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mtdense_ros.synthetic.objects import furniture
from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.objects.everyday_objects import keyboard, monitor, sheet_of_paper, thing
from mtdense_ros.synthetic.objects.furniture import book_row, finish, upholstery
from mtdense_ros.synthetic.objects.placement import heights_at
from mtdense_ros.synthetic.objects.small_objects import plant
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.meshes import Mesh
from mtdense_ros.synthetic.rendering.palette import greyed, tint
from mtdense_ros.synthetic.rendering.scene import FURNITURE, OBJECT, Part, pose
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary

Rng = np.random.Generator
Held = list[tuple[Prop, meshes.Array]]


def filled_shelf(rng: Rng, library: TextureLibrary) -> Prop:
    """An open shelf of up to four columns, its compartments filled with books, things or nothing."""
    columns, rows = int(rng.integers(1, 5)), int(rng.integers(2, 7))
    w, d, h = rng.uniform(0.4, 0.9), rng.uniform(0.24, 0.4), rng.uniform(0.3, 0.42)
    board, parts, held = 0.022, [], Held()
    frame = [meshes.box((board, d, rows * h), (k * w - columns * w / 2, 0, 0)) for k in range(columns + 1)]
    frame += [meshes.box((columns * w + board, d, board), (0, 0, k * h)) for k in range(rows + 1)]
    if rng.random() < 0.6:
        frame.append(meshes.box((columns * w, 0.01, rows * h), (0, d / 2 - 0.005, 0)))
    for k in range(columns * rows):
        x, z = (k % columns + 0.5) * w - columns * w / 2, (k // columns) * h + board
        if rng.random() < 0.6:
            parts += [Part(p.mesh.moved((x, 0, 0)), p.layer, p.tint, p.repeat) for p in book_row(rng, library, w - 0.05, d, z, h - 0.04)]
        elif rng.random() < 0.7:
            small = thing(rng, library).shrunk(min(w, d, h) - 0.04)
            held.append((small, pose(float(x + rng.uniform(-0.1, 0.1) * w), 0.0, z, rng.normal(0, 0.3))))
    return Prop("shelf", [finish(rng, library, meshes.merge(frame)), *parts], FURNITURE, held)


def workplace(rng: Rng, library: TextureLibrary) -> Prop:
    """A desk with one or two screens, keyboard, papers and small things."""
    desk = furniture.desk(rng, library)
    w, d, h = (float(v) for v in desk.size)
    count = int(rng.choice([1, 1, 2]))
    held: Held = [(monitor(rng, library), pose((k - (count - 1) / 2) * 0.6, d * 0.2, h, rng.normal(0, 0.15))) for k in range(count)]
    held.append((keyboard(rng, library), pose(0.0, -d * 0.2, h, rng.normal(0, 0.1))))
    for _ in range(int(rng.integers(0, 5))):
        small = sheet_of_paper(rng, library) if rng.random() < 0.4 else thing(rng, library).shrunk(0.3)
        side = float(rng.choice([-1, 1])) * rng.uniform(0.28, 0.42) * w
        held.append((small, pose(side, float(rng.uniform(-0.3, 0.3)) * d, h + 0.001, rng.uniform(0, 2 * np.pi))))
    return Prop("workplace", desk.parts, FURNITURE, held)


def made_bed(rng: Rng, library: TextureLibrary) -> Prop:
    """A bed with a cover that hangs over its sides, cushions on it, head and often foot boards."""
    w, d, h = rng.uniform((0.85, 1.9, 0.3), (1.9, 2.15, 0.5))
    frame = [meshes.box((w, d, h * 0.6), (0, 0, 0.06)), meshes.box((w + 0.06, 0.07, h + rng.uniform(0.3, 0.8)), (0, d / 2, 0))]
    if rng.random() < 0.5:
        frame.append(meshes.box((w + 0.06, 0.07, h + rng.uniform(0.05, 0.3)), (0, -d / 2, 0)))
    mattress = meshes.rounded_box((w * 0.98, d * 0.97, h * 0.5), 0.06, (0, 0, h * 0.55))
    top = h * 1.05
    cover = meshes.rounded_box((w + 0.06, d * rng.uniform(0.55, 0.95), h * 0.6), 0.06, (0, -d * rng.uniform(0.02, 0.15), top - h * 0.57))
    hull = finish(rng, library, meshes.merge(frame)) if rng.random() < 0.6 else upholstery(rng, library, meshes.merge(frame))
    parts = [hull, Part(mattress, WHITE, tint(rng, 0.1, (0.7, 1.0))), upholstery(rng, library, cover)]
    held: Held = []
    for k in range(int(rng.integers(1, 5))):
        cushion = meshes.rounded_box((rng.uniform(0.35, 0.65), 0.4, 0.16), 0.075).turned(meshes.rotation_x(rng.uniform(0, 0.9)))
        prop = Prop("cushion", [Part(cushion, library.pick(rng, "cloth"), tint(rng, 0.4, (0.2, 1.0)), 2.0)], OBJECT)
        held.append((prop, pose(float(rng.uniform(-0.35, 0.35)) * w, d * (0.36 - 0.1 * (k // 2)), top - 0.02, rng.normal(0, 0.2))))
    return Prop("bed", parts, FURNITURE, held)


def kitchen_row(rng: Rng, library: TextureLibrary) -> Prop:
    """Floor units under a worktop with things on it, in most cases wall cupboards and a dark oven front."""
    count, unit = int(rng.integers(2, 6)), rng.uniform(0.45, 0.62)
    w, d, h = count * unit, 0.6, rng.uniform(0.86, 0.92)
    fronts = [meshes.box((unit - 0.01, 0.02, h - 0.16), ((k + 0.5) * unit - w / 2, -d / 2, 0.1)) for k in range(count)]
    grips = [meshes.box((unit * 0.5, 0.03, 0.015), ((k + 0.5) * unit - w / 2, -d / 2 - 0.02, h - 0.12)) for k in range(count)]
    body = [meshes.box((w, d - 0.05, h - 0.06), (0, 0.02, 0.02))]
    if rng.random() < 0.7:
        body.append(meshes.box((w, 0.33, 0.62), (0, d / 2 - 0.165, 1.42)))
        fronts += [meshes.box((unit - 0.01, 0.02, 0.6), ((k + 0.5) * unit - w / 2, d / 2 - 0.335, 1.43)) for k in range(count)]
    oven = meshes.box((unit - 0.04, 0.02, 0.45), ((int(rng.integers(count)) + 0.5) * unit - w / 2, -d / 2 - 0.012, 0.25))
    slab = meshes.box((w + 0.02, d + 0.03, 0.04), (0, -0.015, h - 0.04))
    top = Part(slab, library.pick(rng, "marble", "wood", "terrazzo"), tint(rng, 0.1, (0.2, 1.0)), 0.8, 0.6)
    metal = Part(meshes.merge(grips), WHITE, tint(rng, 0.05), gloss=0.9)
    parts = [*(finish(rng, library, meshes.merge(group)) for group in (body, fronts)), top, metal]
    if rng.random() < 0.6:
        parts.append(Part(oven, WHITE, (0.06, 0.06, 0.07), gloss=0.9))
    held: Held = []
    for _ in range(int(rng.poisson(1.2 * count))):
        held.append(
            (thing(rng, library).shrunk(0.35), pose(float(rng.uniform(-0.45, 0.45) * w), float(rng.uniform(-0.12, 0.1)), h + 0.001))
        )
    return Prop("kitchen", parts, FURNITURE, held)


def cushioned_sofa(rng: Rng, library: TextureLibrary) -> Prop:
    """A sofa with loose cushions, and at times a bag or book, on its seat."""
    sofa = furniture.sofa(rng, library)
    w, d = float(sofa.size[0]), float(sofa.size[1])
    held: Held = []
    for _ in range(int(rng.integers(1, 5))):
        x, y = float(rng.uniform(-0.3, 0.3)) * w, -float(rng.uniform(0.0, 0.2)) * d
        height = float(heights_at(sofa.at(pose()), np.array([[x, y]]))[0])
        prop = cushion(rng, library) if rng.random() < 0.75 else thing(rng, library).shrunk(0.3)
        held.append((prop, pose(x, y, height - 0.01, rng.normal(0, 0.4))))
    return Prop("sofa", sofa.parts, FURNITURE, held)


def cushion(rng: Rng, library: TextureLibrary) -> Prop:
    """A cushion that lies or leans back, plain, woven or printed."""
    w = rng.uniform(0.3, 0.5)
    mesh = meshes.rounded_box((w, w * rng.uniform(0.7, 1.0), 0.14), 0.065).turned(meshes.rotation_x(-rng.uniform(0, 1.2)))
    raised = mesh.moved((0, 0, -float(mesh.positions[:, 2].min())))
    layer = library.pick(rng, "cloth", "cloth", "stripes", "checker", "print") if rng.random() < 0.7 else WHITE
    return Prop("cushion", [Part(raised, layer, tint(rng, 0.5, (0.15, 1.0)), float(rng.uniform(1, 4)))], OBJECT)


def waste_bin(rng: Rng, _: TextureLibrary) -> Prop:
    """An open bin of 20 to 60 cm, round or, with a lid, square."""
    r, h = rng.uniform(0.1, 0.2), rng.uniform(0.22, 0.6)
    if rng.random() < 0.65:
        body = meshes.lathe([(0, 0), (r * 0.8, 0), (r, h), (r * 0.97, h), (r * 0.78, 0.01), (0, 0.01)], 24)
    else:
        body = meshes.merge([meshes.box((1.6 * r, 1.4 * r, h)), meshes.box((1.7 * r, 1.5 * r, 0.05), (0, 0, h))])
    return Prop("bin", [Part(body, WHITE, tint(rng, 0.3, (0.03, 0.9)), gloss=float(rng.uniform(0, 0.8)))], OBJECT)


def easy_chair(rng: Rng, library: TextureLibrary) -> Prop:
    """A tub chair: a back that runs round the seat, in cloth or leather."""
    r, seat, back = rng.uniform(0.32, 0.42), rng.uniform(0.36, 0.45), rng.uniform(0.2, 0.4)
    turns = np.linspace(-0.25, math.pi + 0.25, 11)
    blocks = [
        meshes.rounded_box((0.12, 0.26, seat + back * (0.6 + 0.4 * math.sin(a))), 0.05, (r, 0, 0.08)).turned(meshes.rotation_z(a))
        for a in turns
    ]
    pad = meshes.rounded_box((1.5 * r, 1.7 * r, 0.2), 0.07, (0, -0.12 * r, seat - 0.18))
    base = meshes.cylinder(r * 0.9, seat - 0.2, (0, 0, 0.1))
    cover = upholstery(rng, library, meshes.merge([*blocks, base]))
    feet = [meshes.cylinder(0.02, 0.12, (x * r * 0.6, y * r * 0.6, 0)) for x in (-1, 1) for y in (-1, 1)]
    pads = Part(pad, cover.layer, cover.tint, cover.repeat, cover.gloss)
    return Prop("easy chair", [cover, pads, finish(rng, library, meshes.merge(feet), 0.05)], FURNITURE)


def ottoman(rng: Rng, library: TextureLibrary) -> Prop:
    """A round or square padded stool."""
    w, h = rng.uniform(0.4, 1.0), rng.uniform(0.32, 0.46)
    r = w / 2
    profile = [(0, 0.05), (r * 0.95, 0.05), (r, 0.1), (r, h - 0.06), (r * 0.95, h - 0.01), (0, h)]
    mesh = meshes.lathe(profile, 28) if rng.random() < 0.6 else meshes.rounded_box((w, w * rng.uniform(0.7, 1.2), h), 0.05)
    return Prop("ottoman", [upholstery(rng, library, mesh)], FURNITURE)


def office_chair(rng: Rng, library: TextureLibrary) -> Prop:
    """A swivel chair on five castors, black more often than not."""
    seat = rng.uniform(0.43, 0.52)
    spokes: list[Mesh] = [meshes.capsule((0, 0, 0.12), (0.3 * math.cos(a), 0.3 * math.sin(a), 0.06), 0.025) for a in np.arange(5) * 1.2566]
    spokes += [meshes.ellipsoid((0.03, 0.03, 0.03), (0.3 * math.cos(a), 0.3 * math.sin(a), 0.03), 5, 8) for a in np.arange(5) * 1.2566]
    frame = [*spokes, meshes.cylinder(0.03, seat - 0.1, (0, 0, 0.1)), meshes.box((0.06, 0.03, 0.3), (0, 0.24, seat - 0.02))]
    if rng.random() < 0.6:
        frame += [meshes.box((0.05, 0.26, 0.03), (x * 0.27, 0, seat + 0.2)) for x in (-1, 1)]
        frame += [meshes.box((0.03, 0.05, 0.24), (x * 0.27, 0.05, seat - 0.03)) for x in (-1, 1)]
    tall = rng.uniform(0.3, 0.65)
    back = meshes.rounded_box((0.44, 0.07, tall), 0.03).turned(meshes.rotation_x(-0.12)).moved((0, 0.23, seat + 0.1))
    pads = meshes.merge([meshes.rounded_box((0.48, 0.46, 0.08), 0.035, (0, 0, seat - 0.05)), back])
    dark = rng.random() < 0.65
    cover = Part(pads, library.pick(rng, "cloth"), (0.1, 0.1, 0.11), 2.0) if dark else upholstery(rng, library, pads)
    return Prop("office chair", [cover, Part(meshes.merge(frame), WHITE, tint(rng, 0.02, (0.05, 0.6)), gloss=0.5)], FURNITURE)


def screen_stand(rng: Rng, library: TextureLibrary) -> Prop:
    """A low board with a television and things on it."""
    w, d, h = rng.uniform((1.0, 0.35, 0.35), (2.2, 0.5, 0.65))
    body = finish(rng, library, meshes.box((w, d, h)))
    doors = meshes.merge(meshes.box((w / 3 - 0.02, 0.02, h - 0.08), ((k - 1) * w / 3, -d / 2, 0.04)) for k in range(3))
    held: Held = [(monitor(rng, library, rng.uniform(0.7, 1.2)), pose(0.0, 0.05, h, rng.normal(0, 0.1)))]
    for side in (-1, 1):
        if rng.random() < 0.6:
            held.append((thing(rng, library).shrunk(0.3), pose(side * 0.44 * w, 0.0, h + 0.001, rng.uniform(0, 6))))
    return Prop("screen stand", [body, finish(rng, library, doors)], FURNITURE, held)


def tall_plant(rng: Rng, library: TextureLibrary) -> Prop:
    """A pot plant that stands on the floor."""
    factor = rng.uniform(1.6, 3.0)
    return Prop("tall plant", [Part(p.mesh.scaled(factor), p.layer, p.tint, p.repeat, p.gloss) for p in plant(rng, library)], OBJECT)


Maker = Callable[[Rng, TextureLibrary], Prop]
_BY_WALL: tuple[Maker, ...] = (
    *(filled_shelf, filled_shelf, workplace, workplace, made_bed, made_bed, kitchen_row, screen_stand, easy_chair, tall_plant),
    *(furniture.desk, furniture.shelf, furniture.cabinet, furniture.cabinet, furniture.sofa, cushioned_sofa, cushioned_sofa),
)
_FREE: tuple[Maker, ...] = (
    *(office_chair, office_chair, easy_chair, ottoman, tall_plant, furniture.table, furniture.chair, furniture.chair, furniture.sofa),
)
"""One entry per kind, repeated where it is common."""


def against_wall(rng: Rng, library: TextureLibrary) -> Prop:
    """A random piece that stands with its back to a wall."""
    return _muted(rng, _BY_WALL[int(rng.integers(len(_BY_WALL)))](rng, library))


def free_standing(rng: Rng, library: TextureLibrary) -> Prop:
    """A random piece that stands anywhere."""
    return _muted(rng, _FREE[int(rng.integers(len(_FREE)))](rng, library))


def _muted(rng: Rng, prop: Prop) -> Prop:
    """The prop, in six of ten cases in colours much closer to grey: most furniture is."""
    if rng.random() > 0.6:
        return prop
    share = float(rng.uniform(0.5, 0.9))
    return replace(prop, parts=[replace(part, tint=greyed(part.tint, share)) for part in prop.parts])
