"""The package's node as its console entry starts it; and each frame's stage times are sent to the parent too."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from benchmarks.common.helper import end_with_parent
from mtdense_ros.ros import node
from mtdense_ros.ros.tools.helper_node import tell
from mtdense_ros.runtime.frame_statistics import Statistics

IN_NODE = ("decode", "pipeline", "publish")
"""The stages that follow one another in the node and cover a frame's whole way; the others are parts of the pipeline."""


def record_frames() -> None:
    """Sends every frame that is recorded for /diagnostics as an event too."""
    book = Statistics.published

    def published(self: Statistics, now_s: float, age_s: float, stamp_age_s: float, stages_ms: Mapping[str, float]) -> None:
        stages = {**stages_ms, "node": sum(stages_ms[name] for name in IN_NODE)}
        tell(event="frame", at_ns=time.monotonic_ns(), stamp_ns=time.time_ns() - round(1e9 * stamp_age_s), stages=stages)
        book(self, now_s, age_s, stamp_age_s, stages_ms)

    Statistics.published = published


if __name__ == "__main__":
    record_frames()
    end_with_parent()
    sys.exit(node.main())
