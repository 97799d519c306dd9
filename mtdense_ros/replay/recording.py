"""A node's inputs and outputs as the recorder wrote them: an index by topic and stamp, and the arrays behind it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelClass, LabelSpace
from mtdense_ros.replay.messages import DIAGNOSTICS, LABEL_INFO, STRING, array_of, deserialise
from mtdense_ros.utils.record_stream import Entry, Record, index_records

ARRAYS = ("labels", "confidence", "depth", "normals", "foreground", "points")
"""The outputs that hold a network's results; the others are made from them."""


class Recording:
    """The records of one run. node: its full name."""

    def __init__(self, path: Path, node: str = "/mtdense") -> None:
        self.path = path
        self._node = node
        with path.open("rb") as stream:
            self.entries = list(index_records(stream))
        self._by_stamp: dict[str, dict[int, Entry]] = {}
        for entry in self.entries:
            self._by_stamp.setdefault(entry.topic, {})[entry.stamp_ns] = entry

    def outputs(self) -> tuple[str, ...]:
        """The topics below the node's name that carried frames, in the order of their first message."""
        prefix = f"{self._node}/"
        topics = (t for t, found in self._by_stamp.items() if t.startswith(prefix) and not _is_transient_local(found))
        return tuple(t.removeprefix(prefix) for t in topics)

    def arrivals(self, output: str) -> dict[int, int]:
        """For an output, stamp -> time of arrival, both in ns."""
        return {stamp: entry.time_ns for stamp, entry in self._by_stamp.get(f"{self._node}/{output}", {}).items()}

    def results(self, stamp_ns: int, names: Collection[str] = ARRAYS) -> dict[str, NDArray[Any]]:
        """The outputs of one frame as `Pipeline.process` gave them; those that were not received are left out."""
        entries = {name: self._by_stamp.get(f"{self._node}/{name}", {}).get(stamp_ns) for name in names}
        return {name: array_of(self.read(e).data, e.message_type) for name, e in entries.items() if e is not None}

    def legend(self) -> dict[str, Any]:
        """The node's legend; empty when none was received."""
        found = self._by_stamp.get(f"{self._node}/legend", {})
        for entry in found.values():
            return dict(json.loads(deserialise(self.read(entry).data, STRING).data))
        return {}

    def diagnostics(self) -> dict[str, str]:
        """The values of the last "frames" status, and its hardware id as "device"; empty when none was received."""
        for status in self._statuses():
            if status.name == f"{self._node.lstrip('/')}: frames":
                return {"device": status.hardware_id, **{v.key: v.value for v in status.values}}
        return {}

    def faults(self) -> dict[str, str]:
        """The faults that held at any time, each with its last message."""
        found: dict[str, str] = {}
        for status in self._statuses():
            name = status.name.rpartition(": ")[2]
            if name != "frames" and status.level != 0:
                found.setdefault(name, status.message)
        return found

    def _statuses(self) -> Iterator[Any]:
        """All statuses of the node's diagnostics, the newest first."""
        for entry in reversed(self.entries):
            if entry.message_type == DIAGNOSTICS:
                yield from deserialise(self.read(entry).data, DIAGNOSTICS).status

    def read(self, entry: Entry) -> Record:
        """The record of an entry."""
        with self.path.open("rb") as stream:
            stream.seek(entry.offset)
            return Record(entry.topic, entry.message_type, entry.time_ns, stream.read(entry.size))


def label_space_of(legend: dict[str, Any]) -> LabelSpace | None:
    """The classes of a legend; None when it has none."""
    classes = tuple(LabelClass(c["id"], c["name"], tuple(c["color"])) for c in legend.get("classes", ()))
    return LabelSpace("recorded", classes) if classes else None


def _is_transient_local(found: dict[int, Entry]) -> bool:
    return all(e.message_type in (STRING, LABEL_INFO) for e in found.values())
