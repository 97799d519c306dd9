"""Camera messages with binning and a region of interest against numbers by hand, and the rules for topics."""

from types import SimpleNamespace

import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.geometry.calibration import Calibration, camera_info_topic, camera_model_of, is_body_frame, is_rectified_topic
from mtdense_ros.geometry.camera_model import ray_table


def info(binning=(0, 0), roi=(0, 0, 0, 0), d=(), focal=600.0):
    """Of a sensor of 640 x 480; roi: x_offset, y_offset, width, height."""
    x, y, width, height = roi
    return SimpleNamespace(
        width=640,
        height=480,
        k=[focal, 0.0, 320.0, 0.0, 610.0, 240.0, 0.0, 0.0, 1.0],
        p=np.array([580.0, 0.0, 318.0, -60.0, 0.0, 590.0, 242.0, 6.0, 0.0, 0.0, 1.0, 0.0]),
        d=list(d),
        distortion_model="plumb_bob",
        binning_x=binning[0],
        binning_y=binning[1],
        roi=SimpleNamespace(x_offset=x, y_offset=y, width=width, height=height, do_rectify=False),
    )


@pytest.mark.parametrize(
    ("binning", "roi", "size", "raw", "rectified", "translation"),
    [
        ((0, 0), (0, 0, 0, 0), (640, 480), (600, 610, 320, 240), (580, 590, 318, 242), (-60, 6)),
        ((1, 1), (0, 0, 640, 480), (640, 480), (600, 610, 320, 240), (580, 590, 318, 242), (-60, 6)),
        ((2, 2), (0, 0, 0, 0), (320, 240), (300, 305, 160, 120), (290, 295, 159, 121), (-30, 3)),
        ((0, 0), (100, 50, 200, 100), (200, 100), (600, 610, 220, 190), (580, 590, 218, 192), (-60, 6)),
        ((2, 4), (100, 50, 200, 100), (100, 25), (300, 152.5, 110, 47.5), (290, 147.5, 109, 48), (-30, 1.5)),
        ((2, 1), (0, 0, 201, 0), (100, 480), (300, 610, 160, 240), (290, 590, 159, 242), (-30, 6)),
    ],
)
def test_roi_and_binning_by_hand(binning, roi, size, raw, rectified, translation):
    calibration = Calibration.of(info(binning, roi))
    assert (calibration.width, calibration.height) == size
    for expected, of in ((raw, calibration.intrinsics(False)), (rectified, calibration.intrinsics(True))):
        assert (of.width, of.height, of.fx, of.fy, of.cx, of.cy) == (*size, *expected)
    assert (calibration.p[3], calibration.p[7]) == translation


@pytest.mark.parametrize("d", [(), (-0.3, 0.1, 0.001, 0.0, 0.0)], ids=["straight", "distorted"])
def test_a_pixel_looks_where_the_same_spot_of_the_full_image_looks(d):
    """Pixel (5, 7) of the part that starts at (100, 50), in blocks of 2 x 2, is pixel (110, 64) of the whole sensor."""
    whole, part = camera_model_of(info(d=d), False), camera_model_of(info((2, 2), (100, 50, 200, 100), d=d), False)
    if not d:
        assert (whole.intrinsics.cx - 110) / whole.intrinsics.fx == (part.intrinsics.cx - 5) / part.intrinsics.fx
    rays, of_part = ray_table(whole), ray_table(part)
    at = [np.broadcast_to(axis, (480, 640))[64, 110] for axis in (rays.x, rays.y)]
    at_part = [np.broadcast_to(axis, (50, 100))[7, 5] for axis in (of_part.x, of_part.y)]
    assert at_part == pytest.approx(at, abs=1e-5)


def test_an_uncalibrated_camera():
    assert not Calibration.of(info(focal=0.0)).is_calibrated(rectified=False)
    assert Calibration.of(info(focal=0.0)).is_calibrated(rectified=True)
    with pytest.raises(InputError, match="focal length"):
        camera_model_of(info(focal=0.0), rectified=False)


@pytest.mark.parametrize(
    ("topic", "sibling", "rectified"),
    [
        ("/camera/color/image_raw", "/camera/color/camera_info", False),
        ("/camera/image_rect/compressed", "/camera/camera_info", True),
        ("/image_rect_color", "/camera_info", True),
        ("/correct/image", "/correct/camera_info", False),
    ],
)
def test_topics(topic, sibling, rectified):
    assert camera_info_topic(topic) == sibling and is_rectified_topic(topic) is rectified


@pytest.mark.parametrize(
    ("frame_id", "is_body"),
    [
        ("camera_link", True),
        ("camera_color_frame", True),
        ("robot1/base_link", True),
        ("/base_footprint", True),
        ("map", True),
        ("camera_color_optical_frame", False),
        ("robot1/camera_link_optical", False),
        ("camera", False),
        ("cam0", False),
        ("", False),
    ],
)
def test_frames_of_a_body_are_recognised_by_their_names(frame_id, is_body):
    assert is_body_frame(frame_id) is is_body
