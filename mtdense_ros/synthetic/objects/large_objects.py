"""Large things that are brought in: seats, boxes, cases and bags in rooms, parcels and machines on tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mtdense_ros.synthetic.objects import furniture
from mtdense_ros.synthetic.objects.assets import Assets, Prop
from mtdense_ros.synthetic.objects.furnished import easy_chair, office_chair, ottoman, tall_plant
from mtdense_ros.synthetic.objects.small_objects import bag, bottle, carton, laptop, plant, table_lamp, toy
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.palette import tint
from mtdense_ros.synthetic.rendering.scene import OBJECT, Part
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary

Rng = np.random.Generator

ON_TABLES, ON_FLOORS = (0.14, 0.42), (0.35, 1.0)
"""Least and greatest extent in metres of what is made large."""

Maker = Callable[[Rng, TextureLibrary], list[Part]]
_OF_FLOORS: tuple[Maker, ...] = (carton, carton, bag, bag, toy, plant)
_OF_TABLES: tuple[Maker, ...] = (*_OF_FLOORS, carton, laptop, table_lamp, bottle)
_SEATS = (office_chair, office_chair, furniture.chair, furniture.chair, ottoman, easy_chair, tall_plant)


def bulky(rng: Rng, assets: Assets, largest: float) -> Prop:
    """A large thing for a table (largest < 1 metre) or a floor."""
    if largest < 1:
        return _grown(rng, assets.library, _OF_TABLES, ON_TABLES)
    draw = rng.random()
    if draw < 0.35:
        return _SEATS[int(rng.integers(len(_SEATS)))](rng, assets.library)
    if draw < 0.6:
        return assets.pick("floor", rng)
    return suitcase(rng, assets.library) if draw < 0.75 else _grown(rng, assets.library, _OF_FLOORS, ON_FLOORS)


def suitcase(rng: Rng, library: TextureLibrary) -> Prop:
    """A case on wheels with its handle drawn out or not."""
    w, d, h = rng.uniform((0.33, 0.2, 0.45), (0.52, 0.32, 0.75))
    shell = meshes.rounded_box((w, d, h), 0.05, (0, 0, 0.05))
    ribs = meshes.merge(meshes.box((0.015, d + 0.012, h * 0.85), (x * w, 0, 0.05 + h * 0.07)) for x in (-0.3, -0.1, 0.1, 0.3))
    wheels = [meshes.box((0.04, 0.05, 0.06), (x * w * 0.38, y * d * 0.35, 0)) for x in (-1, 1) for y in (-1, 1)]
    pull = rng.uniform(0.03, 0.45)
    bars = [meshes.box((0.02, 0.02, pull), (x * w * 0.25, d * 0.4, 0.05 + h)) for x in (-1, 1)]
    grip = meshes.box((w * 0.55, 0.03, 0.03), (0, d * 0.4, 0.05 + h + pull))
    layer, color = library.pick(rng, "cloth") if rng.random() < 0.4 else WHITE, tint(rng, 0.5, (0.05, 0.9))
    dark = Part(meshes.merge([*wheels, *bars, grip]), WHITE, tint(rng, 0.02, (0.03, 0.5)), gloss=0.5)
    return Prop("suitcase", [Part(shell, layer, color, 2.0, 0.3), Part(ribs, layer, color, 2.0, 0.3), dark], OBJECT)


def _grown(rng: Rng, library: TextureLibrary, makers: tuple[Maker, ...], extent: tuple[float, float]) -> Prop:
    """A thing of one of the makers, its pattern with it, made as large as drawn from `extent`."""
    make = makers[int(rng.integers(len(makers)))]
    prop = Prop(make.__name__, make(rng, library), OBJECT)
    factor = float(rng.uniform(*extent)) / float(prop.size.max())
    return replace(prop, parts=[replace(part, mesh=part.mesh.scaled(factor)) for part in prop.parts])
