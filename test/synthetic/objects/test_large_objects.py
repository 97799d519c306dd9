"""Large things to bring in: as large as said, standing on the ground."""

from types import SimpleNamespace

import numpy as np

from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.objects.large_objects import ON_FLOORS, ON_TABLES, bulky, suitcase
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.scene import FURNITURE, OBJECT, Part
from mtdense_ros.synthetic.rendering.textures import TextureLibrary

LIBRARY = TextureLibrary(32)
# Cardboard is a photograph, which this test does without.
LIBRARY.kinds["cardboard"] = [0]
BOX = Prop("box", [Part(meshes.box((0.5, 0.5, 0.5)))], OBJECT)
ASSETS = SimpleNamespace(library=LIBRARY, pick=lambda role, rng: BOX)


def lowest(prop):
    return min(float(part.mesh.positions[:, 2].min()) for part in prop.parts)


def test_things_for_tables_have_the_stated_extents():
    extents = [float(bulky(np.random.default_rng(seed), ASSETS, 0.3).size.max()) for seed in range(60)]
    assert min(extents) >= ON_TABLES[0] - 1e-5 and max(extents) <= ON_TABLES[1] + 1e-5
    assert min(extents) < 0.2 and max(extents) > 0.36


def test_things_for_floors_are_boxes_cases_and_seats():
    props = [bulky(np.random.default_rng(seed), ASSETS, 2.0) for seed in range(80)]
    assert {prop.label for prop in props} == {OBJECT, FURNITURE}
    assert {"suitcase", "carton", "chair", "box"} <= {prop.name for prop in props}
    assert all(ON_FLOORS[0] - 1e-5 <= prop.size.max() <= 2.0 for prop in props if prop.name != "suitcase")


def test_a_suitcase_stands_on_its_wheels_and_its_handle_is_above():
    for seed in range(5):
        prop = suitcase(np.random.default_rng(seed), LIBRARY)
        assert lowest(prop) == 0.0 and 0.5 < prop.size[2] < 1.35
        assert prop.parts[2].mesh.bounds()[1, 2] > prop.parts[0].mesh.bounds()[1, 2]
