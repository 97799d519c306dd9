"""Arrangements that make a room one for something: kitchen runs, beds with tables, sofas around a table, workplaces, dining groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mtdense_ros.synthetic.objects import furnished
from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.objects.everyday_objects import keyboard, monitor
from mtdense_ros.synthetic.objects.furniture import upholstery
from mtdense_ros.synthetic.objects.placement import Plan, rest_on
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.palette import tint
from mtdense_ros.synthetic.rendering.scene import OBJECT, Item, Part, pose
from mtdense_ros.synthetic.scenes.furnishing import Furnishing

Rng = np.random.Generator


def kitchen(room: Furnishing) -> None:
    """A run of units along a wall: base units with sink, cooker and oven, wall units and a hood above, all in one finish."""
    rng, assets = room.rng, room.assets
    bases = assets.kinds.get("kitchen base", [])
    if not bases or rng.random() < 0.45:
        room.by_wall(furnished.kitchen_row(rng, assets.library))
        return
    dye = _stain(rng)
    count = int(rng.integers(3, 7))
    chosen = [bases[int(rng.integers(len(bases)))] for _ in range(2)]
    run = [dye(chosen[int(rng.random() < 0.35)]) for _ in range(count)]
    for category in ("kitchen sink", "cooker", "oven", "washer", "fridge"):
        special = assets.of(rng, category)
        if special is not None and rng.random() < 0.65:
            run[int(rng.integers(len(run)))] = dye(special) if category == "kitchen sink" else special
    uppers = [prop for prop in assets.kinds.get("kitchen wall", []) if prop.elevation > 1.0]
    for where, prop in _along(room, run):
        room.stand(prop, where)
        if uppers and prop.size[2] < 1.4 and rng.random() < 0.7:
            upper = dye(uppers[int(rng.integers(len(uppers)))])
            above = where.copy()
            above[:3, 3] += where[:3, :3] @ np.array([0, (prop.size[1] - upper.size[1]) / 2, upper.elevation], np.float32)
            room.stand(upper, above, carries=False)


def _along(room: Furnishing, props: Sequence[Prop]) -> list[tuple[meshes.Array, Prop]]:
    """Poses of props side by side along a random wall, those that fit; the floor before each is taken."""
    rng, plan = room.rng, room.plan
    for _ in range(8):
        side = int(rng.integers(4))
        along, across = (plan.half[0], plan.half[1]) if side % 2 == 0 else (plan.half[1], plan.half[0])
        widths = [float(prop.size[0]) for prop in props]
        total = min(sum(widths), 2 * along)
        s = -along if rng.random() < 0.5 else float(rng.uniform(-along, along - total))
        placed = []
        for prop, width in zip(props, widths, strict=True):
            depth = float(prop.size[1])
            t = across - depth / 2 - 0.01
            x, y = [(s + width / 2, t), (-t, s + width / 2), (-s - width / 2, -t), (t, -s - width / 2)][side]
            if s + width <= along + 0.01 and plan.claim(x, y, *((width - 0.02, depth) if side % 2 == 0 else (depth, width - 0.02))):
                placed.append((pose(x, y, 0.0, side * np.pi / 2), prop))
            s += width
        if len(placed) >= 2:
            return placed
    return []


def _stain(rng: Rng) -> Callable[[Prop], Prop]:
    """One finish for several props: their colours times a tint."""
    color = tint(rng, 0.2, (0.25, 1.0)) if rng.random() < 0.6 else (1.0, 1.0, 1.0)

    def dyed(prop: Prop) -> Prop:
        parts = []
        for part in prop.parts:
            r, g, b = (a * f for a, f in zip(part.tint, color, strict=True))
            parts.append(replace(part, tint=(r, g, b)))
        return replace(prop, parts=parts)

    return dyed


def bed(room: Furnishing) -> None:
    """A bed with its head to the wall, tables with lamps beside it, and a tangle of cloth on it."""
    rng = room.rng
    prop = room.piece("bed")
    item = room.by_wall(prop)
    if item is None or prop is None:
        return
    for side in (-1, 1):
        table = room.piece("nightstand") if rng.random() < 0.6 else None
        if table is None or float(table.size[2]) > 0.8:
            continue
        offset = side * (prop.size[0] + table.size[0] + 0.1) / 2
        where = item.pose @ pose(float(offset), float(prop.size[1] - table.size[1]) / 2)
        if _claimed(room.plan, where, table):
            stood = room.stand(table, where)
            lamp = room.assets.of(rng, "table lamp") if rng.random() < 0.6 else None
            placed = None if lamp is None else rest_on(rng, stood, lamp)
            if placed is not None:
                room.items.append(placed)
    for _ in range(int(rng.integers(0, 4))):
        laid = rest_on(rng, item, _cloth(rng, room), 0.12)
        if laid is not None:
            room.items.append(laid)


def _cloth(rng: Rng, room: Furnishing) -> Prop:
    """A garment, folded cover or cushion that lies about."""
    found = room.assets.of(rng, "clothes") if rng.random() < 0.5 else None
    if found is not None:
        return found
    size = rng.uniform((0.3, 0.3, 0.03), (0.7, 0.6, 0.16))
    return Prop("cloth", [upholstery(rng, room.assets.library, meshes.rounded_box(size, float(size[2]) * 0.45))], OBJECT)


def seating(room: Furnishing) -> None:
    """A sofa at the wall or in the room, a low table before it, at times on a rug, and armchairs facing it."""
    rng = room.rng
    sofa = room.piece("sofa", "sofa", "armchair")
    item = room.by_wall(sofa) if rng.random() < 0.8 else room.free(sofa)
    if item is None or sofa is None:
        return
    table = room.piece("coffee table")
    if table is not None and rng.random() < 0.75:
        gap = float(sofa.size[1] + table.size[1]) / 2 + float(rng.uniform(0.25, 0.5))
        where = item.pose @ pose(float(rng.normal(0, 0.15)), -gap, 0.0, float(rng.normal(0, 0.08)))
        if _claimed(room.plan, where, table):
            room.stand(table, where)
    for side in (-1, 1):
        chair = room.piece("armchair") if rng.random() < 0.45 else None
        if chair is not None:
            x = side * (float(sofa.size[0]) / 2 + float(rng.uniform(0.2, 0.6)))
            where = item.pose @ pose(x, -float(rng.uniform(1.0, 1.7)), 0.0, -side * math.pi / 2 + float(rng.normal(0, 0.3)))
            if _claimed(room.plan, where, chair):
                room.stand(chair, where)
    for _ in range(int(rng.integers(0, 4))):
        size = float(rng.uniform(0.35, 0.5))
        cushion = meshes.rounded_box((size, size, 0.15), 0.07).turned(meshes.rotation_x(float(rng.uniform(0.0, 1.2))))
        laid = rest_on(rng, item, Prop("cushion", [upholstery(rng, room.assets.library, cushion)], OBJECT), 0.25)
        if laid is not None:
            room.items.append(laid)


def television(room: Furnishing) -> None:
    """A low board at the wall with a television on it."""
    stand = room.piece("tv stand")
    item = room.by_wall(stand)
    screen = room.assets.of(room.rng, "tv")
    if item is not None and stand is not None and not stand.holds and screen is not None and float(stand.size[2]) < 0.9:
        where = item.pose @ pose(0.0, 0.0, float(stand.size[2]))
        room.items.append(screen.at(where))


def workplace(room: Furnishing) -> None:
    """A desk with a screen and what belongs to it, its chair drawn up."""
    rng, library = room.rng, room.assets.library
    if rng.random() < 0.3:
        desk: Prop | None = furnished.workplace(rng, library)
    else:
        desk = room.piece("desk", "desk", "table")
    item = room.by_wall(desk)
    if item is None or desk is None:
        return
    if not desk.holds and float(desk.size[2]) < 0.85:
        top, depth = float(desk.size[2]) + 0.001, float(desk.size[1])
        for k in range(int(rng.choice([0, 1, 1, 2]))):
            found = room.assets.of(rng, "computer", "tv") if rng.random() < 0.4 else None
            screen = monitor(rng, library) if found is None else found
            where = item.pose @ pose(0.5 * k - 0.1, depth * 0.15, top, float(rng.normal(0, 0.2)))
            room.items.append(screen.at(where))
        room.items.append(keyboard(rng, library).at(item.pose @ pose(0.0, -depth * 0.22, top, float(rng.normal(0, 0.1)))))
    chair = room.piece("office chair", "office chair", "chair")
    if chair is not None and rng.random() < 0.85:
        # It looks at the desk, back to the room, and may be pushed under it.
        away = float(desk.size[1]) / 2 + float(rng.uniform(0.0, 0.5))
        room.stand(chair, item.pose @ pose(float(rng.normal(0, 0.12)), -away, 0.0, math.pi + float(rng.normal(0, 0.5))), carries=False)


def desk_rows(room: Furnishing) -> None:
    """Desks of one kind in rows with a chair each, as in classrooms and open offices."""
    rng = room.rng
    desk, chair = room.piece("desk", "table"), room.piece("chair", "office chair")
    if desk is None or chair is None:
        return
    pitch = (float(desk.size[0]) + float(rng.uniform(0.1, 0.9)), float(desk.size[1]) + float(rng.uniform(0.8, 1.3)))
    counts = [max(int((2 * h - 0.6) / p), 1) for h, p in zip(room.plan.half, pitch, strict=True)]
    for i in range(min(counts[0], 4)):
        for j in range(min(counts[1], 4)):
            x, y = ((k - (n - 1) / 2) * p for k, n, p in zip((i, j), counts, pitch, strict=True))
            where = pose(float(x), float(y), 0.0, float(rng.normal(0, 0.03)))
            if _claimed(room.plan, where, desk):
                room.stand(desk, where)
                seat = where @ pose(float(rng.normal(0, 0.1)), -float(desk.size[1]) / 2 - 0.15, 0.0, math.pi + float(rng.normal(0, 0.3)))
                room.stand(chair, seat, carries=False)


def dining(room: Furnishing) -> None:
    """A table with like chairs around it, facing it."""
    rng = room.rng
    table, chair = room.piece("table", "table", "round table"), room.piece("chair", "chair", "stool")
    if table is None or chair is None:
        return
    w, d = (float(v) for v in table.size[:2])
    yaw = float(rng.choice([0.0, math.pi / 2])) + float(rng.normal(0, 0.06))
    reach = (w, d + 0.9) if abs(math.cos(yaw)) > 0.7 else (d + 0.9, w)
    for _ in range(10):
        x, y = (float(rng.uniform(-max(h - r / 2, 0), max(h - r / 2, 0))) for h, r in zip(room.plan.half, reach, strict=True))
        if room.plan.claim(x, y, *reach):
            break
    else:
        return
    where = pose(x, y, 0.0, yaw)
    room.stand(table, where)
    count = max(int(w / 0.65), 1)
    for side in (-1, 1):
        for k in range(count):
            if rng.random() < 0.8:
                along = (k + 0.5) * w / count - w / 2 + float(rng.normal(0, 0.04))
                away = side * (d / 2 + float(rng.uniform(-0.05, 0.35)))
                turn = (0.0 if side > 0 else math.pi) + float(rng.normal(0, 0.2))
                room.stand(chair, where @ pose(along, away, 0.0, turn), carries=False)


def mirror(room: Furnishing) -> None:
    """A mirror or cupboard with a shelf above a washbasin."""
    rng = room.rng
    basins = [item for item in room.items if item.name in ("washbasin", "vanity")]
    for item in basins:
        low, high = item.bounds()
        size = (high - low)[:2]
        depth = float(size.min())
        if high[2] > 1.3:
            continue
        w = float(rng.uniform(0.4, 0.7))
        pane = meshes.box((w, 0.03, float(rng.uniform(0.5, 0.9))), (0, depth / 2 - 0.02, float(high[2]) - float(item.pose[2, 3]) + 0.25))
        sheet = Part(pane, room.assets.library.pick(rng, "shaded"), (0.75, 0.8, 0.82), gloss=0.9)
        room.items.append(Item([sheet], item.pose, OBJECT, "mirror", casts=False))


def _claimed(plan: Plan, where: meshes.Array, prop: Prop) -> bool:
    """Whether the prop's place at a pose lies within the walls and was free; it is taken then."""
    c, s = abs(float(where[0, 0])), abs(float(where[1, 0]))
    w, d = (float(v) for v in prop.size[:2])
    x, y, size = float(where[0, 3]), float(where[1, 3]), (c * w + s * d, s * w + c * d)
    inside = all(abs(a) + extent / 2 <= half for a, extent, half in zip((x, y), size, plan.half, strict=True))
    return inside and plan.claim(x, y, *size)


GROUPS: dict[str, Callable[[Furnishing], None]] = {
    "kitchen": kitchen,
    "second kitchen": kitchen,
    "bed": bed,
    "second bed": bed,
    "seating": seating,
    "second seating": seating,
    "television": television,
    "workplace": workplace,
    "second workplace": workplace,
    "third workplace": workplace,
    "desk rows": desk_rows,
    "dining": dining,
    "mirror": mirror,
}
"""Arrangements by the names that room_functions uses."""
