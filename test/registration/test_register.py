"""Registration against motions and light changes that were made on purpose."""

import math

import cv2
import numpy as np
import pytest

from mtdense_ros.registration.block_matching import BLOCK, REACH, Blocks, match
from mtdense_ros.registration.photometric import light_change
from mtdense_ros.registration.reduction import reduced
from mtdense_ros.registration.register import Reference
from mtdense_ros.registration.rigid_motion import RigidMotion, fit

HEIGHT, WIDTH = 480, 640
MOTIONS = [(0, 0, 0), (1, 0, 0), (0, -3, 0), (8, 0, 0), (-6, 6, 0), (14, -14, 0), (20, 0, 0), (-30, 40, 0), (0, 0, 0.5), (5, -5, 2)]
"""x, y in px and clockwise in degrees."""


def moved(rgb, x, y, degrees):
    height, width = rgb.shape[:2]
    warp = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    warp[:, 2] += (x, y)
    return cv2.warpAffine(rgb, warp, (width, height), borderMode=cv2.BORDER_REFLECT)


def noisy(rgb, seed=0, sigma=4.0):
    noise = np.random.default_rng(seed).normal(0, sigma, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


def half_covered(rgb, picture):
    """The left half shows something else, in blobs as people are."""
    covered = rgb.copy()
    covered[:, : rgb.shape[1] // 2] = picture(77, *rgb.shape[:2])[:, : rgb.shape[1] // 2]
    return covered


@pytest.fixture(scope="module")
def view(picture):
    return picture(3, HEIGHT, WIDTH)


@pytest.fixture(scope="module")
def reference(view):
    return Reference(noisy(view))


@pytest.mark.parametrize("motion", MOTIONS, ids=str)
@pytest.mark.parametrize("foreground", [False, True], ids=["empty", "half covered"])
def test_a_motion_is_found_to_a_pixel_whatever_light_and_foreground(view, reference, picture, motion, foreground):
    frame = moved(view, *motion)
    frame = half_covered(frame, picture) if foreground else frame
    found = reference.register(reduced(noisy(np.clip(frame * 0.6 + 12, 0, 255), seed=1)))
    x, y, degrees = motion
    assert math.hypot(found.motion.x - x, found.motion.y - y) < 1.0
    assert math.degrees(found.motion.angle) == pytest.approx(degrees, abs=0.15)
    assert found.quality > (0.25 if foreground else 0.5)


def test_another_view_is_not_recognised(view, reference, picture):
    for seed in range(20, 30):
        assert reference.register(reduced(picture(seed, HEIGHT, WIDTH))).quality < 0.15


def test_gain_and_offset_of_each_channel_on_what_has_stayed(view, reference, picture):
    gain, offset = np.array([0.7, 0.9, 1.1]), np.array([4.0, 0.0, -5.0])
    frame = half_covered(np.clip(view * gain + offset, 0, 255).astype(np.uint8), picture)
    light = reference.register(reduced(noisy(frame, seed=1))).light
    shown = np.array([60, 120, 180])[:, None]
    np.testing.assert_allclose(shown * np.array(light.gain) + light.offset, shown * gain + offset, atol=4)
    assert light.stops == pytest.approx(np.log2(gain).mean(), abs=0.06)
    assert light.cast == pytest.approx(np.log2(1.1 / 0.7), abs=0.15)  # the offsets draw red and blue together
    assert light.unevenness < 0.15


def test_light_from_another_side_is_uneven(view, reference):
    ramp = np.linspace(0.5, 1.2, WIDTH)[None, :, None]
    light = reference.register(reduced(noisy(view * ramp, seed=1))).light
    assert light.unevenness == pytest.approx(0.5 * np.log2(1.08 / 0.62), abs=0.12)  # half the range of the middle two thirds


def test_light_of_hand_computed_blocks():
    reference = np.array([[20.0, 40.0, 60.0], [60.0, 80.0, 100.0], [100.0, 120.0, 140.0], [50.0, 50.0, 50.0]])
    frame = reference * 2
    frame[3] = 220  # covered
    light = light_change(reference, frame)
    assert light.gain == pytest.approx((2, 2, 2), abs=0.1)
    assert light.stops == pytest.approx(np.log2(124 / 64), abs=0.1)
    assert light_change(np.zeros((0, 3)), np.zeros((0, 3))).gain == (1, 1, 1)


def test_without_texture_there_are_no_blocks():
    assert len(Blocks.of(np.full((120, 160), 90, np.uint8))) == 0
    found = Reference(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)).register(np.full((120, 160, 3), 90, np.uint8))
    assert (found.quality, found.motion) == (0, RigidMotion())


@pytest.mark.parametrize("size", [(1, 1), (BLOCK + 2 * REACH - 1, 500), (48, 64), (5000, 3), (1080, 1920)])
def test_any_size_of_camera(picture, size):
    frame = picture(5, *size)
    found = Reference(frame).register(reduced(frame))
    assert found.motion.extent(size) < 0.2 and found.size_hw == size
    assert found.quality == 1 or not len(Reference(frame).blocks)


def test_a_block_is_found_where_it_went(picture):
    grey = picture(3, 120, 160)[..., 0]
    blocks = Blocks.of(grey)
    shifted = np.roll(grey, (2, -1), (0, 1))
    matches = match(blocks, shifted, np.zeros((len(blocks), 2)))
    assert len(matches.index) > len(blocks) / 2
    np.testing.assert_allclose(np.median(matches.displacement, axis=0), [-1, 2], atol=0.05)


def test_edges_say_nothing_of_a_motion_along_them():
    """Vertical stripes: only x is fixed, and the fit leaves y at zero whatever the blocks say."""
    stripes = np.tile(np.random.default_rng(0).integers(0, 255, 40).astype(np.uint8).repeat(4), (120, 1))
    blocks = Blocks.of(stripes)
    matches = match(blocks, np.roll(stripes, 2, 1), np.zeros((len(blocks), 2)))
    matches.displacement[:, 1] = np.random.default_rng(1).normal(0, 2, len(matches.displacement))
    motion, agree = fit(blocks, matches, RigidMotion())
    assert motion.x == pytest.approx(2, abs=0.05) and abs(motion.y) < 0.05
    assert agree.all()


def test_a_rigid_motion_by_hand():
    quarter = RigidMotion(1.0, 2.0, math.pi / 2)
    np.testing.assert_allclose(quarter.at(np.array([[10.0, 0.0]])), [[1 - 10, 2 + 10]], atol=1e-9)
    assert RigidMotion(3.0, 4.0).extent((480, 640)) == 5
    assert RigidMotion(0, 0, 0.01).extent((480, 640)) == pytest.approx(0.01 * math.hypot(480, 640) / math.sqrt(12))
    assert RigidMotion(1, 2, 0.1).scaled(4) == RigidMotion(4, 8, 0.1)
