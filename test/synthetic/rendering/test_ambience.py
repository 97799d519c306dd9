"""Light of random rooms stays inside them and within what the renderer can shade."""

import numpy as np
import pytest

from mtdense_ros.synthetic.rendering.ambience import _cast, interior_lighting
from mtdense_ros.synthetic.rendering.lights import Opening
from mtdense_ros.synthetic.rendering.optics import ordered
from mtdense_ros.synthetic.rendering.scene import Light, Lighting

LOW, HIGH = (-2.0, -6.0, 0.0), (2.0, 6.0, 2.6)
WINDOW = Opening((2.0, 1.0, 1.4), (-1.0, 0.0), (0.6, 0.5))


def test_lights_hang_in_the_room_and_are_few_enough():
    for seed in range(40):
        lighting = interior_lighting(np.random.default_rng(seed), LOW, HIGH, [WINDOW])
        assert 1 <= len(ordered(lighting.lights)) <= 4
        for light in lighting.lights:
            if not light.confined:
                assert (np.asarray(light.position) >= LOW).all() and (np.asarray(light.position) <= HIGH).all()


def test_cast_multiplies_every_colour():
    lighting = _cast(Lighting([Light((0, 0, 2), (1.0, 2.0, 3.0))], (0.5, 0.5, 0.5), (0.1, 0.2, 0.3)), (2.0, 1.0, 0.5))
    assert lighting.lights[0].color == pytest.approx((2.0, 2.0, 1.5))
    assert lighting.sky == pytest.approx((1.0, 0.5, 0.25)) and lighting.ground == pytest.approx((0.2, 0.2, 0.15))
