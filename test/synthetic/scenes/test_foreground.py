"""What is put into a view: where it fits, and in colours that are hard to see."""

import numpy as np
import pytest

from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.scene import OBJECT, Part
from mtdense_ros.synthetic.scenes.foreground import Surface, camouflaged

BOX = Prop("box", [Part(meshes.box((0.1, 0.1, 0.1)), 7, (1.0, 0.0, 0.0)), Part(meshes.box((0.1, 0.1, 0.1)), 3)], OBJECT)


def test_camouflaged_takes_the_colour_beneath():
    prop = camouflaged(np.random.default_rng(0), BOX, np.array([0.5, 0.4, 0.3], np.float32))
    for part in prop.parts:
        assert part.layer == 0
        assert part.tint == pytest.approx((0.5, 0.4, 0.3), abs=0.12)
    assert BOX.parts[0].tint == (1.0, 0.0, 0.0)


def test_things_fit_on_free_level_ground_only():
    """A metre of floor at z = 0 with a wall of points over x > 0.3."""
    x, y = (a.reshape(-1) for a in np.mgrid[-0.5:0.5:21j, -0.5:0.5:21j])
    z = np.where(x > 0.3, 0.5, 0.0)
    points = np.stack([x, y, z], 1).astype(np.float32)
    surface = Surface(points, z == 0, np.ones(len(x), np.float32), np.ones_like(points))
    assert surface.fits(np.array([0.0, 0.0, 0.0], np.float32), BOX)
    assert not surface.fits(np.array([0.3, 0.0, 0.0], np.float32), BOX)
    assert not surface.fits(np.array([0.0, 0.0, 0.2], np.float32), BOX)
