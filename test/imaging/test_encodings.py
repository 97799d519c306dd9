"""Image bytes -> RGB: every encoding against hand-made bytes, padding, endianness, and what is refused."""

import array

import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.imaging.encodings import UnknownEncoding, as_bytes, supported, to_rgb

RGB = np.array([[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [100, 110, 120]]], np.uint8)
BGR = RGB[..., ::-1]
ALPHA = np.full((2, 2, 1), 7, np.uint8)


def high_byte_image(rgb, byte_order):
    """16-bit samples whose high byte is the picture and whose low byte is noise."""
    return (rgb.astype(np.uint16) * 256 + 99).astype(f"{byte_order}u2")


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [
        ("rgb8", RGB),
        ("bgr8", BGR),
        ("8UC3", BGR),
        ("rgba8", np.concatenate([RGB, ALPHA], -1)),
        ("bgra8", np.concatenate([BGR, ALPHA], -1)),
        ("8UC4", np.concatenate([BGR, ALPHA], -1)),
    ],
)
def test_colour_channels_in_their_order(encoding, pixels):
    result = to_rgb(pixels.tobytes(), 2, 2, encoding, 2 * pixels.shape[2])
    np.testing.assert_array_equal(result, RGB)


@pytest.mark.parametrize("encoding", ["mono8", "8UC1"])
def test_grey_fills_three_channels(encoding):
    assert to_rgb(bytes([5, 6]), 2, 1, encoding, 2).tolist() == [[[5, 5, 5], [6, 6, 6]]]


@pytest.mark.parametrize(("byte_order", "is_bigendian"), [("<", False), (">", True)])
@pytest.mark.parametrize(
    ("encoding", "order"), [("rgb16", [0, 1, 2]), ("bgr16", [2, 1, 0]), ("rgba16", [0, 1, 2, 0]), ("bgra16", [2, 1, 0, 1])]
)
def test_16_bit_colour_keeps_the_high_byte(encoding, order, byte_order, is_bigendian):
    data = high_byte_image(RGB[..., order], byte_order).tobytes()
    np.testing.assert_array_equal(to_rgb(data, 2, 2, encoding, 4 * len(order), is_bigendian), RGB)


@pytest.mark.parametrize(("byte_order", "is_bigendian"), [("<", False), (">", True)])
def test_mono16_keeps_the_high_byte(byte_order, is_bigendian):
    data = high_byte_image(np.array([[3, 200]]), byte_order).tobytes()
    assert to_rgb(data, 2, 1, "mono16", 4, is_bigendian)[0, :, 0].tolist() == [3, 200]


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "mono8", "mono16", "bayer_rggb8", "uyvy", "yuyv", "nv12"])
def test_row_padding_changes_nothing(encoding):
    random = np.random.default_rng(1)
    rows, row_bytes = {"nv12": (9, 8), "mono8": (6, 8), "bayer_rggb8": (6, 8), "rgb8": (6, 24), "bgr8": (6, 24)}.get(encoding, (6, 16))
    tight = random.integers(0, 256, (rows, row_bytes), dtype=np.uint8)
    padded = np.concatenate([tight, random.integers(0, 256, (rows, 5), dtype=np.uint8)], axis=1)
    expected = to_rgb(tight.tobytes(), 8, 6, encoding, row_bytes)
    np.testing.assert_array_equal(to_rgb(padded.tobytes(), 8, 6, encoding, row_bytes + 5), expected)
    np.testing.assert_array_equal(to_rgb(padded.tobytes()[:-5], 8, 6, encoding, row_bytes + 5), expected)


# Which colour lies at the top-left, top-right, bottom-left and bottom-right of each 2x2 block, from the pattern's own name.
@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
@pytest.mark.parametrize("bits", [8, 16])
def test_bayer_pattern_is_named_from_the_top_left_pixel(pattern, bits):
    value = {"r": 200, "g": 90, "b": 30}
    block = np.array([value[c] for c in pattern], np.uint8).reshape(2, 2)
    mosaic = np.tile(block, (4, 4))
    data = mosaic if bits == 8 else high_byte_image(mosaic, "<")
    result = to_rgb(data.tobytes(), 8, 8, f"bayer_{pattern}{bits}", 8 * bits // 8)
    np.testing.assert_array_equal(result, np.broadcast_to(np.uint8([200, 90, 30]), (8, 8, 3)))


# BT.601 limited range: Y 81 U 90 V 240 is pure red, Y 145 U 54 V 34 pure green, Y 41 U 240 V 110 pure blue.
@pytest.mark.parametrize(("yuv", "rgb"), [((81, 90, 240), (255, 0, 0)), ((145, 54, 34), (0, 255, 0)), ((41, 240, 110), (0, 0, 255))])
@pytest.mark.parametrize("encoding", ["uyvy", "yuv422", "yuyv", "yuv422_yuy2", "nv12", "nv21"])
def test_yuv_primaries(encoding, yuv, rgb):
    y, u, v = yuv
    data = {
        "nv12": bytes([y] * 8 + [u, v] * 2),
        "nv21": bytes([y] * 8 + [v, u] * 2),
        "uyvy": bytes([u, y, v, y] * 4),
        "yuyv": bytes([y, u, y, v] * 4),
    }[{"yuv422": "uyvy", "yuv422_yuy2": "yuyv"}.get(encoding, encoding)]
    result = to_rgb(data, 4, 2, encoding, 4 if encoding.startswith("nv") else 8)
    assert result.shape == (2, 4, 3)
    np.testing.assert_allclose(result.astype(int), np.broadcast_to(rgb, (2, 4, 3)), atol=3)


def test_nv12_colour_belongs_to_its_own_2x2_block():
    data = bytes([81] * 2 + [41] * 2 + [81] * 2 + [41] * 2 + [90, 240, 240, 110])
    result = to_rgb(data, 4, 2, "nv12", 4).astype(int)
    np.testing.assert_allclose(result[:, :2], np.broadcast_to((255, 0, 0), (2, 2, 3)), atol=3)
    np.testing.assert_allclose(result[:, 2:], np.broadcast_to((0, 0, 255), (2, 2, 3)), atol=3)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, lambda b: array.array("B", b), lambda b: np.frombuffer(b, np.uint8)])
def test_any_buffer_is_taken_and_the_result_is_a_fresh_array(wrap):
    data = wrap(RGB.tobytes())
    result = to_rgb(data, 2, 2, "rgb8", 6)
    result[:] = 0
    assert bytes(data) == RGB.tobytes()
    assert result.flags.c_contiguous and result.dtype == np.uint8


def test_bytes_after_the_image_are_ignored():
    np.testing.assert_array_equal(to_rgb(RGB.tobytes() + b"tail", 2, 2, "rgb8", 6), RGB)


@pytest.mark.parametrize("encoding", supported())
def test_every_supported_encoding_converts_a_small_image(encoding):
    assert to_rgb(bytes(4 * 4 * 8), 4, 4, encoding, 4 * 8 if "16" in encoding or "a8" in encoding else 16).shape == (4, 4, 3)


@pytest.mark.parametrize(
    ("width", "height", "encoding", "step", "size", "words"),
    [
        (2, 2, "rgb8", 5, 12, ["step 5", "6 bytes"]),
        (2, 2, "rgb8", 6, 11, ["11 bytes", "needs 12"]),
        (2, 2, "mono16", 3, 8, ["step 3", "4 bytes"]),
        (0, 2, "rgb8", 0, 0, ["0x2", "empty"]),
        (2, 0, "rgb8", 6, 0, ["2x0", "empty"]),
        (3, 2, "uyvy", 6, 12, ["width 3", "even"]),
        (4, 3, "nv12", 4, 18, ["height 3", "even"]),
        (4, 2, "nv12", 4, 11, ["11 bytes", "needs 12"]),
    ],
)
def test_sizes_that_do_not_fit_are_refused_with_found_and_expected(width, height, encoding, step, size, words):
    with pytest.raises(InputError) as caught:
        to_rgb(bytes(size), width, height, encoding, step)
    assert all(word in str(caught.value) for word in words)
    assert not isinstance(caught.value, UnknownEncoding)


def test_unknown_encoding_is_its_own_error_and_names_the_nearest():
    with pytest.raises(UnknownEncoding, match="'rgb_8' is unknown; did you mean 'rgb8'"):
        to_rgb(bytes(12), 2, 2, "rgb_8", 6)
    with pytest.raises(UnknownEncoding, match="known: 8UC1"):
        to_rgb(bytes(12), 2, 2, "", 6)


@pytest.mark.parametrize("values", [RGB, np.arange(3, dtype=np.float32), np.array([[True, False]]), RGB[:, ::-1]])
def test_as_bytes_is_an_array_of_the_same_bytes(values):
    result = as_bytes(values)
    assert isinstance(result, array.array) and result.typecode == "B"
    assert result.tobytes() == values.tobytes()
