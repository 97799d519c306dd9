"""Furniture keeps apart and inside, and small things rest on surfaces."""

import numpy as np
import pytest

from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.objects.placement import Plan, rest_on
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.scene import FURNITURE, OBJECT, Item, Part, pose


def test_plan_keeps_furniture_apart_and_inside():
    plan, rng = Plan((2.0, 1.5)), np.random.default_rng(3)
    prop = Prop("box", [Part(meshes.box((0.8, 0.5, 1.0)))], FURNITURE)
    items = [item for item in (plan.by_wall(rng, prop) for _ in range(12)) if item is not None]
    bounds = [item.bounds() for item in items]
    assert len(items) >= 4
    for k, (low, high) in enumerate(bounds):
        assert (low[:2] > (-2.02, -1.52)).all() and (high[:2] < (2.02, 1.52)).all()
        # The back stands within 15 cm of a wall.
        assert min(2.0 - high[0], low[0] + 2.0, 1.5 - high[1], low[1] + 1.5) < 0.15
        for other_low, other_high in bounds[:k]:
            assert (np.minimum(high, other_high) - np.maximum(low, other_low))[:2].min() < 0.03


def test_things_rest_on_the_surface_and_never_over_its_edge():
    table, rng = Item([Part(meshes.box((1.0, 0.6, 0.7)))], pose(3, 2), FURNITURE), np.random.default_rng(0)
    cup = Prop("cup", [Part(meshes.cylinder(0.05, 0.1))], OBJECT)
    for _ in range(10):
        low, high = rest_on(rng, table, cup).bounds()
        assert low[2] == pytest.approx(0.701, abs=1e-4)
        assert (low[:2] > (2.48, 1.68)).all() and (high[:2] < (3.52, 2.32)).all()
    assert rest_on(rng, table, Prop("slab", [Part(meshes.box((2, 2, 0.1)))], OBJECT)) is None
