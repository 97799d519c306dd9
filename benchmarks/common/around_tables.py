"""The tables of what is around the network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from benchmarks.common.statistics import median, percentiles
from mtdense_ros.utils.tables import markdown_table, number

STAGES = ("decode", "preprocess", "postprocess", "scale", "results", "messages")
"""In the order of the frame's way; the network's own time is none of them."""

CLOUD = "cloud, 20 bytes per point"


def total(samples: Collection[dict[str, float]]) -> list[float]:
    """All stages of each frame together, ms: what passes from the first to the last, without the network."""
    return [sample["decode"] + sample["pipeline"] - sample.get("network", 0.0) + sample["messages"] for sample in samples]


def multiple(steps: Sequence[dict[str, Any]], name: str) -> float:
    """A step's time over that of a copy of its bytes, NaN where it was not measured."""
    return median([step["multiple"] for step in steps if step["step"] == name])


def frames(samples: Collection[dict[str, float]]) -> str:
    """ms per stage, and as multiples of a copy of the cloud's 6 MB that followed each frame."""
    copy = median([sample["copy"] for sample in samples])
    rows = [(name, [sample[name] for sample in samples]) for name in STAGES]
    lines = [
        (name, *(number(ms, 2) for ms in percentiles(of)[:2]), number(median(of) / copy, 2))
        for name, of in [*rows, ("all", total(samples)), ("copy of the cloud", [sample["copy"] for sample in samples])]
    ]
    return markdown_table(("stage", "p50 ms", "p95 ms", "copies of the cloud"), lines)


def steps(measured: Sequence[dict[str, Any]]) -> str:
    """ms per step, and as multiples of a copy of its result."""
    rows = [
        (step["step"], number(step["ms"], 2), number(step["copy_ms"], 3), number(step["multiple"]))
        for step in measured
    ]
    return markdown_table(("step", "ms", "copy of the result, ms", "multiple"), rows)
