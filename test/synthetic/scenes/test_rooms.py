"""Rooms of training: what is open can be looked through, and the sizes and directions are those meant."""

import math

import numpy as np
import pytest
from project import DATA

from mtdense_ros.errors import DependencyError
from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.objects.placement import Plan
from mtdense_ros.synthetic.rendering import camera
from mtdense_ros.synthetic.rendering.renderer import Renderer
from mtdense_ros.synthetic.rendering.scene import FLOOR, FURNITURE, WALL, Light, Lighting
from mtdense_ros.synthetic.scenes.doorways import Doorway, doorway, wall_mesh
from mtdense_ros.synthetic.scenes.interior import build_interior
from mtdense_ros.synthetic.scenes.room_contents import many_chairs
from mtdense_ros.synthetic.scenes.rooms import KINDS, _beside_wall, next_room, room
from mtdense_ros.synthetic.scenes.wall_fixtures import before_window
from mtdense_ros.synthetic.scenes.walls import THICK, Wall, walls

SIZE = (48, 64)
GAP = Doorway(0.7, 0.9, 2.0)


@pytest.fixture(scope="module")
def assets():
    if not (DATA / "assets_mit0").is_dir():
        pytest.skip(f"no models under {DATA}; set MTDENSE_DATA to the data folder")
    return Assets(DATA, texture_size=32)


def test_wall_with_an_opening_has_the_area_that_is_left():
    wall = Wall(0, 0, 0, 4.0, 2.5)
    for gap, area in ((None, 4.2 * 2.5), (GAP, 4.2 * 2.5 - 0.9 * 2.0)):
        mesh = wall_mesh(wall, gap)
        a, b, c = (mesh.positions[mesh.triangles[:, k]] for k in range(3))
        facing = mesh.normals[mesh.triangles[:, 0], 1] < -0.5
        assert np.linalg.norm(np.cross(b - a, c - a), axis=1)[facing].sum() / 2 == pytest.approx(area, rel=1e-5)


def test_doorways_fit_their_wall():
    rng = np.random.default_rng(0)
    for _ in range(50):
        gap = doorway(rng, Wall(0, 0, 0, 2.0, 2.4))
        assert gap is None or (abs(gap.s) + gap.width / 2 < 1.0 and 1.9 < gap.height < 2.4)
    assert doorway(rng, Wall(0, 0, 0, 0.8, 2.4)) is None


@pytest.mark.render
@pytest.mark.parametrize("side", range(4))
def testnext_room_is_seen_through_the_opening(assets, side):
    """From 2 m before each wall, through it (0.2 m) and at least 1.8 m beyond."""
    try:
        renderer = Renderer(SIZE, np.full((1, 4, 4, 3), 255, np.uint8))
    except DependencyError as error:
        pytest.skip(str(error))
    rng = np.random.default_rng(side)
    wall = walls((2.0, 2.0), 2.4)[side]
    shell = build_interior(rng, assets.library, (2.0, 2.0), 2.4, {side: GAP})
    items = [item for item in [*shell.items, *next_room(rng, assets, wall, GAP)] if item.label in (WALL, FLOOR)]
    view = camera.view(camera.intrinsics(SIZE, 60.0), wall.at(GAP.s, 1.0, 2.0), wall.yaw + np.pi / 2, 0.0)
    depth = renderer.render(items, view, Lighting([Light((0, 0, 2), (1, 1, 1))], (1, 1, 1), (1, 1, 1))).depth
    renderer.close()
    assert depth[24, 32] > 2.0 + 2 * THICK + 1.79
    # The opening is 0.9 m wide at 2 m: half of it spans 12 pixels of focal length 55, the wall is left and right of it.
    assert depth[24, [16, 48]] == pytest.approx(2.0, abs=1e-3)


@pytest.mark.slow
def test_rooms_are_of_the_stated_sizes_and_cameras_stand_inside(assets):
    widest = max(kind[2][1] for kind in KINDS.values()) / 2
    for seed in range(12):
        setting = room(np.random.default_rng(seed), assets, SIZE)
        low, high = next(item for item in setting.items if item.name == "floor").bounds()
        matrix = setting.view.world_to_camera
        eye = -matrix[:3, :3].T @ matrix[:3, 3]
        assert (high[:2] <= widest).all() and (low[:2] < eye[:2]).all() and (eye[:2] < high[:2]).all()
        assert 0.2 <= eye[2] <= 1.76
        assert len(setting.items) > 10


def test_cameras_beside_a_wall_look_along_it_and_a_little_toward_it():
    plan = Plan((2.0, 4.0), [(-2.0, -1.0, -1.5, 1.0)])
    turned = []
    for seed in range(60):
        x, y, yaw = _beside_wall(np.random.default_rng(seed), plan)
        assert not plan.occupied(x, y, 0.1)
        to_wall = min(2.0 - abs(x), 4.0 - abs(y))
        assert 0.25 < to_wall < 1.31
        # The wall beside is the one that is nearest, but for corners: the view turns toward it, and leaves it ahead.
        if abs(x) > 0.7 and abs(y) < 2.7:
            turned.append(math.degrees(math.asin(math.cos(yaw) * np.sign(x))))
    assert min(turned) >= 5 - 1e-6 and max(turned) <= 50 + 1e-6 and len(turned) > 10


@pytest.mark.slow
def test_many_chairs_are_of_one_kind_and_stand_apart(assets):
    plan = Plan((3.0, 3.0))
    chairs = many_chairs(np.random.default_rng(0), assets, plan)
    assert len(chairs) >= 6 and {item.label for item in chairs} == {FURNITURE}
    assert all(item.parts is chairs[0].parts for item in chairs)
    spots = np.array([item.pose[:2, 3] for item in chairs])
    apart = np.linalg.norm(spots[:, None] - spots[None], axis=-1) + 9 * np.eye(len(spots))
    assert apart.min() > 0.3


@pytest.mark.slow
def test_pictures_before_a_window_hang_in_front_of_its_frame(assets):
    wall = Wall(0, 2.0, 0, 4.0, 2.5)
    for seed in range(8):
        for item in before_window(np.random.default_rng(seed), assets.library, wall, 0.5, 1.5):
            low, high = item.bounds()
            # The wall is at y = 2 and the room at smaller y; a frame stands out by 42 mm.
            assert high[1] < 2.0 - 0.042 and low[2] > 0.8 and high[2] < 2.5
            assert low[0] > -0.3 and high[0] < 1.3
