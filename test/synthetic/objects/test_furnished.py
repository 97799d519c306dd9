"""Procedural furniture and small things: on the floor, of plausible size, holding only objects."""

import numpy as np
import pytest

from mtdense_ros.synthetic.objects import everyday_objects, furnished
from mtdense_ros.synthetic.rendering.scene import FURNITURE, OBJECT, pose
from mtdense_ros.synthetic.rendering.textures import TextureLibrary


@pytest.fixture(scope="module")
def library():
    made = TextureLibrary(32)
    for kind in ("brick", "cardboard", "curtain"):
        made.kinds[kind] = [0]
    return made


@pytest.mark.parametrize("make", dict.fromkeys(furnished._BY_WALL + furnished._FREE), ids=lambda make: make.__name__)
def test_furniture_stands_on_the_floor_and_holds_objects(make, library):
    for seed in range(6):
        prop = make(np.random.default_rng(seed), library)
        low = np.min([part.mesh.positions.min(0) for part in prop.parts], axis=0)
        assert -0.02 < low[2] < 0.13
        assert 0.25 < prop.size.max() < 4.0
        assert prop.label == (OBJECT if prop.name == "tall plant" else FURNITURE)
        for item in prop.held(pose(1.0, 2.0)):
            bottom, top = item.bounds()
            assert item.label == OBJECT and bottom[2] > -0.01
            middle = (bottom + top)[:2] / 2 - (1.0, 2.0)
            assert (np.abs(middle) < prop.size[:2] / 2 + 0.1).all()


@pytest.mark.parametrize("make", [furnished.cushion, furnished.waste_bin])
def test_loose_objects_stand_on_their_base(make, library):
    for seed in range(6):
        prop = make(np.random.default_rng(seed), library)
        assert min(part.mesh.positions[:, 2].min() for part in prop.parts) == pytest.approx(0, abs=1e-5)
        assert prop.label == OBJECT and 0.2 < prop.size.max() < 0.7


def test_cushions_rest_on_the_seat_of_a_sofa(library):
    for seed in range(8):
        prop = furnished.cushioned_sofa(np.random.default_rng(seed), library)
        assert prop.holds
        assert all(0.3 < where[2, 3] < 1.0 for _, where in prop.holds)


@pytest.mark.parametrize("make", dict.fromkeys(everyday_objects.MAKERS), ids=lambda make: make.__name__)
def test_things_are_small_and_lie_on_their_base(make, library):
    for seed in range(6):
        parts = make(np.random.default_rng(seed), library)
        low = np.min([part.mesh.positions.min(0) for part in parts], axis=0)
        high = np.max([part.mesh.positions.max(0) for part in parts], axis=0)
        assert abs(low[2]) < 0.01 and 0.01 < (high - low).max() < 0.7


def test_shrunk_to_the_largest_extent(library):
    prop = furnished.ottoman(np.random.default_rng(0), library)
    assert prop.shrunk(0.2).size.max() == pytest.approx(0.2, rel=1e-4)
    assert prop.shrunk(5.0) is prop
