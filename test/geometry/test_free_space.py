"""What is published as free, and what never is: holes, unknown depth, what has no label, and all behind them."""

import numpy as np
import pytest
from scene_of_boxes import CAMERA, CEILING, FLOOR, GROUND, HEIGHT_M, RAYS, WALL, view

from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.free_space import BIN, RING, clearing_points
from mtdense_ros.geometry.ground_plane import GroundPlane
from mtdense_ros.geometry.obstacles import ClassRoles, ObstacleLimits, SceneMaps
from mtdense_ros.imaging.label_spaces import load_label_space

ROLES = ClassRoles.of(load_label_space("indoor"))
REACH = 5.0
LIMITS = ObstacleLimits(0.1, 2.0, REACH, 0.0)
BOX = (-0.3, 0.3, 0.4, 2.0)


def free(depth, labels=None, limits=LIMITS, rays=RAYS, ground=GROUND):
    return clearing_points(SceneMaps(depth, rays, labels, None if labels is None else ROLES), ground, limits)


def along(points):
    return np.hypot(points[:, 0], points[:, 2])


def reach_ahead(points, angle=0.0):
    """How far it is free in a direction."""
    there = np.abs(np.arctan2(points[:, 0], points[:, 2]) - angle) < float(BIN) / 2
    return along(points[there]).max(initial=0.0)


def test_floor_is_free_up_to_a_wall():
    points = free(*view(wall_at=4.0))
    assert np.isfinite(points).all()
    assert np.allclose(points[:, 1], HEIGHT_M, atol=0.01)
    assert 3.7 < reach_ahead(points) < 4.0
    assert points[:, 2].max() < 4.0


def test_without_a_wall_points_at_reach_lie_on_the_rays_that_go_that_far():
    points = free(*view(wall_at=np.inf))
    far = points[along(points) > REACH - 1e-3]
    assert np.allclose(along(far), REACH, atol=1e-3) and (far[:, 1] < HEIGHT_M + 1e-3).all() and len(far) > 50
    angles = np.degrees(np.arctan2(far[:, 0], far[:, 2]))
    assert angles.min() < -30 and angles.max() > 30


def test_a_wall_beyond_reach_is_as_free_as_infinity():
    assert reach_ahead(free(*view(wall_at=7.0))) == pytest.approx(REACH, abs=1e-3)


def test_nothing_behind_a_box_is_free_though_rays_pass_over_it():
    points = free(*view(wall_at=np.inf, boxes=[BOX]))
    assert reach_ahead(points) < 2.0
    assert reach_ahead(points, np.radians(20)) == pytest.approx(REACH, abs=1e-3)


def test_a_hole_is_not_free_nor_is_anything_behind_it():
    for wall in (4.0, np.inf):
        points = free(*view(wall_at=wall, hole=(2.0, 2.6)))
        assert 1.7 < along(points).max() < 2.0 / np.cos(np.radians(33)) + 1e-6
        assert points[:, 2].max() < 2.0


def test_a_hole_without_a_bottom_is_not_free():
    depth, labels = view(wall_at=np.inf)
    depth[(depth > 2.0) & (depth < 2.6)] = np.inf
    assert free(depth, labels)[:, 2].max() < 2.0 + RING


def test_a_hole_is_seen_without_labels_and_under_any_label():
    depth, labels = view(wall_at=np.inf, hole=(2.0, 2.6))
    assert free(depth)[:, 2].max() < 2.0
    assert free(depth, np.full_like(labels, FLOOR))[:, 2].max() < 2.0


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_unknown_depth_is_not_free(value):
    depth, labels = view(wall_at=np.inf)
    depth[150:170, 150:170] = value
    points = free(depth, labels)
    foot = HEIGHT_M / RAYS.y[169, 0]
    limit = foot if np.isnan(value) else 0.0
    assert reach_ahead(points) <= limit
    assert reach_ahead(points, np.radians(20)) == pytest.approx(REACH, abs=1e-3)


def test_nothing_is_known_of_what_has_no_depth_at_all():
    _, labels = view()
    for value in (np.nan, -np.inf, np.inf):
        assert len(free(np.full(labels.shape, value, np.float32), labels)) == 0


def test_unlabelled_floor_is_not_free():
    depth, labels = view(wall_at=np.inf)
    labels[150:170, 150:170] = UNLABELLED
    assert reach_ahead(free(depth, labels)) < HEIGHT_M / RAYS.y[169, 0]


def test_an_unlabelled_distance_is_not_free():
    depth, labels = view(wall_at=np.inf)
    labels[depth * np.hypot(RAYS.x, 1) > REACH] = UNLABELLED
    assert not (free(depth, labels)[:, 1] < HEIGHT_M - 1e-3).any()


def test_what_is_not_the_floor_blocks_at_its_foot():
    depth, labels = view(wall_at=np.inf)
    labels[150:170, 150:170] = WALL
    assert reach_ahead(free(depth, labels)) < HEIGHT_M / RAYS.y[169, 0]


def test_a_lintel_above_the_robot_does_not_block():
    depth, labels = view(wall_at=np.inf)
    height = HEIGHT_M - RAYS.y * 3.0
    above = height > 1.2
    depth[above], labels[above] = 3.0, CEILING
    assert reach_ahead(free(depth, labels, ObstacleLimits(0.1, 1.0, REACH, 0.0))) == pytest.approx(REACH, abs=1e-3)
    assert reach_ahead(free(depth, labels)) < 3.0


def test_a_pitched_and_rolled_camera_sees_the_same():
    """The rays of the level camera expressed in a turned one: the points must turn with it."""
    pitch, roll = np.radians(20), np.radians(10)
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    turn = turn @ np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    depth, labels = view(wall_at=4.0, boxes=[BOX])
    rays = np.stack([RAYS.x, RAYS.y, np.ones_like(RAYS.x)], -1) @ turn.T
    turned = RayTable(*(np.ascontiguousarray(rays[..., k] / rays[..., 2], np.float32) for k in (0, 1)))
    normal = turn @ np.array(GROUND.normal)
    ground = GroundPlane(tuple(float(v) for v in normal), HEIGHT_M, 1.0)
    back = free((depth * rays[..., 2]).astype(np.float32), labels, rays=turned, ground=ground) @ turn
    level = free(depth, labels)
    assert abs(len(back) - len(level)) < 0.02 * len(level)
    assert reach_ahead(back) == pytest.approx(reach_ahead(level), abs=0.1)
    assert reach_ahead(back, np.radians(20)) == pytest.approx(reach_ahead(level, np.radians(20)), abs=0.1)


def test_points_are_thinned():
    depth, labels = view(wall_at=4.0)
    thinned = free(depth, labels, ObstacleLimits(0.1, 2.0, REACH, 0.1))
    assert 0 < len(thinned) < len(free(depth, labels)) / 2


def test_the_camera_of_the_reference_sees_what_the_tests_say():
    assert RAYS.y[0, 0] < 0 < RAYS.y[-1, 0] and CAMERA.width == RAYS.x.shape[1]
