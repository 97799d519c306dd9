"""The interface of every data set: samples by index, and what their values mean."""

from __future__ import annotations

from typing import Protocol

from mtdense_ros.data.sample import Sample


class Source(Protocol):
    """An opened data set.

    name: for logs and cards; licence: of the data, "unknown" where nobody said; targets: which targets its samples can have;
    label_space: of its labels, as for label_spaces.load_label_space, None without labels; depth_kind: "metric" (m), "relative", or None
    without depth. A sample is a pure function of its index, and several threads may ask at once.
    """

    name: str
    licence: str
    targets: tuple[str, ...]
    label_space: str | None
    depth_kind: str | None

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...
