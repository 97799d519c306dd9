"""Markdown tables of the files of figures. What was not measured is a dash."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.common.statistics import (
    Phase,
    beside_network,
    by_round,
    chosen,
    lost,
    median,
    output_ages,
    percentiles,
    quotient,
    rate,
    set_ages,
    stage,
)

YARDSTICKS = ("naive, queue 10", "naive, queue 1")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


def number(value: float, decimals: int = 1, unit: str = "") -> str:
    """A figure, a dash for NaN."""
    return f"{value:.{decimals}f}{unit}" if math.isfinite(value) else "-"


def percent(share: float) -> str:
    """A share as a percentage."""
    return number(100 * share, 0 if share >= 0.995 else 1, " %")


def hertz(value: float) -> str:
    """The camera's rate, for people."""
    return f"{value:g} Hz" if value else "peak"


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
            number(median(beside_network(of))),
            number(median([p["cores"]["node"] for p in of]), 2),
            number(max(p["rss_mb"] for p in of), 0),
            f"{sum(map(lost, of))} of {sum(p['finished'] for p in of)}",
        ))  # fmt: skip
    head = ("node", "camera", "fps", "age p50", "p95", "p99", "network p50", "beside it p50", "cores", "RSS MB", "lost frames")
    return table(head, rows)


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
    return table(("node", "fps, x queue 10's", "age, queue 10's / its", "fps, x queue 1's", "age, queue 1's / its"), rows)


def spread(quotients: Sequence[float]) -> str:
    """The median of the rounds' quotients, with their range where there are several."""
    if not quotients or len(quotients) == 1:
        return number(median(quotients))
    return f"{number(median(quotients))} ({number(min(quotients))} to {number(max(quotients))})"


def by_output(phases: Sequence[Phase]) -> str:
    """The age of each output at 30 Hz."""
    outputs = phases[0]["outputs"]
    rows = []
    for variant in dict.fromkeys(p["variant"] for p in phases):
        of = chosen(phases, variant, 30.0)
        if of:
            rows.append((variant, *(" / ".join(number(p) for p in percentiles(output_ages(of, output))) for output in outputs)))
    return table(("node", *outputs), rows)


def network(runs: Sequence[dict[str, Any]], costs: Sequence[dict[str, Any]]) -> str:
    """Every engine, precision and size with all outputs: time, throughput, share of the peak of that precision."""
    rows = []
    for size in costs:
        torch_ms = median(samples(runs, "torch", "fp32", size["size"], "all"))
        for engine, precision in engines(runs):
            times = samples(runs, engine, precision, size["size"], "all")
            p50, p95, _ = percentiles(times)
            speed = quotient(1e3 * size["all"], p50)
            rows.append((
                f"{engine} {precision}",
                size_text(size["size"]),
                number(p50, 2),
                number(p95, 2),
                number(speed, 0),
                percent(quotient(speed, peak(runs, engine, precision))),
                number(quotient(torch_ms, p50), 2),
            ))  # fmt: skip
    return table(("engine", "size", "p50 ms", "p95 ms", "GMAC/s", "of the peak", "x torch fp32"), rows)


def only_what_is_heard(runs: Sequence[dict[str, Any]], costs: Sequence[dict[str, Any]]) -> str:
    """The time by what is asked for, and what the mask adds to the rest."""
    rows = []
    for size in costs:
        for engine, precision in engines(runs):
            times = {name: median(samples(runs, engine, precision, size["size"], name)) for name in size if name != "size"}
            mask = mask_share(runs, engine, precision, size["size"])
            rows.append((f"{engine} {precision}", size_text(size["size"]), *(number(ms, 2) for ms in times.values()), percent(mask)))
    names = [name for name in costs[0] if name != "size"]
    return table(("engine", "size", *(f"{name} ms" for name in names), "mask's share"), rows)


def mask_share(runs: Sequence[dict[str, Any]], engine: str, precision: str, size: Sequence[int]) -> float:
    """What the foreground adds to the other outputs, of the time of all."""
    everything, without = (median(samples(runs, engine, precision, size, name)) for name in ("all", "without foreground"))
    return quotient(everything - without, everything)


def samples(runs: Iterable[dict[str, Any]], engine: str, precision: str, size: Sequence[int], outputs: str) -> list[float]:
    """The times of all rounds, ms."""
    wanted = ("network", engine, precision, list(size))
    found = [run for run in runs if (run["kind"], run.get("engine"), run["precision"], run.get("size")) == wanted]
    return [ms for run in found for ms in run.get("ms", {}).get(outputs, ())]


def peak(runs: Iterable[dict[str, Any]], engine: str, precision: str) -> float:
    """The convolution's GMAC/s in this precision on this engine's device: its fastest round's median."""
    device = "cuda" if engine == "cuda" else "cpu"
    rounds = [run for run in runs if (run["kind"], run["device"], run["precision"]) == ("peak", device, precision)]
    return max((median(run["peak_gmac_s"]) for run in rounds if "peak_gmac_s" in run), default=math.nan)


def engines(runs: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """(engine, precision) of what was measured."""
    return list(dict.fromkeys((run["engine"], run["precision"]) for run in runs if run["kind"] == "network" and "ms" in run))


def size_text(size: Sequence[int]) -> str:
    """(height, width) as WIDTHxHEIGHT."""
    return f"{size[1]}x{size[0]}"


def growth(phases: Sequence[Phase]) -> str:
    """Every camera size and number of sinks, over all rounds."""
    rows = []
    for camera, sinks in dict.fromkeys((tuple(p["camera"]), p["sinks"]) for p in phases):
        of = [p for p in phases if (tuple(p["camera"]), p["sinks"]) == (camera, sinks)]
        p50, p95, _ = percentiles(set_ages(of))
        inside = (number(median(stage(of, "network"))), number(median(beside_network(of))), number(median(stage(of, "publish"))))
        cores = number(median([p["cores"]["node"] for p in of]), 2)
        memory = number(max(p["rss_mb"] for p in of), 0)
        rows.append((size_text(camera), str(sinks), number(p50), number(p95), *inside, cores, memory, str(sum(map(lost, of)))))
    head = ("camera", "sinks", "age p50", "p95", "network p50", "beside it p50", "of it publishing", "cores", "RSS MB", "lost frames")
    return table(head, rows)


def memory(samples_: Sequence[dict[str, float]]) -> str:
    """Ten rows, evenly spaced, of the memory over time."""
    picked = sorted({round(i * (len(samples_) - 1) / 9) for i in range(10)})
    rows = [(number(s["minute"]), f"{s['frames']:.0f}", number(s["rss_mb"])) for s in (samples_[i] for i in picked)]
    return table(("minute", "frames", "RSS MB"), rows)
