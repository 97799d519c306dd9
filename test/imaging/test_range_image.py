"""Range images: units, what is no depth, padding, byte order, thinning, and what is refused."""

import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.imaging.range_image import MAX_SAMPLES, range_samples


def samples_of(values, encoding, **changes):
    given = {"step": values.strides[0], "is_bigendian": values.dtype.byteorder == ">", **changes}
    return range_samples(values.tobytes(), values.shape[1], values.shape[0], encoding, **given)


def listed(samples):
    return list(zip(samples.rows.tolist(), samples.columns.tolist(), samples.metres.tolist(), strict=True))


def test_metres_are_taken_as_they_are_and_what_is_no_depth_is_left_out():
    values = np.array([[np.nan, 1.5, 0.0], [np.inf, -np.inf, -2.0], [np.nan, np.nan, 0.25]], np.float32)
    assert listed(samples_of(values, "32FC1")) == [(0, 1, 1.5), (2, 2, 0.25)]


def test_millimetres_become_metres_and_zero_is_no_depth():
    values = np.array([[0, 1500], [65535, 0]], np.uint16)
    assert listed(samples_of(values, "16UC1")) == [(0, 1, 1.5), (1, 0, pytest.approx(65.535))]


@pytest.mark.parametrize(("encoding", "kind"), [("32FC1", "f4"), ("16UC1", "u2")])
def test_byte_order_and_row_padding_are_honoured(encoding, kind):
    values = np.array([[1, 2], [0, 4]], ">" + kind)
    padded = np.pad(values, ((0, 0), (0, 3)), constant_values=7)
    found = range_samples(padded.tobytes(), 2, 2, encoding, padded.strides[0], is_bigendian=True)
    unit = 1.0 if kind == "f4" else 1e-3
    assert [row[:2] for row in listed(found)] == [(0, 0), (0, 1), (1, 1)]
    np.testing.assert_allclose(found.metres, np.array([1, 2, 4]) * unit)


def test_a_dense_image_is_thinned_evenly():
    found = samples_of(np.ones((480, 640), np.float32), "32FC1")
    assert MAX_SAMPLES / 2 < len(found.metres) <= MAX_SAMPLES
    per_band = np.bincount(found.rows // 48, minlength=10)
    assert per_band.max() - per_band.min() <= 2


def test_a_single_row_is_kept_whole():
    values = np.full((480, 640), np.nan, np.float32)
    values[200] = 2
    assert set(samples_of(values, "32FC1").columns) == set(range(640))


def test_nothing_known_is_no_error():
    assert listed(samples_of(np.zeros((4, 4), np.uint16), "16UC1")) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"encoding": "mono8"}, "'mono8' is not known; use 32FC1"), ({"step": 3}, "step 3"), ({"width": 9}, "9x2"), ({"height": 0}, "2x0")],
)
def test_what_does_not_fit_together_is_refused(changes, words):
    given = {"data": bytes(16), "width": 2, "height": 2, "encoding": "32FC1", "step": 8, **changes}
    with pytest.raises(InputError, match=words):
        range_samples(**given)
