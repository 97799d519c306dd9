"""Tables of the node: phases of three processes, its start, and its memory."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.common.statistics import (
    Phase,
    by_round,
    chosen,
    lost,
    median,
    output_ages,
    percentiles,
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
