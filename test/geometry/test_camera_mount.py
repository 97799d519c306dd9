"""A camera's height and direction from its transform, against rotations composed by hand."""

import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.geometry.camera_mount import camera_mount, looks_up, pitched_mount, rotation_of

OPTICAL = (-0.5, 0.5, -0.5, 0.5)
"""The optical frame (x right, y down, z forward) in a body frame (x forward, y left, z up), as REP 103 names it."""


def about(axis, angle_deg):
    half = np.radians(angle_deg) / 2
    return (*(np.sin(half) * np.eye(3)["xyz".index(axis)]), np.cos(half))


def product(first, second):
    """The quaternion of `second`, then `first`."""
    x1, y1, z1, w1 = first
    x2, y2, z2, w2 = second
    return (
        w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
        w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
        w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
        w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
    )


def test_the_optical_frame_of_a_level_camera():
    rotation = rotation_of(OPTICAL)
    np.testing.assert_allclose(rotation @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(rotation @ [1, 0, 0], [0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("yaw_deg", [0.0, 90.0, -150.0])
@pytest.mark.parametrize(
    ("pitch_deg", "roll_deg", "up"),
    [
        (0, 0, (0, -1, 0)),
        (30, 0, (0, -np.cos(np.radians(30)), -np.sin(np.radians(30)))),
        (90, 0, (0, 0, -1)),
        (0, 90, (-1, 0, 0)),
    ],
    ids=["level", "30 degrees down", "straight down", "on its side"],
)
def test_height_and_up_do_not_depend_on_the_heading(pitch_deg, roll_deg, up, yaw_deg):
    body = product(product(about("z", yaw_deg), about("y", pitch_deg)), about("x", roll_deg))
    mount = camera_mount((0.2, -0.1, 0.45), product(body, OPTICAL))
    assert mount.height_m == 0.45
    np.testing.assert_allclose(mount.up, up, atol=1e-12)


@pytest.mark.parametrize("pitch_deg", [-20.0, 0.0, 35.0])
def test_a_pitch_is_a_turn_about_the_axis_to_the_left(pitch_deg):
    by_tf = camera_mount((0, 0, 0.6), product(about("y", pitch_deg), OPTICAL))
    by_parameters = pitched_mount(0.6, pitch_deg)
    assert by_parameters.height_m == by_tf.height_m
    np.testing.assert_allclose(by_parameters.up, by_tf.up, atol=1e-12)


def test_a_body_frame_is_recognised_by_its_z_axis():
    assert looks_up(camera_mount((0, 0, 1), about("z", 30)))
    assert not looks_up(camera_mount((0, 0, 1), OPTICAL))
    assert not looks_up(camera_mount((0, 0, 1), product(about("y", -40), OPTICAL))), "a camera that looks 40 degrees upwards"


def test_a_quaternion_of_any_length_is_the_same_rotation():
    assert camera_mount((0, 0, 1), tuple(3 * v for v in OPTICAL)).up == pytest.approx((0, -1, 0))


@pytest.mark.parametrize("quaternion", [(0.0, 0.0, 0.0, 0.0), (float("nan"), 0.0, 0.0, 1.0)])
def test_what_is_no_rotation_is_refused(quaternion):
    with pytest.raises(InputError, match="is no rotation"):
        camera_mount((0, 0, 1), quaternion)


@pytest.mark.parametrize("z", [0.0, -0.3, float("nan")])
def test_a_camera_below_the_floor_is_refused(z):
    with pytest.raises(InputError, match="is not above the floor"):
        camera_mount((0, 0, z), OPTICAL)
