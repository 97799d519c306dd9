"""The obstacle cloud: classes, height band, mask, reach, edges, and the marks of its points."""

import numpy as np
import pytest
from scene_of_boxes import GROUND, OBJECT, PERSON, RAYS, WALL, view

from mtdense_ros.datatypes import UNLABELLED, LabelClass, LabelSpace
from mtdense_ros.errors import ConfigError
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.ground_plane import GroundPlane
from mtdense_ros.geometry.obstacles import (
    OBSTACLE,
    OBSTACLE_FIELDS,
    ClassRoles,
    ObstacleLimits,
    SceneMaps,
    heights_above,
    obstacle_cloud,
)
from mtdense_ros.imaging.label_spaces import load_label_space

INDOOR = load_label_space("indoor")
ROLES = ClassRoles.of(INDOOR)
LIMITS = ObstacleLimits(0.1, 2.0, 5.0, 0.05)
BOX = (-0.3, 0.3, 0.4, 2.0)
"""Left, right, top and distance in m."""


def cloud_of(depth, labels=None, limits=LIMITS, ground=GROUND, roles=ROLES, **more):
    return obstacle_cloud(SceneMaps(depth, RAYS, labels, None if labels is None else roles, **more), ground, limits)


def heights_of(cloud):
    return 0.5 - cloud["y"]


def test_a_box_and_a_wall_in_the_band_of_heights():
    cloud = cloud_of(*view(boxes=[BOX]))
    assert np.isfinite(np.stack([cloud["x"], cloud["y"], cloud["z"]])).all()
    assert heights_of(cloud).min() >= 0.1 - 1e-5
    box, wall = cloud[cloud["label"] == OBJECT], cloud[cloud["label"] == WALL]
    assert len(box) + len(wall) == len(cloud) and np.allclose(box["z"], 2.0) and np.allclose(wall["z"], 4.0)
    assert box["x"].min() == pytest.approx(-0.3, abs=0.05) and box["x"].max() == pytest.approx(0.3, abs=0.05)
    assert heights_of(box).max() == pytest.approx(0.4, abs=0.05)


def test_a_low_ceiling_of_heights_cuts_the_wall():
    depth, labels = view(boxes=[BOX])
    assert heights_of(cloud_of(depth, labels, ObstacleLimits(0.1, 0.5, 5.0, 0.0))).max() <= 0.5 + 1e-5


def test_reach_is_the_distance_from_the_camera():
    cloud = cloud_of(*view(boxes=[BOX]), limits=ObstacleLimits(0.1, 2.0, 4.2, 0.0))
    assert np.linalg.norm(np.stack([cloud["x"], cloud["y"], cloud["z"]]), axis=0).max() <= 4.2
    assert (cloud["label"] == WALL).any()


def test_one_point_stays_per_voxel():
    cloud = cloud_of(*view(boxes=[BOX]))
    cells = {tuple(np.floor(np.array([p["x"], p["y"], p["z"]]) / np.float32(0.05)).astype(int)) for p in cloud}
    assert len(cells) == len(cloud) < len(cloud_of(*view(boxes=[BOX]), limits=ObstacleLimits(0.1, 2.0, 5.0, 0.0)))


def test_without_a_ground_plane_the_classes_decide():
    depth, labels = view(boxes=[BOX])
    labels[:10] = UNLABELLED
    cloud = cloud_of(depth, labels, ground=None)
    assert set(np.unique(cloud["label"])) == {WALL, OBJECT}
    assert heights_of(cloud).min() < 0.1  # the foot of the box, too


def test_what_has_no_label_counts_by_its_height():
    depth, labels = view(boxes=[BOX])
    labels[labels == OBJECT] = UNLABELLED
    box = (cloud := cloud_of(depth, labels))[cloud["label"] == UNLABELLED]
    assert len(box) and np.allclose(box["z"], 2.0)
    without = cloud_of(depth)
    assert (without["label"] == UNLABELLED).all() and np.allclose(np.unique(without["z"]), [2.0, 4.0])
    assert len(cloud_of(depth, ground=None)) == 0


def test_floor_that_is_foreground_and_stands_out_is_an_obstacle():
    depth, labels = view(boxes=[BOX])
    labels[labels == OBJECT] = 0
    assert not np.isclose(cloud_of(depth, labels)["z"], 2.0).any()
    cloud = cloud_of(depth, labels, foreground=depth == 2.0)
    box = cloud[np.isclose(cloud["z"], 2.0)]
    assert len(box) and (box["dynamic"] == 255).all()
    assert (cloud[~np.isclose(cloud["z"], 2.0)]["dynamic"] == 0).all()


def test_a_person_is_dynamic_without_a_mask():
    depth, labels = view(boxes=[BOX])
    labels[labels == OBJECT] = PERSON
    cloud = cloud_of(depth, labels)
    assert np.array_equal(cloud["dynamic"] > 0, cloud["label"] == PERSON) and (cloud["dynamic"] > 0).any()


def test_edge_pixels_are_left_out():
    depth, labels = view(boxes=[BOX])
    edges = np.isclose(depth, 2.0)
    assert not np.isclose(cloud_of(depth, labels, edges=edges)["z"], 2.0).any()


def test_unknown_depth_and_pixels_without_a_ray_give_no_point():
    depth, labels = view(boxes=[BOX])
    depth[labels == OBJECT] = np.resize([np.nan, np.inf, -np.inf], (labels == OBJECT).sum())
    cloud = cloud_of(depth, labels)
    assert set(np.unique(cloud["label"])) == {WALL}


def test_confidence_is_in_bytes():
    depth, labels = view()
    cloud = cloud_of(depth, labels, confidence=np.full(depth.shape, 0.8, np.float32))
    assert (cloud["confidence"] == 204).all() and (cloud_of(depth, labels)["confidence"] == 0).all()


def test_classes_by_name():
    depth, labels = view(boxes=[BOX])
    assert set(np.unique(cloud_of(depth, labels, roles=ClassRoles.of(INDOOR, ("object",)))["label"])) == {OBJECT}
    with pytest.raises(ConfigError, match="points.obstacle_classes: 'wal' is no class.*did you mean 'wall'"):
        ClassRoles.of(INDOOR, ("wal",))


def test_roles_are_the_flags():
    space = LabelSpace("s", (LabelClass(0, "a", (0, 0, 0), traversable=True), LabelClass(1, "b", (1, 0, 0), obstacle=True, dynamic=True)))
    roles = ClassRoles.of(space)
    assert [t[:3].tolist() for t in (roles.obstacle, roles.traversable, roles.dynamic)] == [[0, 1, 0], [1, 0, 0], [0, 1, 0]]


def test_the_layout_is_that_of_the_fields():
    assert OBSTACLE.itemsize == 16
    offsets = {name: OBSTACLE.fields[name][1] for name in OBSTACLE.names if name != "padding"}
    assert offsets == {name: offset for name, offset, _, _ in OBSTACLE_FIELDS}


def test_heights_above_a_tilted_plane():
    plane = GroundPlane((0.0, -0.8, 0.6), 0.5, 1.0)
    rays = RayTable(np.array([[0.0, 1.0]], np.float32), np.array([[0.5, -0.5]], np.float32))
    assert np.allclose(heights_above(plane, np.array([[2.0, np.inf]], np.float32), rays), [[0.5 + 0.6 * 2 - 0.8 * 1.0, np.inf]])


def test_subsampling_keeps_pixels_together():
    depth, labels = view(boxes=[BOX])
    maps = SceneMaps(depth, RAYS, labels, ROLES, edges=depth > 3).subsampled(100)
    assert maps.depth.shape == (80, 107) and maps.confidence is None
    assert np.array_equal(maps.labels, labels[::3, ::3]) and np.array_equal(maps.edges, maps.depth > 3)
    assert np.array_equal(maps.rays.y, RAYS.y[::3, ::3])
    assert maps.subsampled(1000).depth.shape == maps.depth.shape
