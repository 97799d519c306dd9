"""Rooms with a function: what stands in them faces the room, and stands nowhere twice."""

import math

import numpy as np
import pytest

from mtdense_ros.errors import DependencyError
from mtdense_ros.synthetic.objects.assets import Assets, Prop
from mtdense_ros.synthetic.objects.furniture_stock import FOLDER, HELD_OUT_LIBRARY
from mtdense_ros.synthetic.objects.placement import Plan
from mtdense_ros.synthetic.pairs import PairRenderer
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.scene import FURNITURE, PERSON, Part
from mtdense_ros.synthetic.rendering.textures import TextureLibrary
from mtdense_ros.synthetic.scenes.arrangements import dining, kitchen
from mtdense_ros.synthetic.scenes.furnishing import Furnishing
from mtdense_ros.synthetic.scenes.room_functions import FUNCTIONS


def block(name, size, elevation=0.0):
    return Prop(name, [Part(meshes.box(size))], FURNITURE, elevation=elevation)


class Boxes:
    """Assets that are boxes."""

    library = TextureLibrary(32)
    kinds = {
        "kitchen base": [block("kitchen base", (0.6, 0.6, 0.9))],
        "kitchen wall": [block("kitchen wall", (0.6, 0.4, 0.7), 1.45)],
        "table": [block("table", (1.4, 0.8, 0.75))],
        "chair": [block("chair", (0.4, 0.4, 0.9))],
    }

    def of(self, rng, *categories):
        props = [prop for category in categories for prop in self.kinds.get(category, ())]
        return props[int(rng.integers(len(props)))] if props else None


def furnished(make, half=(2.0, 2.5)):
    for seed in range(12):
        room = Furnishing(np.random.default_rng(seed), Boxes(), Plan(half))
        make(room)
        yield room


def test_kitchen_units_stand_side_by_side_with_their_backs_to_one_wall():
    runs = 0
    for room in furnished(kitchen):
        bases = [item for item in room.items if item.name == "kitchen base"]
        runs += len(bases) > 1
        for item in bases:
            x, y = item.pose[:2, 3]
            back = item.pose[:2, 1]
            # 0.3 m behind the middle, plus a centimetre, is the wall.
            reach = abs(np.array([x, y]) @ back)
            assert reach == pytest.approx((2.5 if abs(back[1]) > 0.5 else 2.0) - 0.31, abs=1e-4)
        spots = np.array([item.pose[:2, 3] for item in bases])
        if len(spots) > 1:
            assert len({item.pose[0, 1].round(3) for item in bases}) == 1
            assert min(math.dist(a, b) for k, a in enumerate(spots) for b in spots[:k]) == pytest.approx(0.6, abs=1e-4)
        for upper in (item for item in room.items if item.name == "kitchen wall"):
            assert upper.pose[2, 3] == pytest.approx(1.45) and np.abs(upper.bounds()[:, :2]).max() <= 2.5
    assert runs >= 3


def test_chairs_at_a_table_face_it():
    seen = 0
    for room in furnished(dining):
        tables = [item for item in room.items if item.name == "table"]
        for item in room.items:
            if item.name == "chair" and tables:
                seen += 1
                to_table = tables[0].pose[:2, 3] - item.pose[:2, 3]
                front = -item.pose[:2, 1]
                across = tables[0].pose[:2, 1]
                assert (front @ across) * (to_table @ across) > 0
    assert seen > 10


def test_shares_of_the_functions_sum_to_one():
    assert sum(function.share for function in FUNCTIONS.values()) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def pairs():
    """Small pairs of public packages alone."""
    if not FOLDER.is_dir():
        pytest.skip(f"no furniture libraries under {FOLDER}; apt install sweethome3d-furniture")
    assets = Assets(None, texture_size=32, furniture=FOLDER)
    try:
        renderer = PairRenderer(assets, (48, 64))
    except DependencyError as error:
        pytest.skip(str(error))
    return assets, [renderer.pair(seed) for seed in range(36)]


@pytest.mark.slow
def test_a_third_of_the_pairs_show_people_most_of_them_in_the_frame_alone(pairs):
    frame, background = (np.array([(pair.labels[view] == PERSON).mean() > 0.003 for pair in pairs[1]]) for view in (0, 1))
    assert 0.15 < frame.mean() < 0.6
    assert background.mean() < 0.6 * frame.mean()


@pytest.mark.slow
def test_training_shows_hundreds_of_models_and_none_that_is_held_out(pairs):
    assets = pairs[0]
    labels = [prop.label for props in assets.kinds.values() for prop in props]
    assert len(assets.credits) == len(labels) > 450 and labels.count(FURNITURE) > 120 and labels.count(PERSON) == 25
    assert HELD_OUT_LIBRARY not in {credit.library for credit in assets.credits}
