"""A text inside a PNG file: its tEXt chunk (PNG specification, 11.3.3.2), so that a picture and its facts are one file."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AFTER_HEADER = len(SIGNATURE) + 12 + 13  # chunks follow the header chunk, IHDR, which has 13 bytes of data


def with_text(png: bytes, keyword: str, text: str) -> bytes:
    """The PNG file with a text under a keyword, both Latin-1; it goes before the image data."""
    data = b"tEXt" + keyword.encode("latin-1") + b"\0" + text.encode("latin-1")
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return png[:_AFTER_HEADER] + chunk + png[_AFTER_HEADER:]


def text_of(png: bytes, keyword: str) -> str | None:
    """The text under a keyword; None where the file has none, or the chunk is damaged."""
    at = len(SIGNATURE)
    while png.startswith(SIGNATURE) and at + 12 <= len(png):
        (size,) = struct.unpack_from(">I", png, at)
        data = png[at + 4 : at + 8 + size]
        name, _, text = data[4:].partition(b"\0")
        if data.startswith(b"tEXt") and name == keyword.encode("latin-1"):
            return text.decode("latin-1") if png[at + 8 + size : at + 12 + size] == struct.pack(">I", zlib.crc32(data)) else None
        at += 12 + size
    return None
