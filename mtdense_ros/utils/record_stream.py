"""Serialised messages on their way through pipes and files: a line of JSON that says what follows, then the bytes of one message."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from mtdense_ros.errors import InputError

_STAMP_OFFSET = 4  # behind the encapsulation's four bytes, where a message that begins with a std_msgs/Header has its stamp


@dataclass(frozen=True)
class Record:
    """A message: topic, type ("sensor_msgs/msg/Image"), when it was sent or received (ns, wall clock) and its bytes (CDR)."""

    topic: str
    message_type: str
    time_ns: int
    data: bytes


@dataclass(frozen=True)
class Entry:
    """Where a record lies in a file: all of it but the bytes. stamp_ns: of its header, when its type begins with one."""

    topic: str
    message_type: str
    time_ns: int
    offset: int
    size: int
    stamp_ns: int


def write_record(stream: IO[bytes], record: Record) -> None:
    """Appends a record; for a reader of a pipe, flush the stream afterwards."""
    head = {"topic": record.topic, "type": record.message_type, "time_ns": record.time_ns, "bytes": len(record.data)}
    stream.write(json.dumps(head).encode() + b"\n")
    stream.write(record.data)


def read_records(stream: IO[bytes]) -> Iterator[Record]:
    """The records of a stream, until its end; raises InputError on one that is cut short."""
    while line := stream.readline():
        head = json.loads(line)
        data = stream.read(head["bytes"])
        if len(data) < head["bytes"]:
            raise InputError(f"record stream: a message of '{head['topic']}' is cut short; its writer ended early")
        yield Record(head["topic"], head["type"], head["time_ns"], data)


def index_records(stream: IO[bytes]) -> Iterator[Entry]:
    """Where the records of a seekable stream lie; one that is cut short at the end, as a killed writer leaves it, is left out."""
    total = stream.seek(0, 2)
    stream.seek(0)
    while line := stream.readline():
        try:
            head = json.loads(line)
        except ValueError:
            return
        offset, size = stream.tell(), head["bytes"]
        if offset + size > total:
            return
        start = stream.read(min(size, _STAMP_OFFSET + 8))
        stream.seek(offset + size)
        yield Entry(head["topic"], head["type"], head["time_ns"], offset, size, stamp_ns(start) if len(start) >= 12 else 0)


def stamp_ns(data: bytes) -> int:
    """The stamp in ns of a serialised message that begins with a std_msgs/Header."""
    seconds, nanoseconds = struct.unpack_from(_order(data) + "iI", data, _STAMP_OFFSET)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def with_stamp(data: bytes, stamp: int) -> bytes:
    """The same message with another stamp (ns) in its header."""
    changed = bytearray(data)
    struct.pack_into(_order(data) + "iI", changed, _STAMP_OFFSET, stamp // 1_000_000_000, stamp % 1_000_000_000)
    return bytes(changed)


def _order(data: bytes) -> str:
    """Byte order of a CDR encapsulation, as struct names it: its second byte is odd for little-endian."""
    return "<" if data[1] & 1 else ">"
