"""JPEG and PNG files <-> RGB arrays: all that a compressed image message needs, without ROS."""

from __future__ import annotations

import cv2
import numpy as np

from mtdense_ros.errors import InputError
from mtdense_ros.imaging.encodings import Bytes, Image, supported, to_rgb
from mtdense_ros.utils.buffers import BufferPool

MAX_PIXELS = 25_000_000
"""The default limit of a declared size: more than the cameras of robots have, and less than a second of decoding."""

SIGNATURES = _JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_JPEG_END, _PNG_END = b"\xff\xd9", b"IEND"
_JPEG_WITHOUT_LENGTH = {0x00, 0x01, *range(0xD0, 0xD8)}
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1)
_JPEG_TOO_LATE = {0xD8, 0xD9, 0xDA}  # the size must stand before a second image, the end and the first scan

_READ_FLAGS = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_IGNORE_ORIENTATION  # a rotation by EXIF would not fit the camera_info


class BadImage(InputError):  # noqa: N818
    """A compressed image that cannot be decoded: truncated, damaged, neither JPEG nor PNG, or larger than the limit."""


def decode_compressed(data: Bytes, format: str, buffers: BufferPool | None = None, max_pixels: int = MAX_PIXELS) -> Image:
    """The RGB image in the data of a sensor_msgs/CompressedImage (JPEG or PNG; the content decides, not the name).

    `format` is what image_transport writes, for example "jpeg", "png" or "bayer_rggb8; png compressed bayer_rggb8"; a grey
    picture of a Bayer source is a mosaic and gets its colours. A file whose header declares more than max_pixels is refused
    before it is decoded, because a few kB can declare gigabytes. Returns (H, W, 3) uint8. Raises BadImage.
    """
    raw = np.frombuffer(data, np.uint8)
    content = raw.tobytes()
    if not content.startswith(SIGNATURES):
        raise BadImage(
            f"compressed image: {raw.size} bytes with format '{format}' are neither JPEG nor PNG; "
            "use image_transport raw or compressed (compressedDepth and video streams are not images)"
        )
    check_header(content, "compressed image", "check the sender, or raise max_image_pixels", max_pixels)
    failure = BadImage(f"compressed image: {raw.size} bytes with format '{format}' cannot be decoded; check the sender")
    try:
        picture = cv2.imdecode(raw, _READ_FLAGS)
    except cv2.error as error:
        raise failure from error
    if picture is None:
        raise failure
    image = np.asarray(picture, np.uint8)
    source = format.split(";")[0].strip()
    height, width = image.shape[:2]
    if image.ndim == 3:
        return to_rgb(image, width, height, "bgr8", 3 * width, buffers=buffers)
    mosaic = source.startswith("bayer_") and source in supported()
    return to_rgb(image, width, height, source.replace("16", "8") if mosaic else "mono8", width, buffers=buffers)


def encode_jpeg(rgb: Image, quality: int = 90, buffers: BufferPool | None = None) -> bytes:
    """A JPEG file of an RGB image (H, W, 3) uint8; quality 1..100."""
    bgr = (buffers or BufferPool()).array("bgr", rgb.shape, np.uint8)
    cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR, dst=bgr)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(encoded)


def check_header(raw: bytes, where: str, remedy: str, max_pixels: int = MAX_PIXELS) -> None:
    """Raises BadImage unless a file that begins with one of SIGNATURES is whole and declares an allowed size."""
    if raw.startswith(_JPEG):
        name, size, end = "JPEG", _jpeg_size(raw), _JPEG_END
    else:
        name, size, end = "PNG", _png_size(raw), _PNG_END
    found = f"{where}: {name} of {len(raw)} bytes"
    if end not in raw:  # OpenCV decodes a truncated file into a half-grey picture without an error
        raise BadImage(f"{found} has no end marker; it was cut short: copy or send it again")
    if size is None or not all(size):
        raise BadImage(f"{found} declares no size; it is damaged: copy or send it again")
    width, height = size
    if width * height > max_pixels:
        raise BadImage(f"{found} declares {width}x{height}, more than {max_pixels} pixels, and was not decoded; {remedy}")


def _png_size(raw: bytes) -> tuple[int, int] | None:
    """(width, height) of the IHDR chunk, which is always the first; None where it is not there."""
    if raw[12:16] != b"IHDR" or len(raw) < 24:
        return None
    return int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")


def _jpeg_size(raw: bytes) -> tuple[int, int] | None:
    """(width, height) of the first frame header, found as libjpeg finds it: what stands between segments is skipped."""
    position = len(_JPEG) - 1
    while (position := raw.find(b"\xff", position)) >= 0:
        while raw[position : position + 1] == b"\xff":
            position += 1
        marker = int.from_bytes(raw[position : position + 1], "big")
        segment = position + 1
        if marker in _JPEG_FRAMES and len(raw) >= segment + 7:
            return int.from_bytes(raw[segment + 5 : segment + 7], "big"), int.from_bytes(raw[segment + 3 : segment + 5], "big")
        if marker in _JPEG_TOO_LATE:
            return None
        position = segment if marker in _JPEG_WITHOUT_LENGTH else segment + int.from_bytes(raw[segment : segment + 2], "big")
    return None
