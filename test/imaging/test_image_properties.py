"""Properties of the decoders for whatever comes: hypothesis looks for a counterexample."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mtdense_ros.errors import InputError
from mtdense_ros.imaging.compressed import decode_compressed
from mtdense_ros.imaging.encodings import supported, to_rgb

ENCODINGS = st.sampled_from(supported())
SIZES = st.integers(0, 40)
MANY = settings(max_examples=200, deadline=None, derandomize=True)


@MANY
@given(st.binary(max_size=4000), SIZES, SIZES, st.one_of(ENCODINGS, st.text(max_size=12)), st.integers(0, 400), st.booleans())
def test_an_image_is_decoded_at_its_size_or_refused(data, width, height, encoding, step, is_bigendian):
    try:
        rgb = to_rgb(data, width, height, encoding, step, is_bigendian)
    except InputError as error:
        assert str(error)
    else:
        assert rgb.shape == (height, width, 3) and rgb.dtype == np.uint8


@MANY
@given(st.data(), ENCODINGS, st.integers(1, 12), st.integers(1, 12), st.integers(0, 30), st.booleans())
def test_padding_and_what_follows_the_last_row_change_nothing(data, encoding, half_height, half_width, padding, is_bigendian):
    height, width = 2 * half_height, 2 * half_width
    rows = height * 3 // 2 if encoding.startswith("nv") else height
    row_bytes = next(n for n in range(1, 8 * width + 1) if not refused(bytes(rows * n), width, height, encoding, n))
    values = np.frombuffer(data.draw(st.binary(min_size=rows * row_bytes, max_size=rows * row_bytes)), np.uint8).reshape(rows, row_bytes)
    padded = np.pad(values, ((0, 0), (0, padding)), constant_values=201)
    expected = to_rgb(values.tobytes(), width, height, encoding, row_bytes, is_bigendian)
    found = to_rgb(padded.tobytes() + b"tail", width, height, encoding, row_bytes + padding, is_bigendian)
    np.testing.assert_array_equal(found, expected)


def refused(data, width, height, encoding, step):
    try:
        to_rgb(data, width, height, encoding, step)
    except InputError:
        return True
    return False


@MANY
@given(st.sampled_from((b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")), st.binary(max_size=600), st.text(max_size=20))
def test_bytes_that_claim_to_be_a_file_are_refused_or_decoded(signature, content, name):
    try:
        rgb = decode_compressed(signature + content, name, max_pixels=10_000)
    except InputError as error:
        assert str(error)
    else:
        assert rgb.ndim == 3 and rgb.shape[2] == 3


@MANY
@given(st.sampled_from((".jpg", ".png")), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8), st.integers(0, 400))
def test_a_damaged_file_never_declares_its_way_past_the_limit(suffix, changes, cut):
    content = bytearray(cv2.imencode(suffix, np.full((20, 30, 3), 90, np.uint8))[1].tobytes())
    for position, value in changes:
        content[position % len(content)] = value
    try:
        rgb = decode_compressed(bytes(content[: len(content) - cut]), "jpeg", max_pixels=1000)
    except InputError:
        return
    assert rgb.shape[0] * rgb.shape[1] <= 1000
