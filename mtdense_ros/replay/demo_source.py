"""The package's own rendered sequence as a source, with its exact truth."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from mtdense_ros.datatypes import Frame
from mtdense_ros.replay.source import Source

if TYPE_CHECKING:
    from mtdense_ros.replay.demo_sequence import DemoFrame


class DemoSource(Source):
    """The frames of a robot's camera in a rendered room: an empty background first, then objects that enter and leave."""

    name = "the rendered demo sequence"
    info_topic = "/camera/camera_info"

    @cached_property
    def truth(self) -> list[DemoFrame]:
        """Each frame with its exact labels, depth, normals and foreground."""
        from mtdense_ros.replay.demo_sequence import load_demo

        return load_demo()

    def frames(self) -> Iterator[Frame]:
        """The rendered pictures."""
        return (shot.frame for shot in self.truth)
