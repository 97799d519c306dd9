"""The camera_info of outputs against projections by hand: lens, region of interest, binning, rectification, and the size for navigation.

The sensor is 640 x 480 with fx = fy = 400, cx = 320, cy = 240. The point (0.5, 0.25, 1) m is at x / z = 0.5, y / z = 0.25, r^2 = 0.3125:
- without distortion at pixel (520, 340);
- plumb_bob with k1 = -0.2: times 1 - 0.2 * 0.3125 = 0.9375, at (507.5, 333.75);
- rational_polynomial with k1 = 0.1, k4 = 0.2: times 1.03125 / 1.0625 = 0.970588, at (514.117647, 337.058824);
- equidistant with zeros: at the angle atan(0.559017) = 0.509740, times 0.509740 / 0.559017 = 0.911850, at (502.370, 331.185).
The region from (100, 50) of 500 x 400, in blocks of 2 x 4, has it at ((u - 100) / 2, (v - 50) / 4).
"""

import cv2
import numpy as np
import pytest
from camera_messages import camera_info, header

from mtdense_ros.errors import InputError
from mtdense_ros.geometry.calibration import camera_model_of
from mtdense_ros.geometry.camera_model import ray_table, require_undistorted
from mtdense_ros.ros.messages import camera_info_message, scaled_camera_info

IDEAL = (520.0, 340.0)
LENSES = {
    "plumb_bob": ((-0.2, 0.0, 0.0, 0.0, 0.0), (507.5, 333.75)),
    "rational_polynomial": ((0.1, 0.0, 0.0, 0.0, 0.0, 0.2, 0.0, 0.0), (514.117647, 337.058824)),
    "equidistant": ((0.0, 0.0, 0.0, 0.0), (502.370, 331.185)),
}
PARTS = {"whole": ((0, 0, 0, 0), (0, 0)), "part": ((100, 50, 500, 400), (2, 4))}


def sensor(lens, part):
    """The message of a driver."""
    (left, top, width, height), (bin_x, bin_y) = PARTS[part]
    info = camera_info(480, 640, 400.0, d=LENSES[lens][0])
    info.distortion_model = lens
    info.k[2], info.k[5] = 320.0, 240.0
    info.p[2], info.p[6] = 320.0, 240.0
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = left, top, width, height
    info.binning_x, info.binning_y = bin_x, bin_y
    return info


def in_part(pixel, part):
    """Where a pixel of the whole sensor is in the image that is sent."""
    (left, top, _, _), (bin_x, bin_y) = PARTS[part]
    return (pixel[0] - left) / max(bin_x, 1), (pixel[1] - top) / max(bin_y, 1)


def projected(info, distorted):
    """The pixel of the point by the fields of a message that has neither region nor binning, as its readers compute it."""
    k, d, point = np.array(info.k).reshape(3, 3), np.array(info.d), np.array([[[0.5, 0.25, 1.0]]])
    assert (info.roi.width, info.roi.height, info.binning_x, info.binning_y) == (0, 0, 0, 0)
    if not distorted:
        u, v, w = np.array(info.p).reshape(3, 4) @ [0.5, 0.25, 1.0, 1.0]
        return u / w, v / w
    project = cv2.fisheye.projectPoints if info.distortion_model == "equidistant" else cv2.projectPoints
    return tuple(project(point, np.zeros(3), np.zeros(3), k, d)[0].ravel())


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("lens", LENSES)
def test_as_the_camera_sees_it(lens, part):
    out = camera_info_message(sensor(lens, part), header(), undistorted=False)
    assert (out.width, out.height) == ((640, 480) if part == "whole" else (250, 100))
    assert projected(out, distorted=True) == pytest.approx(in_part(LENSES[lens][1], part), abs=1e-3)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("lens", LENSES)
def test_rectified_here(lens, part):
    out = camera_info_message(sensor(lens, part), header(), undistorted=True)
    assert not any(out.d) and np.array_equal(np.array(out.r).reshape(3, 3), np.eye(3))
    assert projected(out, distorted=False) == pytest.approx(in_part(IDEAL, part), abs=1e-3)
    assert projected(out, distorted=True) == pytest.approx(in_part(IDEAL, part), abs=1e-3)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("lens", LENSES)
def test_at_half_the_size(lens, part):
    """Pixel centres are at half-integers of the image's edge: u becomes (u + 0.5) / 2 - 0.5."""
    out = camera_info_message(sensor(lens, part), header(), undistorted=False)
    half = scaled_camera_info(out, (out.height // 2, out.width // 2))
    u, v = in_part(LENSES[lens][1], part)
    assert (half.width, half.height) == (out.width // 2, out.height // 2)
    assert projected(half, distorted=True) == pytest.approx(((u + 0.5) / 2 - 0.5, (v + 0.5) / 2 - 0.5), abs=1e-3)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("lens", LENSES)
def test_the_cloud_lies_along_the_ray_of_that_pixel(lens, part):
    u, v = in_part(LENSES[lens][1], part)
    rays = ray_table(camera_model_of(sensor(lens, part), rectified=False))
    at = np.float32([[u]]), np.float32([[v]])
    seen = [cv2.remap(np.ascontiguousarray(axis), *at, cv2.INTER_LINEAR).item() for axis in (rays.x, rays.y)]
    assert seen == pytest.approx([0.5, 0.25], abs=1e-3)


@pytest.mark.parametrize("lens", LENSES)
def test_refused_where_distortion_is_not_wanted(lens):
    with pytest.raises(InputError, match=f"images are distorted \\('{lens}'"):
        require_undistorted(camera_model_of(sensor(lens, "part"), rectified=False))
    require_undistorted(camera_model_of(sensor(lens, "part"), rectified=True))
