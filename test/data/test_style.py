"""Style randomisation: its statistics, and that it changes nothing between a picture and its background."""

from dataclasses import replace

import cv2
import numpy as np
from training_data import make_pair

from mtdense_ros.data.augment import Augmentation, augmented
from mtdense_ros.data.datasets.rendered import sample_of
from mtdense_ros.data.style import Style, detailed, random_style, recoloured, styled, textured

PLAIN = np.zeros((2, 2, 1), np.float32)


def style_of(**changes):
    defaults = {"mean": np.full(3, 128, np.float32), "deviation": np.full(3, 10, np.float32), "strength": 1.0, "detail": 1.0, "scale": 1.0}
    return Style(**{**defaults, "texture": PLAIN, **changes})


def test_colours_get_the_statistics_of_the_style():
    image = np.random.default_rng(0).integers(90, 160, (64, 64, 3)).astype(np.uint8)
    found = recoloured(image, style_of(mean=np.array([120, 130, 135], np.float32)), image)
    mean, deviation = cv2.meanStdDev(cv2.cvtColor(found, cv2.COLOR_RGB2Lab))
    np.testing.assert_allclose(mean[:, 0], [120, 130, 135], atol=2)
    np.testing.assert_allclose(deviation[:, 0], 10, atol=2)
    unmoved = recoloured(image, style_of(strength=0.0), image).astype(int)
    assert np.abs(unmoved - image).max() <= 4, "there and back through Lab in 8 bits"


def test_detail_and_texture_by_hand():
    edge = np.zeros((9, 9, 3), np.uint8)
    edge[:, 5:] = 100
    np.testing.assert_array_equal(detailed(edge, 0.0, 1.0), cv2.GaussianBlur(edge, (0, 0), 1.0))
    assert detailed(edge, 2.0, 1.0)[4, 5, 0] > 100 and (detailed(edge, 1.0, 1.0) == edge).all()
    grid = np.array([[[10.0], [-10.0]]], np.float32)
    np.testing.assert_array_equal(textured(np.full((2, 2, 3), 50, np.uint8), grid)[0, :, 0], [60, 40])


def test_what_did_not_change_still_does_not():
    sample = sample_of(make_pair(0))
    for seed in range(5):
        found = styled(sample, replace(random_style(np.random.default_rng(seed)), detail=1.0))
        same = sample.foreground == 0
        np.testing.assert_array_equal(found.image[same], found.background.image[same])
        assert found.labels is sample.labels and not np.array_equal(found.image, sample.image)


def test_it_is_off_unless_asked_for_and_then_draws_by_the_seed():
    sample = sample_of(make_pair(0))

    def drawn(**options):
        quiet = Augmentation(photometric=False, composite=0, ghost=0, shift=0, unchanged=0, **options)
        return augmented(sample, lambda: sample, (64, 64), np.random.default_rng(3), quiet).image

    assert Augmentation().style == 0
    np.testing.assert_array_equal(drawn(style=1.0), drawn(style=1.0))
    assert not np.array_equal(drawn(style=1.0), drawn())
