"""Tables of what was done to imaging, pipeline and node with mutated messages and over a long time."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from mtdense_ros.utils.tables import markdown_table, number

OUTCOMES = ("processed", "dropped", "late", "refused", "unheard")


def fuzz(content: Mapping[str, Any]) -> str:
    """Mutants by kind."""
    rows = [(kind["kind"], str(kind["accepted"]), str(kind["refused"])) for kind in content["kinds"]]
    return markdown_table(("mutants of", "accepted", "refused"), rows)


def fuzz_live(runs: Sequence[Mapping[str, Any]]) -> str:
    """The node's counters for each transport."""
    rows = [(run["transport"], str(run["sent"]), str(run["received"]), *(str(run[name]) for name in OUTCOMES)) for run in runs]
    return markdown_table(("transport", "mutants sent", "frames received", *OUTCOMES), rows)


def soak(content: Mapping[str, Any]) -> str:
    """The counters of all sessions, what was done, and what the process took by fifths of the time."""
    counted, samples = content["counted"], content["samples"]
    counters = markdown_table(("frames received", *OUTCOMES), [(str(counted["received"]), *(str(counted[name]) for name in OUTCOMES))])
    done = markdown_table(("done to it", "times"), [(name, str(times)) for name, times in content["done"].items()])
    size = max(len(samples) // 5, 1)
    parts = [samples[i * size : (i + 1) * size] for i in range(5)]
    rows = [
        (
            f"{part[0]['minute']:.1f} to {part[-1]['minute']:.1f}",
            *(number(value, 0) for name in ("rss_mb", "threads", "files") for value in (least(part, name), median(part, name))),
        )
        for part in parts
        if part
    ]
    taken = markdown_table(("minutes", "RSS MB least", "median", "threads least", "median", "files least", "median"), rows)
    return f"{counters}\n{done}\n{taken}"


def least(samples: Sequence[Mapping[str, float]], name: str) -> float:
    return min(sample[name] for sample in samples)


def median(samples: Sequence[Mapping[str, float]], name: str) -> float:
    return statistics.median(sample[name] for sample in samples)
