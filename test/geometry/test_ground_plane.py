"""The floor plane and the scale from the camera's height, on ray-cast scenes with a known answer."""

import numpy as np
import pytest

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.geometry.depth import RayTable, depth_to_points
from mtdense_ros.geometry.ground_plane import camera_height_scale, ground_plane

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
def test_a_small_patch_of_a_wall_that_is_taken_for_floor_gives_no_scale(slope):
    camera = Intrinsics(640, 480, 500.0, 500.0, 319.5, 239.5)
    down, right = np.mgrid[:480, :640]
    depth = (2 + slope[0] * (down - 310) + slope[1] * (right - 300)).astype(np.float32)
    patch = np.zeros(depth.shape, bool)
    patch[300:312, 295:306] = True
    assert camera_height_scale(depth, RayTable.of(camera), patch, 1.0).scale is None


def test_a_ceiling_is_no_floor():
    depth, floor = room()
    assert ground_plane(depth_to_points(depth[::-1].copy(), CAMERA), floor[::-1]) is None


def test_scale_of_a_depth_that_is_twice_too_large():
    depth, floor = room()
    result = camera_height_scale(2 * depth, RayTable.of(CAMERA), floor, HEIGHT)
    assert result.scale == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("depth", "height", "reason"),
    [
        (np.full((120, 160), np.nan, np.float32), HEIGHT, "no floor plane"),
        (np.full((120, 160), 2, np.float32), HEIGHT, "no floor plane"),
        (room()[0], 0.0, "not positive"),
    ],
)
def test_no_scale_says_why(depth, height, reason):
    result = camera_height_scale(depth, RayTable.of(CAMERA), None, height)
    assert result.scale is None and reason in result.reason


def test_a_mask_that_is_mostly_not_floor_gives_no_scale():
    depth, floor = room(wall_m=1.2)
    depth[~floor] = np.random.default_rng(0).uniform(0.3, 5, (~floor).sum())
    result = camera_height_scale(depth, RayTable.of(CAMERA), np.ones_like(floor), HEIGHT)
    assert result.scale is None and "lie on one plane" in result.reason
