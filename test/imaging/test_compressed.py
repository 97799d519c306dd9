"""JPEG and PNG files -> RGB and back, and what is refused before it is decoded."""

import contextlib
import struct
import zlib

import cv2
import numpy as np
import pytest

from mtdense_ros.imaging import compressed
from mtdense_ros.imaging.compressed import MAX_PIXELS, BadImage, decode_compressed, encode_jpeg
from mtdense_ros.parameters import Parameters


def smooth_picture():
    ramp = np.linspace(20, 220, 32).astype(np.uint8)
    return np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], np.uint8(60)), axis=-1)


@pytest.mark.parametrize("format", ["jpeg", "rgb8; jpeg compressed bgr8"])
def test_jpeg_there_and_back(format):
    picture = smooth_picture()
    result = decode_compressed(encode_jpeg(picture, 95), format)
    assert np.abs(result.astype(int) - picture).mean() < 2


@pytest.mark.parametrize("format", ["png", "bgr8; png compressed bgr8"])
def test_png_is_exact(format):
    picture = smooth_picture()
    data = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
    np.testing.assert_array_equal(decode_compressed(data, format), picture)


def test_grey_file_of_a_bayer_camera_is_a_mosaic_of_a_mono_camera_is_grey():
    mosaic = np.tile(np.uint8([[200, 90], [90, 30]]), (4, 4))
    data = cv2.imencode(".png", mosaic)[1].tobytes()
    assert decode_compressed(data, "bayer_rggb8; png compressed bayer_rggb8")[3, 3].tolist() == [200, 90, 30]
    assert decode_compressed(data, "mono8; png compressed mono8")[0, 0].tolist() == [200, 200, 200]


def test_rotation_by_exif_is_not_applied():
    jpeg = encode_jpeg(np.zeros((8, 16, 3), np.uint8))
    tiff = b"MM\x00*\x00\x00\x00\x08" + b"\x00\x01" + b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00" + bytes(4)
    body = b"Exif\x00\x00" + tiff
    rotated = jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]
    assert cv2.imdecode(np.frombuffer(rotated, np.uint8), cv2.IMREAD_COLOR).shape == (16, 8, 3)
    assert decode_compressed(rotated, "jpeg").shape == (8, 16, 3)


@pytest.mark.parametrize("extension", [".jpg", ".png"])
def test_cut_short_file_is_refused(extension):
    data = cv2.imencode(extension, smooth_picture())[1].tobytes()
    with pytest.raises(BadImage, match="cut short"):
        decode_compressed(data[: len(data) // 2], "jpeg")


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8 broken \xff\xd9"])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(BadImage, match="compressed image"):
        decode_compressed(data, "32FC1; compressedDepth")


def png(width, height):
    """A whole file that declares a size, with one row of pixels in it."""

    def chunk(kind, body):
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(1 + 3 * min(width, 1000))))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def jpeg(width, height):
    """A small file whose frame header declares another size."""
    data = bytearray(encode_jpeg(np.zeros((8, 8, 3), np.uint8)))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.fixture
def no_decoder(monkeypatch):
    """Fails where OpenCV is asked to decode."""

    def refuse(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr(compressed.cv2, "imdecode", refuse)


@pytest.mark.parametrize("file", [png, jpeg])
@pytest.mark.parametrize(("width", "height"), [(65500, 65500), (12000, 12000), (5001, 5000)])
def test_a_file_that_declares_too_much_is_refused_before_it_is_decoded(file, width, height, no_decoder):
    with pytest.raises(BadImage, match=rf"declares {width}x{height}, more than {MAX_PIXELS} pixels.*max_image_pixels"):
        decode_compressed(file(width, height), "jpeg")


@pytest.mark.parametrize("file", [png, jpeg])
def test_the_limit_is_the_callers(file, no_decoder):
    with pytest.raises(AssertionError, match="decoded"):
        decode_compressed(file(40, 30), "jpeg", max_pixels=1200)
    with pytest.raises(BadImage, match="declares 40x30, more than 1199 pixels"):
        decode_compressed(file(40, 30), "jpeg", max_pixels=1199)


def test_the_parameter_has_the_same_default():
    assert Parameters().max_image_pixels == MAX_PIXELS


@pytest.mark.parametrize("file", [png, jpeg])
@pytest.mark.parametrize(("width", "height"), [(0, 8), (8, 0)])
def test_a_file_without_a_size_is_refused(file, width, height, no_decoder):
    with pytest.raises(BadImage, match="declares no size"):
        decode_compressed(file(width, height), "jpeg")


def test_the_size_of_a_jpeg_is_that_of_its_own_frame_header(no_decoder):
    """Not that of a thumbnail before it; bytes between segments and filling 0xFF are skipped, as libjpeg does."""
    thumbnail = jpeg(2, 2)
    data = jpeg(300, 200)
    inside = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    with pytest.raises(BadImage, match="declares 300x200"):
        decode_compressed(data[:2] + inside + b"\xff\x01" + b"junk" + b"\xff\xff" + data[2:], "jpeg", max_pixels=4)


@pytest.mark.parametrize("sampling", [cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444])
@pytest.mark.parametrize("progressive", [0, 1])
def test_every_kind_of_jpeg_tells_its_size(sampling, progressive, no_decoder):
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    data = cv2.imencode(".jpg", np.zeros((30, 50, 3), np.uint8), options)[1].tobytes()
    with pytest.raises(BadImage, match="declares 50x30"):
        decode_compressed(data, "jpeg", max_pixels=1)


def test_an_error_of_opencv_is_a_bad_image(monkeypatch):
    monkeypatch.setattr(compressed.cv2, "imdecode", lambda *_: cv2.resize(np.zeros((0, 0), np.uint8), (1, 1)))
    with pytest.raises(BadImage, match="cannot be decoded"):
        decode_compressed(encode_jpeg(np.zeros((8, 8, 3), np.uint8)), "jpeg")


@pytest.mark.slow
def test_damaged_files_never_raise_anything_else():
    """Every byte of a file replaced, one at a time, and every length cut."""
    for file in (encode_jpeg(smooth_picture()[:8, :8]), png(4, 1)):
        for position in range(len(file)):
            for damaged in (file[:position], file[:position] + bytes([255 - file[position]]) + file[position + 1 :]):
                with contextlib.suppress(BadImage):
                    decode_compressed(damaged, "jpeg", max_pixels=10_000)
