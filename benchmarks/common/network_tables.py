"""Tables of the network alone: the runs of benchmarks.network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.common.statistics import median, percentiles, quotient
from benchmarks.common.tables import percent, size_text
from mtdense_ros.utils.tables import markdown_table, number


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
    return markdown_table(("engine", "size", "p50 ms", "p95 ms", "GMAC/s", "of the peak", "x torch fp32"), rows)


def by_outputs(runs: Sequence[dict[str, Any]], costs: Sequence[dict[str, Any]]) -> str:
    """The time by the requested outputs, and what the mask adds to the others."""
    rows = []
    for size in costs:
        for engine, precision in engines(runs):
            times = {name: median(samples(runs, engine, precision, size["size"], name)) for name in size if name != "size"}
            mask = mask_share(runs, engine, precision, size["size"])
            rows.append((f"{engine} {precision}", size_text(size["size"]), *(number(ms, 2) for ms in times.values()), percent(mask)))
    names = [name for name in costs[0] if name != "size"]
    return markdown_table(("engine", "size", *(f"{name} ms" for name in names), "mask's share"), rows)


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
