"""What the raw samples of a phase say: complete sets, rates, ages, losses. Pure functions on what the JSON files hold.

A phase is one stretch of a run: {"variant", "round", "rate" (Hz, 0: as fast as the node takes them), "warm_up_s", "seconds",
"outputs", "frames", "stages", "finished", ...}. `frames` has a row per stamp of which any output was received: when it was stamped, in ms
since the phase began, then the age of each of `outputs` on its arrival in ms, None for one that never came. `stages` has the node's
own times in ms, one list per stage. `finished`: how many frames the node itself says that it has published.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

Phase = dict[str, Any]
Row = Sequence[float]

SHARES = (50, 95, 99)


def percentiles(values: Collection[float]) -> tuple[float, float, float]:
    """The 50th, 95th and 99th percentile, interpolated; NaN of nothing."""
    if not values:
        return (math.nan,) * 3
    p50, p95, p99 = np.percentile(np.asarray(list(values), float), SHARES)
    return float(p50), float(p95), float(p99)


def median(values: Collection[float]) -> float:
    """The median; NaN of nothing."""
    return percentiles(values)[0]


def sets(arrivals: Iterable[tuple[int, int, int]], count: int, begin_ns: int) -> list[list[float | None]]:
    """Rows of a phase's `frames`, in the order of stamps, from (index of the output, stamp, arrival), all in ns of one clock.

    count: outputs of a complete set; begin_ns: the phase's begin. Of an output that came twice the first counts; stamps from
    before the begin are left out.
    """
    ages: dict[int, list[float | None]] = {}
    for index, stamp, arrival in arrivals:
        row = ages.setdefault(stamp, [None] * count)
        if row[index] is None:
            row[index] = round((arrival - stamp) / 1e6, 2)
    return [[round((stamp - begin_ns) / 1e6, 2), *ages[stamp]] for stamp in sorted(ages) if stamp >= begin_ns]


def complete(phase: Phase) -> list[Row]:
    """The rows of a phase of which all outputs were received."""
    return [row for row in phase["frames"] if None not in row]


def measured(phase: Phase) -> list[Row]:
    """The complete sets whose last output came after the warm-up and before the camera ended."""
    begin, end = 1e3 * phase["warm_up_s"], 1e3 * (phase["warm_up_s"] + phase["seconds"])
    return [row for row in complete(phase) if begin <= completion_ms(row) < end]


def completion_ms(row: Row) -> float:
    """When the last output of a complete set came, in ms since the phase began."""
    return row[0] + set_age(row)


def set_age(row: Row) -> float:
    """The age of a complete set in ms: of its last output on its arrival."""
    return max(row[1:])


def rate(phase: Phase) -> float:
    """Complete sets per second after the warm-up; NaN of fewer than two."""
    times = sorted(completion_ms(row) for row in measured(phase))
    if len(times) < 2 or times[-1] == times[0]:
        return math.nan
    return 1e3 * (len(times) - 1) / (times[-1] - times[0])


def set_ages(phases: Iterable[Phase]) -> list[float]:
    """The ages of the measured sets of all phases, ms."""
    return [set_age(row) for phase in phases for row in measured(phase)]


def output_ages(phases: Iterable[Phase], output: str) -> list[float]:
    """The ages of one output in the measured sets of all phases, ms."""
    return [row[1 + phase["outputs"].index(output)] for phase in phases for row in measured(phase)]


def lost(phase: Phase) -> int:
    """Frames that the node published and of which an output was not received, of the whole phase with its warm-up.

    Every set that was received was published; frames that only the node counts have lost all their outputs.
    """
    whole = len(complete(phase))
    return max(phase["finished"], len(phase["frames"])) - whole


def stage(phases: Iterable[Phase], name: str) -> list[float]:
    """The node's own times of one stage, of all phases, ms."""
    return [ms for phase in phases for ms in phase["stages"].get(name, ())]


def without_network(phases: Sequence[Phase]) -> list[float]:
    """What the node spent on each frame, from the message taken to the messages given away, without the network: ms."""
    return [total - network for total, network in zip(stage(phases, "node"), stage(phases, "network"), strict=True)]


def around_network(phases: Sequence[Phase]) -> list[float]:
    """`without_network` without the publishing: decoding, pre- and post-processing, ms."""
    return [ms - publish for ms, publish in zip(without_network(phases), stage(phases, "publish"), strict=True)]


def chosen(phases: Iterable[Phase], variant: str, hertz: float | None = None) -> list[Phase]:
    """The phases of a variant, at this rate of the camera if one is given, in the order of their rounds."""
    found = [p for p in phases if p["variant"] == variant and (hertz is None or p["rate"] == hertz)]
    return sorted(found, key=lambda p: int(p["round"]))


def by_round(a: Sequence[Phase], b: Sequence[Phase], value: Any) -> list[float]:
    """value(a) / value(b) of each round that both have: the two ran in turns, so that each quotient met one state of the machine."""
    others = {p["round"]: p for p in b}
    return [quotient(value([p]), value([others[p["round"]]])) for p in a if p["round"] in others]


def quotient(a: float, b: float) -> float:
    """a / b; NaN where that is no number."""
    return a / b if b and math.isfinite(a) and math.isfinite(b) else math.nan
