"""Tables of the node: phases of three processes, its start, and its memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.common import batches
from benchmarks.common.statistics import (
    Phase,
    by_round,
    chosen,
    complete,
    lost,
    median,
    output_ages,
    percentiles,
    quotient,
    rate,
    set_ages,
    stage,
    without_network,
)
from benchmarks.common.tables import hertz, size_text, spread
from mtdense_ros.utils.tables import markdown_table, number

YARDSTICKS = ("naive, queue 10", "naive, queue 1")


def cases(phases: Sequence[Phase]) -> list[tuple[str, float]]:
    """The (variant, rate) pairs in the order in which they were measured, rates of a variant together."""
    seen = dict.fromkeys((p["variant"], p["rate"]) for p in phases)
    order = list(dict.fromkeys(variant for variant, _ in seen))
    return sorted(seen, key=lambda case: order.index(case[0]))


def end_to_end(phases: Sequence[Phase]) -> str:
    """Every variant at every rate of the camera, over all rounds."""
    rows = []
    for variant, rate_hz in cases(phases):
        of = chosen(phases, variant, rate_hz)
        ages, network = percentiles(set_ages(of)), median(stage(of, "network"))
        rows.append((
            variant,
            hertz(rate_hz),
            number(median([rate(p) for p in of])),
            *(number(age) for age in ages),
            number(network) if variant != "relay" else "-",
            number(median(without_network(of))),
            number(median([p["cores"]["node"] for p in of]), 2),
            number(max(p["rss_mb"] for p in of), 0),
            f"{sum(map(lost, of))} of {sum(p['finished'] for p in of)}",
        ))  # fmt: skip
    head = ("node", "camera", "fps", "age p50", "p95", "p99", "network p50", "outside it p50", "cores", "RSS MB", "lost frames")
    return markdown_table(head, rows)


def against_naive(phases: Sequence[Phase]) -> str:
    """How many times the naive nodes' rate, and how many times less age, at 30 Hz: median over the rounds, and their range."""
    rows = []
    references = [chosen(phases, name, 30.0) for name in YARDSTICKS]
    for variant in dict.fromkeys(p["variant"] for p in phases):
        of = chosen(phases, variant, 30.0)
        if of and variant not in (*YARDSTICKS, "relay"):
            fps = [by_round(of, reference, lambda p: rate(p[0])) for reference in references]
            younger = [by_round(reference, of, lambda p: median(set_ages(p))) for reference in references]
            rows.append((variant, *(spread(values) for pair in zip(fps, younger, strict=True) for values in pair)))
    return markdown_table(("node", "fps, x queue 10's", "age, queue 10's / its", "fps, x queue 1's", "age, queue 1's / its"), rows)


def by_output(phases: Sequence[Phase]) -> str:
    """The age of each output at 30 Hz."""
    outputs = phases[0]["outputs"]
    rows = []
    for variant in dict.fromkeys(p["variant"] for p in phases):
        of = chosen(phases, variant, 30.0)
        if of:
            rows.append((variant, *(" / ".join(number(p) for p in percentiles(output_ages(of, output))) for output in outputs)))
    return markdown_table(("node", *outputs), rows)


def stages(phases: Sequence[Phase], rate_hz: float) -> str:
    """The node's median time of each stage at this rate; those of a frame's whole way, "node", last."""
    named = {variant: chosen(phases, variant, rate_hz) for variant in dict.fromkeys(p["variant"] for p in phases)}
    named = {variant: of for variant, of in named.items() if stage(of, "publish")}
    names = [name for name in dict.fromkeys(name for of in named.values() for p in of for name in p["stages"]) if name != "node"]
    rows = [(variant, *(number(median(stage(of, name)), 2) for name in [*names, "node"])) for variant, of in named.items()]
    return markdown_table(("node", *names, "all"), rows)


def growth(phases: Sequence[Phase]) -> str:
    """Every camera size and number of sinks, over all rounds."""
    rows = []
    for camera, sinks in dict.fromkeys((tuple(p["camera"]), p["sinks"]) for p in phases):
        of = [p for p in phases if (tuple(p["camera"]), p["sinks"]) == (camera, sinks)]
        p50, p95, _ = percentiles(set_ages(of))
        inside = (number(median(stage(of, "network"))), number(median(without_network(of))), number(median(stage(of, "publish"))))
        cores = number(median([p["cores"]["node"] for p in of]), 2)
        memory = number(max(p["rss_mb"] for p in of), 0)
        rows.append((size_text(camera), str(sinks), number(p50), number(p95), *inside, cores, memory, str(sum(map(lost, of)))))
    head = ("camera", "sinks", "age p50", "p95", "network p50", "outside it p50", "of it publishing", "cores", "RSS MB", "lost frames")
    return markdown_table(head, rows)


def cameras(phases: Sequence[Phase]) -> str:
    """Every number of cameras at every rate, over all rounds: rates of the slowest and the fastest camera, ages of all frames."""
    rows = []
    for count, rate_hz in sorted(dict.fromkeys((p["count"], p["rate"]) for p in phases), key=lambda case: (case[1] == 0.0, case)):
        of = [p for p in phases if (p["count"], p["rate"]) == (count, rate_hz)]
        rates = [median([rate(p) for p in of if p["camera"] == name]) for name in dict.fromkeys(p["camera"] for p in of)]
        p50, p95, _ = percentiles(set_ages(of))
        cores = median([p["cores"]["node"] for p in of])
        cost = number(quotient(1e3 * cores, median(rates) * count), 0)
        memory = number(max(p["rss_mb"] for p in of), 0)
        missing = f"{sum(map(unanswered, of))} of {sum(p['sent'] for p in of)}" if rate_hz else "-"
        rows.append((str(count), hertz(rate_hz), number(min(rates)), number(max(rates)), number(p50), number(p95), missing))
        rows[-1] += (str(lost_of_cameras(of)), number(cores, 2), cost, memory)
    head = ("cameras", "each at", "fps of the slowest", "of the fastest", "age p50", "p95", "frames without outputs", "lost")
    head += ("cores", "CPU ms a frame", "RSS MB")
    return markdown_table(head, rows)


def lost_of_cameras(phases: Sequence[Phase]) -> int:
    """Frames that the node published and of which an output never arrived; each round's phases have the count of all cameras."""
    by_round = {number: [p for p in phases if p["round"] == number] for number in dict.fromkeys(p["round"] for p in phases)}
    return sum(int(of[0]["finished"]) - sum(len(complete(p)) for p in of) for of in by_round.values())


def unanswered(phase: Phase) -> int:
    """Frames that the camera sent and of which not all outputs were received, whatever became of them."""
    return int(phase["sent"]) - len(complete(phase))


def memory_per_camera(phases: Sequence[Phase]) -> float:
    """By how many MB the node's memory grows with each camera, from the fewest to the most; NaN where that cannot be said."""
    by_count = {count: median([p["rss_mb"] for p in phases if p["count"] == count]) for count in sorted({p["count"] for p in phases})}
    if len(by_count) < 2:
        return math.nan
    (fewest, least), *_, (most, greatest) = by_count.items()
    return float((greatest - least) / (most - fewest))


def by_batch(measured: Sequence[Mapping[str, Any]]) -> str:
    """One call for all pictures that arrive together against one call each."""
    (one_ms,) = [median(each["ms"]) for each in measured if each["count"] == 1]
    rows = []
    for each in measured:
        call = median(each["ms"])
        ages = batches.ages_ms(call, one_ms, each["count"])
        per_picture = number(call / each["count"]), number(one_ms * each["count"] / call, 2)
        rows.append((str(each["count"]), *per_picture, *(number(age) for age in ages), number(each["memory_mb"], 0)))
    one_by_one, in_a_batch = ("mean age one by one", "greatest"), ("mean age in a batch", "greatest")
    head = ("pictures", "ms each in a batch", "x one by one", *one_by_one, *in_a_batch, "MB for it")
    return markdown_table(head, rows)


def startup(starts: Sequence[dict[str, float]]) -> str:
    """Each stage of the start, s: the median and the range over the starts."""
    names = dict.fromkeys(name for start in starts for name in start)
    values = {name: [start[name] for start in starts if name in start] for name in names}
    rows = [(name, *(number(value, 2) for value in (median(v), min(v), max(v)))) for name, v in values.items()]
    return markdown_table(("stage", "median s", "fastest", "slowest"), rows)


def idle(runs: Sequence[dict[str, float]]) -> str:
    """What node and camera take of a core in each run."""
    rows = [(str(i), *(number(run[key], 2) for key in ("node_percent", "camera_percent"))) for i, run in enumerate(runs, 1)]
    return markdown_table(("run", "node, % of a core", "camera, % of a core"), rows)


def memory(samples_: Sequence[dict[str, float]]) -> str:
    """Ten rows, evenly spaced, of the memory over time."""
    picked = sorted({round(i * (len(samples_) - 1) / 9) for i in range(10)})
    rows = [(number(s["minute"]), f"{s['frames']:.0f}", number(s["rss_mb"])) for s in (samples_[i] for i in picked)]
    return markdown_table(("minute", "frames", "RSS MB"), rows)
