"""The floor plane on ray-cast scenes with a known answer."""

import numpy as np
import pytest

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.geometry.depth import RayTable, depth_to_points
from mtdense_ros.geometry.ground_plane import ground_plane, plane_of_points, spread_pixels

CAMERA = Intrinsics(width=160, height=120, fx=130.0, fy=130.0, cx=79.5, cy=59.5)
HEIGHT = 0.4


def floor_normal(pitch_deg):
    """Upwards, for a camera that looks down by pitch_deg."""
    pitch = np.radians(pitch_deg)
    return np.array([0, -np.cos(pitch), -np.sin(pitch)])


def room(pitch_deg=10.0, wall_m=3.0, noise=0.0):
    """Depth of a floor and a wall wall_m ahead in z, and which pixels are floor."""
    rays = RayTable.of(CAMERA)
    normal = floor_normal(pitch_deg)
    slope = -(normal[0] * rays.x + normal[1] * rays.y + normal[2])
    floor = np.where(slope > 0, HEIGHT / np.maximum(slope, 1e-6), np.inf)
    depth = np.minimum(floor, wall_m) * (1 + noise * np.random.default_rng(0).standard_normal(floor.shape))
    return depth.astype(np.float32), floor < wall_m


@pytest.mark.parametrize("pitch_deg", [0.0, 10.0, 40.0])
def test_plane_of_an_exact_floor(pitch_deg):
    depth, floor = room(pitch_deg)
    plane = ground_plane(depth_to_points(depth, CAMERA), floor)
    assert plane is not None
    np.testing.assert_allclose(plane.normal, floor_normal(pitch_deg), atol=1e-3)
    assert plane.height == pytest.approx(HEIGHT, rel=1e-3)
    assert plane.inlier_share == pytest.approx(1, abs=0.01)


def test_noise_and_outliers_do_not_move_the_plane():
    depth, floor = room(noise=0.01)
    depth[70:100, 20:60] = 0.5
    depth[100:, 100:] = np.nan
    plane = ground_plane(depth_to_points(depth, CAMERA), floor)
    assert plane is not None
    assert plane.height == pytest.approx(HEIGHT, rel=0.02)
    assert plane == ground_plane(depth_to_points(depth, CAMERA), floor)


def test_without_a_mask_the_lower_half_is_searched():
    depth, _ = room(pitch_deg=25.0)
    plane = ground_plane(depth_to_points(depth, CAMERA))
    assert plane is not None and plane.height == pytest.approx(HEIGHT, rel=1e-3)


def test_a_wall_is_no_floor():
    wall = np.full((120, 160), 2, np.float32)
    assert ground_plane(depth_to_points(wall, CAMERA)) is None


@pytest.mark.parametrize("slope", [(0.0, 0.0), (2e-3, 0.0), (-2e-3, 0.0), (0.0, 2e-3), (1e-3, -2e-3)])
def test_a_small_patch_of_a_wall_is_no_floor(slope):
    camera = Intrinsics(640, 480, 500.0, 500.0, 319.5, 239.5)
    down, right = np.mgrid[:480, :640]
    depth = (2 + slope[0] * (down - 310) + slope[1] * (right - 300)).astype(np.float32)
    patch = np.zeros(depth.shape, bool)
    patch[300:312, 295:306] = True
    plane = ground_plane(depth_to_points(depth, camera), patch)
    assert plane is None or plane.inlier_share < 0.5


def test_a_ceiling_is_no_floor():
    depth, floor = room()
    assert ground_plane(depth_to_points(depth[::-1].copy(), CAMERA), floor[::-1]) is None


def floor_points(pitch_deg):
    depth, floor = room(pitch_deg)
    return depth_to_points(depth, CAMERA)[floor].astype(np.float64)


def test_a_known_direction_restricts_the_plane():
    points = floor_points(20.0)
    near, far = floor_normal(15.0), floor_normal(-20.0)
    assert plane_of_points(points, max_tilt_deg=10.0, up=tuple(near)) is not None
    assert plane_of_points(points, max_tilt_deg=10.0, up=tuple(far)) is None


def test_a_camera_that_looks_straight_down_needs_to_know_it():
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 20), np.linspace(-0.4, 0.4, 20))
    points = np.stack([x, y, np.full_like(x, 1.5)], axis=-1).reshape(-1, 3)
    plane = plane_of_points(points, up=(0.0, 0.0, -1.0))
    assert plane is not None and plane.height == pytest.approx(1.5) and plane.normal == pytest.approx((0, 0, -1))
    assert plane_of_points(points) is None


def test_pixels_are_spread_evenly_and_no_more_than_asked_for():
    usable = np.zeros((100, 50), bool)
    usable[10:90] = True
    rows, columns = spread_pixels(usable, 1000)
    assert len(rows) == 1000 and usable[rows, columns].all()
    assert np.array_equal(np.bincount(rows // 10, minlength=10), [0, *[125] * 8, 0])
    assert [len(part) for part in spread_pixels(np.zeros((100, 50), bool), 10)] == [0, 0]
