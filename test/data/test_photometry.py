"""The random camera, by hand."""

import numpy as np
import pytest

from mtdense_ros.data.photometry import exposed, random_camera, uneven_light


def test_exposure_by_hand():
    picture = np.full((2, 2, 3), 51, np.uint8)  # 0.2
    # 255 * 0.2^2 = 10.2; times 1, 2 and 100, clipped
    assert exposed(picture, gamma=2.0, gains=np.array([1.0, 2.0, 100.0]))[0, 0].tolist() == [10, 20, 255]


def test_uneven_light_of_equal_factors_is_a_gain():
    picture = np.full((12, 16, 3), 100, np.uint8)
    assert np.unique(uneven_light(picture, np.full((3, 4), 1.2))).tolist() == [120]


@pytest.mark.parametrize("seed", range(5))
def test_random_cameras_keep_shape_and_differ(seed):
    picture = np.random.default_rng(9).integers(0, 255, (48, 64, 3), np.uint8)
    other = random_camera(picture, np.random.default_rng(seed))
    assert other.shape == picture.shape and other.dtype == np.uint8 and (other != picture).any()
