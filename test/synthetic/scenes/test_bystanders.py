"""People close to the camera: within reach, before it, and never inside or behind what is seen."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from mtdense_ros.synthetic.rendering import camera
from mtdense_ros.synthetic.rendering.textures import TextureLibrary
from mtdense_ros.synthetic.scenes.bystanders import REACH, bystanders
from mtdense_ros.synthetic.scenes.foreground import Surface

EYE = (1.0, 2.0, 1.2)


@pytest.fixture(scope="module")
def stock():
    return SimpleNamespace(library=TextureLibrary(32), of=lambda *_: None)


def wall(distance):
    """The points of a wall across the view of a camera at EYE that looks along +Y."""
    x, z = (a.reshape(-1) for a in np.mgrid[-3:5:161j, 0:2.5:51j])
    points = np.stack([x, np.full_like(x, EYE[1] + distance), z], 1).astype(np.float32)
    return Surface(points, np.zeros(len(x), bool), np.full(len(x), distance, np.float32), np.ones_like(points))


def feet(items):
    return np.array([item.pose[:2, 3] for item in items if item.name == "person"])


@pytest.mark.parametrize("distance", [1.5, 4.0])
def test_bystanders_stand_between_the_camera_and_the_wall(stock, distance):
    lens = camera.intrinsics((48, 64), 60.0)
    view = camera.view(lens, EYE, math.pi / 2, -0.2)
    found = []
    for seed in range(20):
        groups = bystanders(np.random.default_rng(seed), stock, wall(distance), view)
        assert 1 <= len(groups) <= 3
        found += [item for group in groups for item in group]
    away = feet(found) - EYE[:2]
    assert (away[:, 1] > 0.3).all() and (away[:, 1] < distance - 0.25).all()
    reach = np.hypot(*away.T)
    assert (reach >= REACH[0]).all() and (reach <= REACH[1]).all()
    # Right of the picture is +X here; the outermost stand a little beyond its edge, which is at tan 30 degrees.
    assert np.abs(away[:, 0] / away[:, 1]).max() <= 1.16 * math.tan(math.radians(30))
    assert away[:, 0].min() < 0 < away[:, 0].max()
    assert {item.name for item in found} == {"person", "seat"}


def test_no_bystander_where_the_wall_is_within_arms_reach(stock):
    view = camera.view(camera.intrinsics((48, 64), 60.0), EYE, math.pi / 2, 0.0)
    assert all(not bystanders(np.random.default_rng(seed), stock, wall(0.5), view) for seed in range(5))
