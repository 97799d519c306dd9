"""The renderer against scenes worked out by hand, and the pairs that training takes from it."""


import numpy as np
import pytest
from project import DATA

from mtdense_ros.errors import ConfigError, DependencyError
from mtdense_ros.synthetic.demo_sequence import SEED
from mtdense_ros.synthetic.generate import generate
from mtdense_ros.synthetic.objects.catalogue import HELD_OUT
from mtdense_ros.synthetic.pairs import HELD_OUT_SEEDS, PairRenderer, labels_of
from mtdense_ros.synthetic.rendering import camera, meshes
from mtdense_ros.synthetic.rendering.renderer import Renderer
from mtdense_ros.synthetic.rendering.scene import FLOOR, FURNITURE, OBJECT, Item, Light, Lighting, Part, pose

pytestmark = pytest.mark.render

SIZE = (48, 64)
OVERHEAD = Light((2.0, 0.0, 3.0), (1.0, 1.0, 1.0), 2.5, True, (2.0, 0.1, 0.0), (2.0, 2.0), 0.004)
LIGHTING = Lighting([OVERHEAD], (0.2, 0.2, 0.2), (0.2, 0.2, 0.2))
WALL_BOX = Item([Part(meshes.box((1.0, 20.0, 20.0)), tint=(0.8, 0.4, 0.2))], pose(4.5, 0, -10), FURNITURE)
GROUND = Item([Part(meshes.box((40.0, 40.0, 1.0)))], pose(0, 0, -1), FLOOR, casts=False)
CUBE = Item([Part(meshes.box((0.5, 0.5, 0.5)))], pose(2.25, 0, 0.75), OBJECT)


@pytest.fixture(scope="module")
def renderer():
    try:
        made = Renderer(SIZE, np.full((1, 4, 4, 3), 255, np.uint8))
    except DependencyError as error:
        pytest.skip(str(error))
    yield made
    made.close()


@pytest.fixture(scope="module")
def pairs(renderer):
    if not (DATA / "assets_mit0").is_dir():
        pytest.skip(f"no models under {DATA}; set MTDENSE_DATA to the data folder")
    return PairRenderer(DATA, SIZE)


def level_view():
    """A camera 1 m up at the origin, looking along +X; 90 degrees wide, so that the focal length is 32 pixels."""
    return camera.view(camera.intrinsics(SIZE, 90.0), (0.0, 0.0, 1.0), 0.0, 0.0)


def test_wall_has_its_distance_normal_and_label_everywhere(renderer):
    seen = renderer.render([WALL_BOX], level_view(), LIGHTING)
    np.testing.assert_allclose(seen.depth, 4.0, atol=1e-4)
    np.testing.assert_allclose(seen.normals, np.broadcast_to([0.0, 0.0, -1.0], (*SIZE, 3)), atol=1e-5)
    assert (labels_of(seen, [WALL_BOX]) == FURNITURE).all()


def test_ground_depth_follows_its_row(renderer):
    """A ray through row v falls (v - cy) / fy per metre, so that it meets the ground 1 m below at fy / (v - cy) metres."""
    seen = renderer.render([GROUND], level_view(), LIGHTING)
    rows = np.arange(28, 48)
    np.testing.assert_allclose(seen.depth[28:], np.broadcast_to((32 / (rows - 23.5))[:, None], (20, 64)), rtol=1e-4)
    np.testing.assert_allclose(seen.normals[28:], np.broadcast_to([0.0, -1.0, 0.0], (20, 64, 3)), atol=1e-5)
    assert (seen.depth[:23] == 0).all() and (seen.instances[:23] == 0).all() and (seen.normals[:23] == 0).all()


def test_foreground_covers_the_projected_cube_and_only_the_frame(renderer):
    empty = renderer.render([WALL_BOX], level_view(), LIGHTING)
    full = renderer.add_foreground([CUBE])
    assert (empty.instances == 1).all()
    # The near face is 0.5 m wide at 2 m: 8 pixels around the optical axis at (31.5, 23.5).
    expected = np.zeros(SIZE, bool)
    expected[20:28, 28:36] = True
    np.testing.assert_array_equal(full.instances == 2, expected)
    np.testing.assert_allclose(full.depth[expected], 2.0, atol=1e-4)
    np.testing.assert_allclose(full.depth[~expected], 4.0, atol=1e-4)


def test_shadow_comes_with_the_foreground_and_goes_with_it(renderer):
    view = camera.view(camera.intrinsics(SIZE, 60.0), (0.0, 0.0, 1.2), 0.0, -0.5)
    empty = renderer.render([GROUND], view, LIGHTING)
    full = renderer.add_foreground([CUBE])
    again = renderer.render([GROUND], view, LIGHTING)
    np.testing.assert_array_equal(empty.image, again.image)
    # The light is 3 m above x = 2; the cube's underside at 0.75 m throws its shadow below itself.
    x, y, z = view.world_to_camera[:3, :3] @ [2.3, 0.0, 0.0] + view.world_to_camera[:3, 3]
    i = view.intrinsics
    row, column = round(float(i.fy * y / z + i.cy)), round(float(i.fx * x / z + i.cx))
    assert full.instances[row, column] == 1, "the ground there is in view"
    assert full.image[row, column].mean() < 0.75 * empty.image[row, column].mean()


def test_tint_is_what_the_camera_sees(renderer):
    seen = renderer.render([WALL_BOX], level_view(), LIGHTING).image.reshape(-1, 3).mean(0)
    assert seen[0] > 1.3 * seen[1] > 1.3 * 1.3 * seen[2]


def test_pair_depends_on_its_seed_alone(pairs):
    first, other, again = pairs.pair(7), pairs.pair(8), pairs.pair(7)
    for name in ("images", "depth", "labels", "normals", "foreground", "focal"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.images, other.images)


def test_pair_truth_is_consistent(pairs):
    for seed in range(20, 26):
        pair = pairs.pair(seed)
        there = pair.foreground.astype(bool)
        np.testing.assert_array_equal(pair.depth[0][~there], pair.depth[1][~there])
        np.testing.assert_array_equal(pair.labels[0][~there], pair.labels[1][~there])
        assert set(np.unique(pair.labels)) <= {*range(8), 255}
        length = np.linalg.norm(pair.normals.astype(float), axis=-1)[pair.depth > 0]
        assert np.abs(length - 127).max() < 1.5
        assert pair.images.std() > 5


def test_training_never_sees_what_is_held_out(pairs, tmp_path):
    assert not set(HELD_OUT) & set(pairs.assets.models)
    assert SEED in HELD_OUT_SEEDS
    with pytest.raises(ConfigError, match="held out"):
        pairs.pair(SEED)
    with pytest.raises(ConfigError, match="held out"):
        generate(tmp_path, DATA, pairs=500, seed=HELD_OUT_SEEDS.start - 400, workers=1)
