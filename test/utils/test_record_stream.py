"""Records through a stream and back; stamps in serialised messages of both byte orders."""

import io
import struct

import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.utils.record_stream import Record, index_records, read_records, stamp_ns, with_stamp, write_record

LITTLE = b"\0\1\0\0" + struct.pack("<iI", 3, 500) + b"rest"
BIG = b"\0\0\0\0" + struct.pack(">iI", 3, 500) + b"rest"


def stream_of(*records):
    stream = io.BytesIO()
    for record in records:
        write_record(stream, record)
    stream.seek(0)
    return stream


RECORDS = (Record("/a", "x/msg/X", 5, LITTLE), Record("/b", "y/msg/Y", 6, b"\n{"), Record("/a", "x/msg/X", 7, b""))


def test_round_trip():
    assert tuple(read_records(stream_of(*RECORDS))) == RECORDS


def test_index_points_at_the_bytes():
    stream = stream_of(*RECORDS)
    entries = list(index_records(stream))
    assert [(e.topic, e.message_type, e.time_ns, e.stamp_ns) for e in entries] == [
        ("/a", "x/msg/X", 5, 3_000_000_500),
        ("/b", "y/msg/Y", 6, 0),
        ("/a", "x/msg/X", 7, 0),
    ]
    whole = stream.getvalue()
    assert [whole[e.offset : e.offset + e.size] for e in entries] == [r.data for r in RECORDS]


def test_record_that_is_cut_short():
    whole = stream_of(*RECORDS[:2]).getvalue()
    with pytest.raises(InputError, match="'/b' is cut short"):
        list(read_records(io.BytesIO(whole[:-1])))
    assert [e.topic for e in index_records(io.BytesIO(whole[:-1]))] == ["/a"]
    assert [e.topic for e in index_records(io.BytesIO(whole[:-20]))] == ["/a"]


@pytest.mark.parametrize("data", [LITTLE, BIG])
def test_stamp(data):
    assert stamp_ns(data) == 3_000_000_500
    changed = with_stamp(data, 1_700_000_000_123_456_789)
    assert stamp_ns(changed) == 1_700_000_000_123_456_789
    assert changed[:4] == data[:4] and changed[12:] == b"rest"
