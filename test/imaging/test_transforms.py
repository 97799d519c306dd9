"""Resizing there and back, normalising, and labels at camera size against torch."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.imaging import transforms

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def random_logits(channels=6, height=12, width=16, seed=0):
    return np.random.default_rng(seed).standard_normal((channels, height, width)).astype(np.float32)


def torch_resize(chw, size_hw):
    return F.interpolate(torch.from_numpy(chw)[None], size_hw, mode="bilinear", align_corners=False)[0]


@pytest.mark.parametrize(
    ("camera", "mode", "expected"),
    [
        ((480, 640), "area", (192, 256)),
        ((720, 1280), "area", (160, 288)),
        ((640, 480), "area", (256, 192)),
        ((120, 160), "area", (192, 256)),
        ((10, 2000), "area", (32, 3136)),
        ((480, 640), "shorter", (192, 256)),
        ((640, 480), "shorter", (256, 192)),
        ((720, 1280), "shorter", (192, 320)),
        ((720, 1280), "stretch", (192, 256)),
        ((481, 641), "native", (481, 641)),
    ],
)
def test_network_size(camera, mode, expected):
    assert transforms.network_size(camera, (192, 256), mode, 32) == expected


def test_shorter_rounds_the_longer_side_down():
    assert transforms.network_size((480, 640), (520, 520), "shorter", 1) == (520, 693)


def test_unknown_resize_mode_is_refused():
    with pytest.raises(ConfigError, match="'letterbox' is unknown; known: area"):
        transforms.network_size((480, 640), (192, 256), "letterbox", 32)


def test_normalise_is_the_formula_at_native_size():
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    result = transforms.normalise(rgb, (5, 7), MEAN, STD)
    assert result.shape == (1, 3, 5, 7) and result.dtype == np.float32 and result.flags.c_contiguous
    np.testing.assert_allclose(result[0], ((rgb / 255 - MEAN) / STD).transpose(2, 0, 1), rtol=1e-6, atol=1e-6)


def test_shrinking_averages_and_does_not_alias():
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[:, ::2] = 200
    np.testing.assert_array_equal(transforms.resize_image(stripes, (4, 4)), np.full((4, 4, 3), 100, np.uint8))


def test_a_side_that_shrinks_is_averaged_while_the_other_grows():
    stripes = np.zeros((4, 8, 3), np.uint8)
    stripes[:, ::2] = 200
    np.testing.assert_array_equal(transforms.resize_image(stripes, (8, 4)), np.full((8, 4, 3), 100, np.uint8))


@pytest.mark.parametrize("size", [(240, 320), (192, 256), (160, 288), (96, 128)])
def test_the_way_back_undoes_the_way_in(size):
    """A linear ramp keeps its value at every pixel: the pixel centres of both resizes agree."""
    row = np.linspace(10, 245, 640)
    ramp = np.broadcast_to(row[None, :, None], (480, 640, 3)).astype(np.uint8)
    small = transforms.normalise(ramp, size, (0, 0, 0), (1, 1, 1))[0] * 255
    back = transforms.resize_map(small, (480, 640))
    margin = 640 // size[1] + 1
    np.testing.assert_allclose(back[0][:, margin:-margin], ramp[:, margin:-margin, 0], atol=1.1)
    assert abs(float((back[0] - ramp[..., 0])[:, margin:-margin].mean())) < 0.3


@pytest.mark.parametrize("size", [(48, 64), (45, 70), (6, 5)])
def test_resize_map_equals_torch(size):
    maps = random_logits(3)
    np.testing.assert_allclose(transforms.resize_map(maps, size), torch_resize(maps, size).numpy(), atol=1e-5)


@pytest.mark.parametrize("size", [(48, 64), (50, 67), (12, 16), (240, 320)])
@pytest.mark.parametrize("channels", [1, 2, 6, 40])
def test_exact_labels_are_the_argmax_of_resized_logits(size, channels):
    logits = random_logits(channels)
    resized = torch_resize(logits, size)
    expected = resized.argmax(0).numpy()
    labels = transforms.labels_exact(logits, size)
    assert labels.dtype == np.uint8 and labels.shape == size
    differ = labels != expected
    chosen = np.take_along_axis(resized.numpy(), labels[None].astype(np.int64), 0)[0]
    assert differ.mean() < 1e-4  # only where two logits agree to the last bits
    np.testing.assert_allclose(chosen[differ], resized.numpy().max(0)[differ], atol=1e-5)


@pytest.mark.parametrize("kind", ["noise", "ties"])
def test_exact_labels_are_bit_for_bit_the_argmax_of_all_resized_planes(kind):
    logits = random_logits() if kind == "noise" else np.round(random_logits())
    planes = np.stack([cv2.resize(plane, (71, 49), interpolation=cv2.INTER_LINEAR) for plane in logits])
    np.testing.assert_array_equal(transforms.labels_exact(logits, (49, 71)), planes.argmax(0))
    np.testing.assert_array_equal(transforms.resize_map(logits, (49, 71)), planes)


def test_ties_go_to_the_lowest_id():
    logits = np.zeros((4, 3, 3), np.float32)
    logits[0] = -1
    assert (transforms.labels_exact(logits, (6, 6)) == 1).all()
    assert (transforms.labels_fast(logits, (6, 6)) == 1).all()


def test_ids_are_never_interpolated():
    logits = np.zeros((3, 1, 2), np.float32)
    logits[0, 0, 0] = logits[2, 0, 1] = 9
    assert set(np.unique(transforms.labels_exact(logits, (8, 16)))) == {0, 2}


@pytest.mark.parametrize("shift", [0, transforms.SAFE_EXPONENT - 25, 25 - transforms.SAFE_EXPONENT, 200, -200])
def test_confidence_is_the_softmax_probability_of_the_winner(shift):
    """Wherever the logits lie: within what float32 holds the exponentials of, at both its ends, and beyond."""
    logits = random_logits() * 5 + np.float32(shift)
    labels, confidence = transforms.labels_and_confidence(logits, (48, 64))
    np.testing.assert_array_equal(labels, transforms.labels_exact(logits, (48, 64)))
    np.testing.assert_allclose(confidence, torch_resize(logits, (48, 64)).softmax(0).amax(0).numpy(), atol=1e-4)


def test_confidence_of_huge_logits_stays_finite():
    _, confidence = transforms.labels_and_confidence(random_logits() * 1e4, (48, 64))
    assert np.isfinite(confidence).all() and confidence.max() == 1


@pytest.mark.parametrize("size", [(48, 64), (44, 80), (52, 112)])  # sizes at which no pixel centre lies on a border
def test_fast_labels_take_the_nearest_network_pixel(size):
    logits = random_logits()
    rows = ((np.arange(size[0]) + 0.5) * 12 / size[0]).astype(int)
    columns = ((np.arange(size[1]) + 0.5) * 16 / size[1]).astype(int)
    expected = logits.argmax(0)[rows][:, columns]
    labels, confidence = transforms.labels_and_confidence_fast(logits, size)
    np.testing.assert_array_equal(transforms.labels_fast(logits, size), expected)
    np.testing.assert_array_equal(labels, expected)
    probability = torch.from_numpy(logits).softmax(0).amax(0).numpy()[rows][:, columns]
    np.testing.assert_allclose(confidence, probability, atol=1e-6)


def test_confidence_byte_rounds():
    assert transforms.confidence_byte(np.float32([[0, 0.25, 0.501, 1]])).tolist() == [[0, 64, 128, 255]]


def test_mask_byte_is_0_and_255():
    assert transforms.mask_byte(np.array([[True, False]])).tolist() == [[255, 0]]


@pytest.mark.parametrize("wrong", [np.zeros((1, 3, 4, 4), np.float32), np.zeros((3, 4, 4)), np.zeros((0, 4, 4), np.float32)])
def test_maps_of_another_kind_are_refused(wrong):
    for function in (transforms.resize_map, transforms.labels_exact, transforms.labels_fast, transforms.labels_and_confidence):
        with pytest.raises(InputError, match="expected \\(C, h, w\\) float32"):
            function(wrong, (8, 8))
