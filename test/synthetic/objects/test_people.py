"""Figures of people: as tall as people, on their feet, and on the seat where they sit."""

import numpy as np
import pytest

from mtdense_ros.synthetic.objects.people import SEAT, arm, figure
from mtdense_ros.synthetic.objects.placement import heights_at
from mtdense_ros.synthetic.rendering.scene import PERSON, pose
from mtdense_ros.synthetic.rendering.textures import TextureLibrary


@pytest.fixture(scope="module")
def library():
    return TextureLibrary(32)


def bounds(prop):
    parts = [part.mesh.positions for part in prop.parts]
    return np.min([p.min(0) for p in parts], axis=0), np.max([p.max(0) for p in parts], axis=0)


def test_figures_stand_on_the_floor_and_are_as_tall_as_people(library):
    heights = []
    for seed in range(30):
        prop = figure(np.random.default_rng(seed), library)
        low, high = bounds(prop)
        assert prop.label == PERSON and abs(low[2]) < 0.01
        assert (high - low)[:2].max() < 1.6
        heights.append(high[2])
    assert min(heights) > 0.8 and 1.5 < np.median(heights) < 1.9 and max(heights) < 2.1


def test_seated_figures_rest_on_the_seat_with_their_feet_on_the_floor(library):
    for seed in range(10):
        item = figure(np.random.default_rng(seed), library, seated=True).at(pose())
        low, high = item.bounds()
        assert abs(low[2]) < 0.06 and 1.05 < high[2] < 1.6
        # Knees and feet are before the seat (-Y), and the body is above it.
        assert low[1] < -0.35
        assert heights_at(item, np.array([[0.0, 0.0]]))[0] > SEAT + 0.3


def test_one_seed_gives_one_figure(library):
    first, again = (figure(np.random.default_rng(3), library) for _ in range(2))
    for a, b in zip(first.parts, again.parts, strict=True):
        np.testing.assert_array_equal(a.mesh.positions, b.mesh.positions)
        assert (a.layer, a.tint) == (b.layer, b.tint)


def test_arm_has_its_hand_at_the_origin_and_comes_from_behind_and_above(library):
    for seed in range(6):
        low, high = bounds(arm(np.random.default_rng(seed), library))
        assert low[2] > -0.02 and -0.13 < low[1] < -0.05 and high[1] > 0.6 and high[2] > 0.1
