"""Somebody for a scene: a clothed model of a furniture library where there is one, else a figure put together from parts."""

from __future__ import annotations

import numpy as np

from mtdense_ros.synthetic.objects.assets import Assets, Prop
from mtdense_ros.synthetic.objects.capsule_people import person
from mtdense_ros.synthetic.objects.people import figure

Rng = np.random.Generator

_FROM_LIBRARY = 0.7
"""Share of clothed models; the rest are figures, whose postures never repeat."""


def standing(rng: Rng, assets: Assets) -> Prop:
    """Somebody who stands or walks, feet on the floor, facing -Y, of any height between a child's and a tall man's."""
    found = assets.of(rng, "person standing") if rng.random() < _FROM_LIBRARY else None
    if found is not None:
        return _resized(rng, found)
    return person(rng, assets.library) if rng.random() < 0.1 else figure(rng, assets.library)


def sitting(rng: Rng, assets: Assets) -> Prop:
    """Somebody who sits as on a chair, around the origin, facing -Y."""
    found = assets.of(rng, "person sitting") if rng.random() < _FROM_LIBRARY else None
    return _resized(rng, found, 0.04) if found is not None else figure(rng, assets.library, seated=True)


def lying(rng: Rng, assets: Assets) -> Prop | None:
    """Somebody who lies or sits on the ground, where a library has one."""
    found = assets.of(rng, "person lying", "person on floor")
    return _resized(rng, found, 0.05) if found is not None else None


def _resized(rng: Rng, prop: Prop, spread: float = 0.06) -> Prop:
    factor = float(np.clip(rng.normal(1.0, spread), 0.85, 1.12))
    wide = factor * float(np.clip(rng.normal(1.0, 0.04), 0.9, 1.1))
    return prop.scaled((wide, wide, factor))
