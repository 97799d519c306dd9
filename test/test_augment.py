"""Augmentation keeps pictures and truth together."""

import numpy as np
import pytest

from mtdense_ros.data.augment import Augmentation, augmented, composited, cropped, flipped, ghosted, misaligned, unchanged
from mtdense_ros.data.photometry import exposed, random_camera, uneven_light
from mtdense_ros.data.shards import Pair


def make_pair(seed=0, size=(48, 64)):
    """Every truth is a function of the picture's red and green, which are the column and the row."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[0], : size[1]]
    picture = np.stack([columns, rows, rng.integers(0, 255, size)], -1).astype(np.uint8)
    normals = np.zeros((2, *size, 3), np.int8)
    normals[..., 0], normals[..., 2] = 76, -102
    foreground = np.zeros(size, np.uint8)
    foreground[10:20, 30:40] = 1
    return Pair(
        images=np.stack([picture, picture // 2]),
        depth=np.stack([columns + 1, rows + 1]).astype(np.float16),
        labels=np.stack([columns % 6, rows % 6]).astype(np.uint8),
        normals=normals,
        foreground=foreground,
        focal=60.0,
    )


def test_crop_at_full_size_is_the_pair_itself():
    pair = make_pair()
    sample = cropped(pair, (48, 64))
    np.testing.assert_array_equal(sample.images, pair.images)
    np.testing.assert_array_equal(sample.labels, pair.labels)
    np.testing.assert_allclose(sample.normals[0, 0, 0], [76 / 127, 0, -102 / 127])
    assert sample.focal == 60


def test_crop_moves_picture_and_truth_alike_and_scales_the_focal_length():
    sample = cropped(make_pair(), (24, 32), (12, 8, 24, 32))
    np.testing.assert_array_equal(sample.depth[0], sample.images[0, ..., 0] + 1)  # depth was column + 1, red the column
    assert sample.images[0, 0, 0].tolist()[:2] == [8, 12]
    assert sample.focal == 60  # cut, not resized
    assert cropped(make_pair(), (48, 64), (0, 0, 24, 32)).focal == 120  # twice as large on the picture


def test_unknown_depth_becomes_nan():
    pair = make_pair()
    pair.depth[0, 3, 4] = 0
    assert np.argwhere(np.isnan(cropped(pair, (48, 64)).depth)).tolist() == [[0, 3, 4]]


def test_flip_mirrors_everything_and_turns_the_normals():
    sample = cropped(make_pair(), (48, 64))
    mirror = flipped(sample)
    np.testing.assert_array_equal(mirror.images[0, :, 0], sample.images[0, :, -1])
    np.testing.assert_array_equal(mirror.depth[0], mirror.images[0, ..., 0] + 1)
    assert mirror.foreground[10:20, 24:34].all() and mirror.foreground.sum() == 100
    np.testing.assert_allclose(mirror.normals[0, 0, 0], [-76 / 127, 0, -102 / 127])
    again = flipped(mirror)
    np.testing.assert_array_equal(again.images, sample.images)
    np.testing.assert_array_equal(again.normals, sample.normals)


def test_unchanged_pair_has_no_foreground_and_the_background_twice():
    sample = unchanged(cropped(make_pair(), (48, 64)))
    np.testing.assert_array_equal(sample.images[0], sample.images[1])
    np.testing.assert_array_equal(sample.depth[0], sample.depth[1])
    assert not sample.foreground.any()


def test_pasted_objects_are_foreground_without_other_truth():
    sample = cropped(make_pair(), (48, 64))
    pasted = composited(sample, make_pair(1), np.random.default_rng(3))
    new = pasted.foreground & ~sample.foreground
    assert new.any() and (pasted.foreground | ~sample.foreground).all()
    assert np.isnan(pasted.depth[0][new]).all() and (pasted.labels[0][new] == 255).all() and (pasted.normals[0][new] == 0).all()
    np.testing.assert_array_equal(pasted.images[1], sample.images[1])
    assert not np.isnan(pasted.depth[0][~pasted.foreground]).any()


def test_ghosts_and_misalignment_touch_the_background_picture_only():
    sample = cropped(make_pair(), (48, 64))
    rng = np.random.default_rng(0)
    for changed in (ghosted(sample, make_pair(1), rng), misaligned(sample, np.array([2.0, 0.0]), 0.0)):
        np.testing.assert_array_equal(changed.images[0], sample.images[0])
        np.testing.assert_array_equal(changed.depth, sample.depth)
        assert (changed.images[1] != sample.images[1]).any()
    np.testing.assert_array_equal(changed.images[1, :, 2:], sample.images[1, :, :-2])  # moved right by two pixels


def test_samples_are_a_function_of_the_generator_and_valid():
    first, second = (augmented(make_pair(), make_pair(1), (48, 64), np.random.default_rng(7), Augmentation()) for _ in range(2))
    np.testing.assert_array_equal(first.images, second.images)
    assert first.images.dtype == np.uint8 and first.images.shape == (2, 48, 64, 3)
    assert first.depth.dtype == first.normals.dtype == np.float32 and first.foreground.dtype == bool


def test_exposure_by_hand():
    picture = np.full((2, 2, 3), 51, np.uint8)  # 0.2
    # 255 * 0.2^2 = 10.2; times 1, 2 and 100, clipped
    assert exposed(picture, gamma=2.0, gains=np.array([1.0, 2.0, 100.0]))[0, 0].tolist() == [10, 20, 255]


def test_uneven_light_of_equal_factors_is_a_gain():
    picture = np.full((12, 16, 3), 100, np.uint8)
    assert np.unique(uneven_light(picture, np.full((3, 4), 1.2))).tolist() == [120]


@pytest.mark.parametrize("seed", range(5))
def test_random_cameras_keep_shape_and_differ(seed):
    picture = make_pair().images[0]
    other = random_camera(picture, np.random.default_rng(seed))
    assert other.shape == picture.shape and other.dtype == np.uint8 and (other != picture).any()
