"""Messages of a camera, mutated: images, compressed images, camera_info and backgrounds as no driver should send them, from a seed.

A mutant holds the fields of its ROS message as plain values that the middleware can carry, so it serves with and without ROS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from mtdense_ros.imaging.encodings import supported

IMAGE, COMPRESSED, CAMERA_INFO, BACKGROUND = "image", "compressed image", "camera_info", "background"
KINDS = {IMAGE: 50, COMPRESSED: 25, CAMERA_INFO: 15, BACKGROUND: 10}
"""What is mutated, and how often of a hundred."""

_UINT32 = (0, 1, 2, 3, 7, 255, 65535, 2**31 - 1, 2**31, 2**32 - 1)
_NUMBERS = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, -1e300, math.inf, -math.inf, math.nan, 0.5, 1e9)
_WORDS = ("", "rgb", "RGB8", "rgb8 ", "8UC", "8UC5", "64FC1", "32FC1", "bayer_", "jpeg", "png", "h264", "é€", "a" * 300)
_BYTES_PER_PIXEL = {"rgb8": 3, "bgr8": 3, "8UC3": 3, "rgba8": 4, "bgra8": 4, "8UC4": 4, "rgb16": 6, "bgr16": 6, "rgba16": 8, "bgra16": 8}
_WIDE = ("mono16", "yuv422", "uyvy", "yuv422_yuy2", "yuyv")


@dataclass(frozen=True)
class Mutant:
    """A message of one of KINDS by its fields; `changes` names what was done to a good one."""

    kind: str
    message: SimpleNamespace
    changes: list[str] = field(default_factory=list)


def mutants(seed: int, kinds: dict[str, int] | None = None) -> Iterator[Mutant]:
    """Without end, always the same for a seed; kinds as KINDS."""
    random, weights = Random(seed), kinds or KINDS
    while True:
        (kind,) = random.choices(list(weights), list(weights.values()))
        yield _mutant(kind, random)


def _mutant(kind: str, random: Random) -> Mutant:
    make, changes_of = {
        IMAGE: (_image, _IMAGE_CHANGES),
        BACKGROUND: (_image, _IMAGE_CHANGES),
        COMPRESSED: (_compressed, _COMPRESSED_CHANGES),
        CAMERA_INFO: (_camera_info, _INFO_CHANGES),
    }[kind]
    message, done = make(random), []
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        change = random.choice(changes_of)
        change(message, random)
        done.append(change.__name__.lstrip("_"))
    return Mutant(kind, message, done)


def _size(random: Random) -> tuple[int, int]:
    """Height and width: mostly small, some degenerate, some the size of a camera; those of 4:2:0 and 4:2:2 need even ones."""
    if random.random() < 0.1:
        return random.choice(((1, 1), (1, 257), (263, 1), (2, 1024), (480, 640)))
    even = 2 if random.random() < 0.7 else 1
    return random.randint(1, 48) * even, random.randint(1, 64) * even


def _pixels(height: int, width: int, channels: int, random: Random) -> np.ndarray[Any, Any]:
    values = np.random.default_rng(random.getrandbits(32)).integers(0, 256, (height // 8 + 1, width // 8 + 1, channels), np.uint8)
    return np.ascontiguousarray(values.repeat(8, 0).repeat(8, 1)[:height, :width])


def _header(random: Random) -> SimpleNamespace:
    return SimpleNamespace(stamp_ns=random.randint(1, 2**61), frame_id=random.choice(("camera", "", "x" * 200)))


def row_bytes(encoding: str, width: int) -> int:
    """Of one row without padding."""
    wide = 2 if encoding in _WIDE or encoding.startswith("bayer") and encoding.endswith("16") else 1
    return width * _BYTES_PER_PIXEL.get(encoding, wide)


def _image(random: Random) -> SimpleNamespace:
    height, width = _size(random)
    encoding = random.choice(supported())
    step, rows = row_bytes(encoding, width), height * 3 // 2 if encoding.startswith("nv") else height
    data = _pixels(rows, step, 1, random).tobytes()
    return SimpleNamespace(
        header=_header(random), height=height, width=width, encoding=encoding, is_bigendian=random.choice((0, 0, 1)), step=step, data=data
    )


def _padded(m: SimpleNamespace, random: Random) -> None:
    """Rows with a tail that does not count, as drivers align them."""
    rows, padding = len(m.data) // max(m.step, 1), random.randint(1, 70)
    values = np.frombuffer(m.data, np.uint8)[: rows * m.step].reshape(rows, m.step)
    m.data, m.step = np.pad(values, ((0, 0), (0, padding)), constant_values=7).tobytes(), m.step + padding


def _longer(m: SimpleNamespace, random: Random) -> None:
    m.data = m.data + random.randbytes(random.randint(1, 500))


def _cut(m: SimpleNamespace, random: Random) -> None:
    m.data = m.data[: random.randint(0, max(len(m.data) - 1, 0))]


def _other_encoding(m: SimpleNamespace, random: Random) -> None:
    m.encoding = random.choice((*supported(), *_WORDS))


def _other_endian(m: SimpleNamespace, random: Random) -> None:
    m.is_bigendian = random.choice((0, 1, 2, 255))


def _other_size(m: SimpleNamespace, random: Random) -> None:
    name = random.choice(("height", "width", "step"))
    setattr(m, name, random.choice((*_UINT32, max(getattr(m, name) + random.randint(-3, 3), 0))))


def _other_header(m: SimpleNamespace, random: Random) -> None:
    m.header = SimpleNamespace(stamp_ns=random.choice((0, 1, 2**31 * 10**9, 10**9)), frame_id=random.choice(_WORDS))


def _noise(m: SimpleNamespace, random: Random) -> None:
    m.data = random.randbytes(len(m.data))


_IMAGE_CHANGES = (_padded, _longer, _cut, _other_encoding, _other_endian, _other_size, _other_header, _noise)


_FILES = (
    (".jpg", "jpeg"),
    (".jpg", "rgb8; jpeg compressed bgr8"),
    (".png", "png"),
    (".png", "bayer_rggb8; png compressed bayer_rggb8"),
)


def _compressed(random: Random) -> SimpleNamespace:
    height, width = _size(random)
    channels = random.choice((1, 3, 3, 4))
    suffix, format = random.choice(_FILES)
    picture = _pixels(height, width, channels, random)
    if suffix == ".png" and random.random() < 0.3:
        picture = picture.astype(np.uint16) * 257
    content = cv2.imencode(suffix, picture[..., :3] if suffix == ".jpg" else picture)[1].tobytes()
    return SimpleNamespace(header=_header(random), format=format, data=content)


def _flip(m: SimpleNamespace, random: Random) -> None:
    content = bytearray(m.data)
    for _ in range(random.choice((1, 1, 3, 20)) if content else 0):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    m.data = bytes(content)


def _other_format(m: SimpleNamespace, random: Random) -> None:
    m.format = random.choice(_WORDS)


def _bomb(m: SimpleNamespace, random: Random) -> None:
    """A header that declares far more than there is; PNG has the size at byte 16, JPEG behind the frame's marker."""
    content, at = bytearray(m.data), 16 if m.data.startswith(b"\x89PNG") else m.data.find(b"\xff\xc0") + 5
    content[at : at + 4] = random.choice((b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x27\x10\x27\x10", b"\x7f\xff\xff\xff"))
    m.data = bytes(content)


def _twice(m: SimpleNamespace, random: Random) -> None:
    m.data = m.data + m.data


def _no_file(m: SimpleNamespace, random: Random) -> None:
    m.data = random.choice((b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", random.randbytes(200), b"\xff\xd8\xff\xd9"))


_COMPRESSED_CHANGES = (_flip, _flip, _cut, _longer, _other_format, _bomb, _twice, _no_file, _other_header)


def _camera_info(random: Random) -> SimpleNamespace:
    height, width = _size(random)
    focal, model = random.uniform(10, 2000), random.choice(("plumb_bob", "rational_polynomial", "equidistant"))
    d = [random.uniform(-0.1, 0.1) for _ in range({"plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4}[model])]
    k = [focal, 0.0, width / 2, 0.0, focal, height / 2, 0.0, 0.0, 1.0]
    p = [focal, 0.0, width / 2, 0.0, 0.0, focal, height / 2, 0.0, 0.0, 0.0, 1.0, 0.0]
    roi = SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0, do_rectify=False)
    r = np.eye(3).ravel().tolist()
    return SimpleNamespace(
        header=_header(random), height=height, width=width, distortion_model=model, d=d, k=k, r=r, p=p, binning_x=0, binning_y=0, roi=roi
    )


def _other_number(m: SimpleNamespace, random: Random) -> None:
    values = getattr(m, random.choice("dkrp"))
    if values:
        values[random.randrange(len(values))] = random.choice(_NUMBERS)


def _other_coefficients(m: SimpleNamespace, random: Random) -> None:
    m.d = [random.choice((*_NUMBERS, 0.01, -0.2)) for _ in range(random.choice((0, 1, 4, 5, 8, 12, 14, 40)))]


def _other_model(m: SimpleNamespace, random: Random) -> None:
    m.distortion_model = random.choice(("plumb_bob", "rational_polynomial", "equidistant", "fisheye", "", "kannala", "é" * 40))


def _other_region(m: SimpleNamespace, random: Random) -> None:
    setattr(m.roi, random.choice(("x_offset", "y_offset", "width", "height")), random.choice((*_UINT32, 8, 16)))


def _other_binning(m: SimpleNamespace, random: Random) -> None:
    setattr(m, random.choice(("binning_x", "binning_y")), random.choice((*_UINT32, 2, 4)))


def _other_extent(m: SimpleNamespace, random: Random) -> None:
    setattr(m, random.choice(("height", "width")), random.choice(_UINT32))


_INFO_CHANGES: tuple[Callable[[SimpleNamespace, Random], None], ...] = (
    _other_number, _other_number, _other_coefficients, _other_model, _other_region, _other_binning, _other_extent, _other_header,
)  # fmt: skip
