"""Distorted cameras: rays against the published formulas, rectified pictures, and what is refused."""

import numpy as np
import pytest

from mtdense_ros.datatypes import Intrinsics, RangeSamples
from mtdense_ros.errors import InputError
from mtdense_ros.geometry.camera_model import CameraModel, ray_table, rectify, rectify_samples, require_undistorted
from mtdense_ros.geometry.depth import RayTable

CAMERA = Intrinsics(width=64, height=48, fx=50.0, fy=52.0, cx=31.0, cy=24.0)
PLUMB_BOB = (-0.25, 0.08, 0.001, -0.002, -0.01)
RATIONAL = (0.3, -0.1, 0.001, 0.0005, 0.01, 0.5, -0.05, 0.002)
FISHEYE = (-0.03, 0.01, 0.001, -0.0005)


def distort_polynomial(x, y, d):
    """Brown-Conrady with the rational denominator, as sensor_msgs/CameraInfo defines it."""
    k1, k2, p1, p2, k3, k4, k5, k6 = (*d, *[0] * 4)[:8]
    r2 = x * x + y * y
    radial = (1 + k1 * r2 + k2 * r2**2 + k3 * r2**3) / (1 + k4 * r2 + k5 * r2**2 + k6 * r2**3)
    return x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x), y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y


def distort_fisheye(x, y, d):
    """Kannala-Brandt: the radius in the image is a polynomial of the angle."""
    r = np.hypot(x, y)
    angle = np.arctan(r)
    bent = angle * (1 + d[0] * angle**2 + d[1] * angle**4 + d[2] * angle**6 + d[3] * angle**8)
    scale = bent / np.maximum(r, 1e-12)
    return x * scale, y * scale


@pytest.mark.parametrize(
    ("name", "d", "distort"),
    [
        ("plumb_bob", PLUMB_BOB, distort_polynomial),
        ("plumb_bob", PLUMB_BOB[:4], distort_polynomial),
        ("rational_polynomial", RATIONAL, distort_polynomial),
        ("equidistant", FISHEYE, distort_fisheye),
        ("equidistant", (0.0, 0.0, 0.0, 0.0), distort_fisheye),
    ],
)
def test_rays_come_back_to_their_pixels(name, d, distort):
    rays = ray_table(CameraModel(CAMERA, name, d))
    x, y = distort(rays.x.astype(float), rays.y.astype(float), d)
    columns, rows = np.meshgrid(np.arange(64), np.arange(48))
    np.testing.assert_allclose(CAMERA.fx * x + CAMERA.cx, columns, atol=1e-3)
    np.testing.assert_allclose(CAMERA.fy * y + CAMERA.cy, rows, atol=1e-3)


@pytest.mark.parametrize(("name", "d"), [("", ()), ("plumb_bob", ()), ("plumb_bob", (0.0,) * 5), ("", (0.0,) * 5)])
def test_without_distortion_the_rays_are_the_pinhole_ones(name, d):
    assert ray_table(CameraModel(CAMERA, name, d)) is RayTable.of(CAMERA)


def test_pixels_that_the_model_cannot_reach_have_no_ray():
    """With k1 = -1 the radius r - r^3 never exceeds 0.385, that is 19 px here."""
    rays = ray_table(CameraModel(CAMERA, "plumb_bob", (-1.0, 0.0, 0.0, 0.0, 0.0)))
    assert np.isnan(rays.x[0, 0]) and np.isnan(rays.y[0, 0])
    assert np.isfinite(rays.x[24, 20:40]).all()


def test_tables_are_cached():
    first = ray_table(CameraModel(CAMERA, "plumb_bob", PLUMB_BOB))
    assert first is ray_table(CameraModel(CAMERA, "plumb_bob", PLUMB_BOB))


@pytest.mark.parametrize(
    ("name", "d", "distort"), [("plumb_bob", PLUMB_BOB, distort_polynomial), ("equidistant", FISHEYE, distort_fisheye)]
)
def test_a_rectified_ramp_is_the_ramp_at_the_distorted_place(name, d, distort):
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[None, :, None] * 4, (48, 64, 3)).copy()
    result = rectify(ramp, CameraModel(CAMERA, name, d)).astype(float)
    ideal = RayTable.of(CAMERA)
    columns = CAMERA.fx * distort(ideal.x.astype(float), ideal.y.astype(float), d)[0] + CAMERA.cx
    inside = (slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(result[inside][..., 0], 4 * columns[inside], atol=1)


def test_rectify_without_distortion_changes_nothing_and_checks_the_size():
    rgb = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(rectify(rgb, CameraModel(CAMERA, "plumb_bob", (0.0,) * 5)), rgb)
    with pytest.raises(InputError, match="image is 32x48, the model 64x48"):
        rectify(rgb[:, :32], CameraModel(CAMERA, "plumb_bob", PLUMB_BOB))


@pytest.mark.parametrize(
    ("name", "d", "distort"), [("plumb_bob", PLUMB_BOB, distort_polynomial), ("equidistant", FISHEYE, distort_fisheye)]
)
def test_rectified_samples_lie_where_the_ideal_camera_sees_them(name, d, distort):
    """A spot that the ideal camera sees at (column, row) is on the distorted image where the formula puts its ray."""
    columns, rows = (axis.ravel() for axis in np.meshgrid(np.arange(16, 48, 4), np.arange(12, 36, 4)))
    x, y = distort((columns - CAMERA.cx) / CAMERA.fx, (rows - CAMERA.cy) / CAMERA.fy, d)
    bent = [np.rint(axis).astype(int) for axis in (CAMERA.fx * x + CAMERA.cx, CAMERA.fy * y + CAMERA.cy)]
    found = rectify_samples(RangeSamples(bent[1], bent[0], np.arange(len(rows), dtype=np.float32)), CameraModel(CAMERA, name, d))
    assert found.metres.tolist() == list(range(len(rows)))
    assert np.abs(found.columns - columns).max() <= 1 and np.abs(found.rows - rows).max() <= 1


def test_samples_that_the_rectified_image_does_not_show_are_left_out():
    model = CameraModel(CAMERA, "plumb_bob", (-0.25, 0.08, 0.0, 0.0, 0.0))  # a barrel: its corners are drawn outwards
    corner_and_centre = RangeSamples(np.array([0, 24]), np.array([0, 31]), np.array([1.0, 2.0], np.float32))
    found = rectify_samples(corner_and_centre, model)
    assert (found.rows.tolist(), found.columns.tolist(), found.metres.tolist()) == ([24], [31], [2.0])


def test_refuse():
    require_undistorted(CameraModel(CAMERA, "plumb_bob", (0.0,) * 5))
    for name, d in (("plumb_bob", PLUMB_BOB), ("equidistant", (0.0,) * 4)):
        with pytest.raises(InputError, match="set camera_model to rays or rectify"):
            require_undistorted(CameraModel(CAMERA, name, d))


@pytest.mark.parametrize(
    ("name", "d", "message"),
    [
        ("pinhole", (), "'pinhole' is unknown; known: equidistant"),
        ("plumb_bob", (0.1, 0.2), "2 coefficients where 'plumb_bob' has 4 or 5"),
        ("", (0.1,), "1 coefficients"),
        ("equidistant", (0.0,) * 5, "5 coefficients where 'equidistant' has 4"),
        ("equidistant", (0.1, 0.2, float("nan"), 0.0), "not all finite"),
    ],
)
def test_models_that_make_no_sense_are_refused(name, d, message):
    with pytest.raises(InputError, match=message):
        CameraModel(CAMERA, name, d)


def test_a_side_too_long_for_the_library_is_refused():
    """cv2.remap counts pixels in 16 bits; found by fuzzing."""
    model = CameraModel(Intrinsics(2, 32_767, 100.0, 100.0, 0.5, 16_000.0), "plumb_bob", (-0.1, 0.0, 0.0, 0.0, 0.0))
    with pytest.raises(InputError, match="sides are 32766 at most"):
        rectify(np.zeros((32_767, 2, 3), np.uint8), model)
