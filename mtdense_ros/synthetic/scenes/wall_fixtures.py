"""What hangs on walls besides pictures: shelves, cupboards, boards, screens, notices, clocks, switches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mtdense_ros.synthetic.objects.everyday_objects import thing
from mtdense_ros.synthetic.objects.furniture import finish
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.palette import tint
from mtdense_ros.synthetic.rendering.scene import FURNITURE, OBJECT, OTHER, Item, Part, pose
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary
from mtdense_ros.synthetic.scenes.walls import Wall

Rng = np.random.Generator
Maker = Callable[[Rng, TextureLibrary, Wall, float, float], list[Item]]


def hang(rng: Rng, library: TextureLibrary, wall: Wall, s: float, room: float) -> list[Item]:
    """A random thing s metres along a wall, at most `room` metres wide."""
    return _MAKERS[int(rng.integers(len(_MAKERS)))](rng, library, wall, s, room)


def board(rng: Rng, library: TextureLibrary, wall: Wall, s: float, room: float) -> list[Item]:
    """A whiteboard or pin board in a thin frame."""
    w, h = min(rng.uniform(0.8, 3.0), room), rng.uniform(0.6, 1.2)
    white = rng.random() < 0.7
    face = Part(meshes.box((w, 0.02, h)), WHITE, (0.95, 0.95, 0.95) if white else tint(rng, 0.5, (0.3, 0.7)), gloss=0.6 if white else 0.0)
    frame = Part(meshes.box((w + 0.04, 0.016, h + 0.04), (0, 0, -0.02)), WHITE, tint(rng, 0.05))
    z = rng.uniform(0.8, 1.1)
    return [wall.item([face, frame], OBJECT, s, z, 0.012, name="board"), *_sheets(rng, library, wall, s, z, w, h, 0.026)]


def notices(rng: Rng, library: TextureLibrary, wall: Wall, s: float, room: float) -> list[Item]:
    """Sheets of paper stuck to the wall."""
    return _sheets(rng, library, wall, s, rng.uniform(1.0, 1.5), min(room, 1.2), 0.6, 0.004)


def _sheets(rng: Rng, library: TextureLibrary, wall: Wall, s: float, z: float, w: float, h: float, out: float) -> list[Item]:
    items = []
    for _ in range(int(rng.integers(0, 6))):
        width, height = rng.choice([0.15, 0.21, 0.3]), rng.choice([0.21, 0.3])
        if width > w or height > h:
            continue
        layer = library.pick(rng, "print") if rng.random() < 0.5 else WHITE
        paper = Part(meshes.box((width, 0.002, height)), layer, (0.95, 0.94, 0.9), 4.0)
        x, up = rng.uniform(-1, 1) * (w - width) / 2, rng.uniform(0, h - height)
        items.append(wall.item([paper], OBJECT, s + x, z + up, out, name="notice"))
    return items


def screen(rng: Rng, library: TextureLibrary, wall: Wall, s: float, room: float) -> list[Item]:
    """A flat television, dark or showing something."""
    w = min(rng.uniform(0.7, 1.6), room)
    on = rng.random() < 0.3
    body = Part(meshes.box((w, 0.05, w * 0.58)), WHITE, (0.05, 0.05, 0.05), gloss=0.3)
    face = Part(
        meshes.box((w - 0.03, 0.052, w * 0.56), (0, 0, w * 0.01)), library.pick(rng, "print") if on else WHITE,
        (0.9, 0.9, 0.9) if on else (0.03, 0.03, 0.04), float(1 / w), 0.9, emit=on,
    )  # fmt: skip
    return [wall.item([body, face], OBJECT, s, rng.uniform(0.9, 1.5), 0.03, name="screen")]


def cupboard(rng: Rng, library: TextureLibrary, wall: Wall, s: float, room: float) -> list[Item]:
    """A hanging cupboard with doors."""
    w, d, h = min(rng.uniform(0.5, 1.8), room), rng.uniform(0.25, 0.38), rng.uniform(0.4, 0.8)
    count = max(round(w / 0.45), 1)
    doors = [meshes.box((w / count - 0.01, 0.02, h - 0.01), ((k + 0.5) * w / count - w / 2, -d / 2 - 0.005, 0.005)) for k in range(count)]
    parts = [finish(rng, library, meshes.box((w, d, h))), finish(rng, library, meshes.merge(doors))]
    z = min(rng.uniform(1.3, 1.6), wall.height - h - 0.05)
    return [wall.item(parts, FURNITURE, s, z, d / 2, name="cupboard")]


def wall_shelf(rng: Rng, library: TextureLibrary, wall: Wall, s: float, room: float) -> list[Item]:
    """One to three boards with small things on them."""
    w, d = min(rng.uniform(0.5, 1.6), room), rng.uniform(0.15, 0.3)
    levels = [1.0 + 0.38 * k + rng.uniform(0, 0.15) for k in range(int(rng.integers(1, 4)))]
    items = [wall.item([finish(rng, library, meshes.merge(meshes.box((w, d, 0.025), (0, 0, z)) for z in levels))], FURNITURE, s, 0, d / 2)]
    for z in levels:
        for _ in range(int(rng.integers(1, 5))):
            prop = thing(rng, library).shrunk(min(d, 0.3))
            where = wall.at(s + rng.uniform(-0.45, 0.45) * (w - 0.1), z + 0.026, d / 2)
            items.append(prop.at(pose(*where, wall.yaw + rng.normal(0, 0.2))))
    return items


def clock(rng: Rng, library: TextureLibrary, wall: Wall, s: float, room: float) -> list[Item]:
    """A wall clock or round mirror."""
    r = rng.uniform(0.12, 0.3)
    face = meshes.cylinder(r, 0.03).turned(meshes.rotation_x(np.pi / 2))
    rim = meshes.cylinder(r * 1.08, 0.02).turned(meshes.rotation_x(np.pi / 2))
    parts = [Part(face, WHITE, tint(rng, 0.1, (0.6, 1.0)), gloss=0.5), Part(rim, WHITE, tint(rng, 0.3))]
    return [wall.item(parts, OBJECT, s, rng.uniform(1.6, wall.height - r - 0.1), 0.001, name="clock")]


def switches(rng: Rng, library: TextureLibrary, wall: Wall, s: float, room: float) -> list[Item]:
    """Switches, sockets, a fire alarm, a dispenser: small boxes on the wall."""
    items = []
    for _ in range(int(rng.integers(1, 4))):
        size = rng.uniform((0.08, 0.01, 0.08), (0.3, 0.14, 0.35))
        part = Part(meshes.box(size), WHITE, tint(rng, 0.2, (0.5, 1.0)), gloss=0.3)
        x, z = s + rng.uniform(-0.45, 0.45) * room, rng.choice([0.3, 1.1, 1.4])
        items.append(wall.item([part], OBJECT, float(x), float(z), size[1] / 2, name="switch"))
    return items


def wide_picture(rng: Rng, library: TextureLibrary, wall: Wall, s: float, room: float) -> list[Item]:
    """A row of framed prints with white mounts."""
    count = int(rng.integers(1, 4))
    w = min(rng.uniform(0.25, 0.6), room / count - 0.08)
    h, z, frame = w * rng.uniform(0.8, 1.5), rng.uniform(1.15, 1.45), tint(rng, 0.1, (0.03, 1.0))
    items = []
    for k in range(count):
        mount = Part(meshes.box((w, 0.02, h)), WHITE, (0.95, 0.95, 0.93), gloss=0.4)
        edge = Part(meshes.box((w + 0.04, 0.016, h + 0.04), (0, 0, -0.02)), WHITE, frame)
        inner = meshes.box((w * 0.6, 0.022, h * 0.6), (0, 0, h * 0.2))
        print_ = Part(inner, library.pick(rng, "print", "outdoors"), (1, 1, 1), float(1 / h), 0.4)
        items.append(wall.item([mount, edge, print_], OTHER, s + (k - (count - 1) / 2) * (w + 0.1), z, 0.012, name="picture"))
    return items


def before_window(rng: Rng, library: TextureLibrary, wall: Wall, s: float, room: float) -> list[Item]:
    """One to three pictures, boards or sheets that hang before a pane, dark against the light behind or lit from the room."""
    items = []
    for _ in range(int(rng.integers(1, 4))):
        w, h = min(rng.uniform(0.15, 0.6), room), rng.uniform(0.2, 0.6)
        layer = library.pick(rng, "print") if rng.random() < 0.7 else WHITE
        sheet = Part(meshes.box((w, 0.01, h)), layer, tint(rng, 0.3, (0.2, 1.0)), float(1 / max(w, h)))
        x, z = s + rng.uniform(-0.4, 0.4) * (room - w), rng.uniform(0.9, max(wall.height - h - 0.4, 0.95))
        items.append(wall.item([sheet], OTHER, float(x), float(z), 0.07, name="picture"))
    return items


_MAKERS: tuple[Maker, ...] = (
    *(board, board, notices, screen, cupboard, cupboard, wall_shelf, wall_shelf, clock, switches, wide_picture, wide_picture),
)
"""One entry per kind, repeated where it is common."""
