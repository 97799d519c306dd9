"""The tracked ground plane: smoothed, kept without a floor, replaced when another one stays."""

import math

import numpy as np
import pytest
from scene_of_boxes import FLOOR, HEIGHT_M, RAYS, view

from mtdense_ros.datatypes import CameraMount
from mtdense_ros.geometry.camera_mount import pitched_mount
from mtdense_ros.geometry.ground_tracker import PERSISTENCE, GroundTracker, ground_of_mount


def seen(scale=1.0):
    depth, labels = view()
    return depth * np.float32(scale), RAYS, labels == FLOOR


def test_the_plane_of_a_level_camera():
    plane = GroundTracker().update(*seen())
    assert plane.height == pytest.approx(HEIGHT_M, rel=1e-3) and np.allclose(plane.normal, (0, -1, 0), atol=1e-3)


def test_the_last_good_plane_is_kept_while_no_floor_is_seen():
    tracker = GroundTracker()
    plane = tracker.update(*seen())
    depth, rays, floor = seen()
    assert tracker.update(depth, rays, np.zeros_like(floor)) is plane
    tracker.reset()
    assert tracker.update(depth, rays, np.zeros_like(floor)) is None


def test_heights_are_smoothed():
    tracker = GroundTracker()
    tracker.update(*seen())
    assert tracker.update(*seen(1.1)).height == pytest.approx(HEIGHT_M * 1.03, rel=1e-3)


def test_another_plane_takes_over_only_when_it_stays():
    tracker = GroundTracker()
    tracker.update(*seen())
    for _ in range(PERSISTENCE - 1):
        assert tracker.update(*seen(2.0)).height == pytest.approx(HEIGHT_M, rel=1e-3)
    tracker.update(*seen())
    for _ in range(PERSISTENCE - 1):
        tracker.update(*seen(2.0))
    assert tracker.plane.height == pytest.approx(HEIGHT_M, rel=1e-3)
    assert tracker.update(*seen(2.0)).height == pytest.approx(2 * HEIGHT_M, rel=1e-3)


def test_floor_pixels_that_are_no_plane_are_not_taken():
    depth, rays, floor = seen()
    noise = np.random.default_rng(0).uniform(0.3, 3.0, depth.shape).astype(np.float32)
    assert GroundTracker().update(depth * noise, rays, floor) is None


def test_the_ground_below_a_known_mount():
    plane = ground_of_mount(pitched_mount(1.2, 30.0))
    assert plane.height == 1.2
    at_axis = 1.2 / math.sin(math.radians(30))
    assert math.isclose(np.dot(plane.normal, (0.0, 0.0, at_axis)) + plane.height, 0, abs_tol=1e-9)
    assert ground_of_mount(CameraMount(1.2)) is None
