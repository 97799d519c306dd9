"""Depth -> points and normals by hand-computed pixels and ray-cast planes."""

import numpy as np
import pytest

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import InputError
from mtdense_ros.geometry.depth import RayTable, apply_range, depth_to_points, normalise_normals, normals_from_depth

CAMERA = Intrinsics(width=4, height=3, fx=2.0, fy=4.0, cx=1.0, cy=2.0)
NAN, INF = np.nan, np.inf


def test_points_by_hand():
    points = depth_to_points(np.full((3, 4), 2, np.float32), CAMERA)
    assert points.shape == (3, 4, 3) and points.dtype == np.float32
    assert points[2, 1].tolist() == [0, 0, 2]
    assert points[0, 3].tolist() == [2, -1, 2]
    assert points[1, 0].tolist() == [-1, -0.5, 2]


@pytest.mark.parametrize("unknown", [NAN, INF, -INF])
def test_points_without_finite_depth_are_nan_in_all_coordinates(unknown):
    depth = np.ones((3, 4), np.float32)
    depth[2, 1] = depth[0, 0] = unknown
    points = depth_to_points(depth, CAMERA)
    assert np.isnan(points[2, 1]).all() and np.isnan(points[0, 0]).all()
    assert np.isfinite(points).sum() == 3 * 10


def test_a_pixel_without_a_ray_has_no_point():
    rays = RayTable.of(CAMERA)
    x = rays.x.copy()
    x[1, 1] = NAN
    points = RayTable(x, rays.y).points(np.ones((3, 4), np.float32))
    assert np.isnan(points[1, 1]).all() and np.isfinite(points).sum() == 3 * 11


def test_points_are_bit_for_bit_depth_times_ray():
    camera = Intrinsics(width=37, height=29, fx=31.7, fy=30.9, cx=17.3, cy=13.9)
    depth = np.random.default_rng(0).uniform(0, 9, (29, 37)).astype(np.float32)
    depth[3:9, 5:20] = INF
    rays = RayTable.of(camera)
    z = np.where(np.isfinite(depth), depth, np.float32(NAN))
    np.testing.assert_array_equal(rays.points(depth), np.stack([z * rays.x, z * rays.y, z], -1))


def test_ray_table_is_cached_per_intrinsics_and_checks_sizes():
    same = Intrinsics(width=4, height=3, fx=2.0, fy=4.0, cx=1.0, cy=2.0)
    assert RayTable.of(CAMERA) is RayTable.of(same)
    with pytest.raises(InputError, match=r"shape \(4, 3\), the camera model has \(3, 4\)"):
        depth_to_points(np.ones((4, 3), np.float32), CAMERA)
    with pytest.raises(InputError, match="not maps of one image"):
        RayTable(np.zeros((2, 3), np.float32), np.zeros((3, 2), np.float32))


def test_points_survive_resizing_with_scaled_intrinsics():
    """The plane z = 2 is the same set of rays' ends at twice the size: a 2x2 block averages to its parent."""
    small = depth_to_points(np.full((3, 4), 2, np.float32), CAMERA)
    large = depth_to_points(np.full((6, 8), 2, np.float32), CAMERA.scaled(8, 6))
    np.testing.assert_allclose(large.reshape(3, 2, 4, 2, 3).mean(axis=(1, 3)), small, atol=1e-6)


def test_range_as_rep_117_says():
    depth = np.array([[0.1, 0.2, 5.0, 5.1, NAN, INF, -INF, -1.0]], np.float32)
    before = depth.copy()
    np.testing.assert_array_equal(apply_range(depth, 0.2, 5.0), np.float32([[-INF, 0.2, 5, INF, NAN, INF, -INF, -INF]]))
    np.testing.assert_array_equal(depth, before)


@pytest.mark.parametrize("limits", [(2.0, 2.0), (3.0, 2.0), (NAN, 2.0)])
def test_an_empty_range_is_refused(limits):
    with pytest.raises(InputError, match="set depth.min below depth.max"):
        apply_range(np.ones((1, 1), np.float32), *limits)


def test_normals_become_unit_and_face_the_camera():
    raw = np.array([[3, 0, -4], [0, -2, 0.5], [0, 0, 0], [0, 0, 1], [NAN, 0, -1]], np.float32).T.reshape(3, 1, 5)
    expected = np.array([[0.6, 0, -0.8], [0, -1, 0], [NAN] * 3, [NAN] * 3, [NAN] * 3], np.float32).reshape(1, 5, 3)
    np.testing.assert_allclose(normalise_normals(raw), expected, atol=1e-6)


def test_random_normals_have_length_one():
    raw = np.random.default_rng(0).standard_normal((3, 20, 30)).astype(np.float32)
    normals = normalise_normals(raw)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-5)
    assert (normals[..., 2] <= 0).all()


def test_normals_are_bit_for_bit_the_raw_ones_over_their_length():
    raw = np.random.default_rng(0).standard_normal((3, 20, 31)).astype(np.float32)
    raw[:, 3:5] = 0
    before = raw.copy()
    x, y, z = raw[0], raw[1], np.minimum(raw[2], np.float32(0))
    length = np.sqrt(x * x + y * y + z * z)
    inverse = np.where(length > 1e-6, np.float32(1) / np.maximum(length, np.float32(1e-6)), np.float32(NAN))
    np.testing.assert_array_equal(normalise_normals(raw), np.stack([x * inverse, y * inverse, z * inverse], -1))
    np.testing.assert_array_equal(raw, before)


@pytest.mark.parametrize("normal", [(0.0, 0.0, -1.0), (0.0, -0.8, -0.6), (0.6, 0.0, -0.8)])
def test_normals_of_a_ray_cast_plane(normal):
    camera = Intrinsics(width=40, height=30, fx=60.0, fy=60.0, cx=19.5, cy=14.5)
    rays = RayTable.of(camera)
    depth = -2.0 / (normal[0] * rays.x + normal[1] * rays.y + normal[2])
    depth[10, 10] = NAN
    result = normals_from_depth(depth, camera)
    known = np.isfinite(result).all(axis=-1)
    np.testing.assert_allclose(result[known], np.broadcast_to(normal, (known.sum(), 3)), atol=1e-4)
    assert not known[[0, -1]].any() and not known[:, [0, -1]].any()
    assert not known[[10, 10, 10, 9, 11], [10, 9, 11, 10, 10]].any()
    assert known.sum() == 28 * 38 - 5
