"""What the package sets itself as targets, against what was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.common import around_tables, network_tables, node_tables
from benchmarks.common.statistics import (
    Phase,
    around_network,
    by_round,
    chosen,
    lost,
    median,
    percentiles,
    quotient,
    rate,
    set_ages,
    stage,
    without_network,
)
from mtdense_ros.utils.tables import markdown_table, number

PEAK = 0.0
FRAME_MS = 1e3 / 30.0
DEFAULT_ENGINE = ("openvino", "fp32")
"""What the engine `auto` takes on a CPU with everything installed."""

BENCHMARK_SIZE = [480, 640]
ON_CUDA_MS, ON_CUDA_P95_MS = 1.5, 6.0
QUIET_LOAD = 1.0
"""Up to this load before a benchmark the machine counts as free."""

SAME = 1.1
"""Two medians that differ by less than this factor are the same: rounds of one variant differ by as much."""


@dataclass(frozen=True)
class Target:
    """text: what; limit: at least it where `at_least`, at most it otherwise; value: NaN where it was not measured."""

    text: str
    limit: float
    value: float
    at_least: bool = False
    unit: str = ""
    decimals: int = 1

    @property
    def verdict(self) -> str:
        """reached, missed or not measured."""
        if not math.isfinite(self.value):
            return "not measured"
        return "reached" if (self.value >= self.limit if self.at_least else self.value <= self.limit) else "missed"

    def row(self) -> tuple[str, str, str, str]:
        wanted = f"{'at least' if self.at_least else 'at most'} {number(self.limit, self.decimals, self.unit)}"
        return self.text, wanted, number(self.value, self.decimals, self.unit), self.verdict


def end_to_end(phases: Sequence[Phase], copies_ms: Sequence[float] = ()) -> list[Target]:
    """Of the node in three processes, with a subscriber to all outputs. copies_ms: of a picture to the GPU and the maps back."""
    fp32, bf16 = chosen(phases, "fp32", 30.0), chosen(phases, "bf16", 30.0)
    queue_10, queue_1 = (chosen(phases, name, 30.0) for name in node_tables.YARDSTICKS)
    peaks = {name: chosen(phases, name, PEAK) for name in ("fp32", "bf16", "naive, queue 10")}
    slow = chosen(phases, "fp32", 10.0)
    network_10, network_30 = (median(stage(of, "network")) for of in (slow, fp32))
    late_30 = 1.15 * network_30 + FRAME_MS + 10
    ours = [p for p in phases if p["variant"] not in (*node_tables.YARDSTICKS, "relay")]
    return [
        _times("fp32: frames per second, times the naive node's, camera at 30 Hz", 8, fp32, queue_10, _rate),
        _times("fp32: the same at the peak rate", 8, peaks["fp32"], peaks["naive, queue 10"], _rate),
        _times("fp32: median age at 30 Hz, times less than the naive node's with a queue of 10", 12, queue_10, fp32, _age),
        _times("fp32: the same, with a queue of 1", 8, queue_1, fp32, _age),
        Target("fp32: the node's work outside the network, of the network's time, 10 Hz", 15, 100 * _without_network(slow), unit=" %"),
        Target("fp32: p95 of the age over the network's p50, 10 Hz", 1.5, quotient(_p95(slow), network_10), decimals=2),
        Target("fp32: pre- and post-processing, 10 Hz", 6, median(around_network(slow)), unit=" ms"),
        Target("fp32: p95 of the age at 30 Hz; 1.15 x the network's p50 + one period + 10 ms", late_30, _p95(fp32), unit=" ms"),
        Target("ours: frames that lost an output", 0, sum(map(lost, ours)) if ours else math.nan, decimals=0),
        Target("fp32: median age at 30 Hz, camera's queue of 1 or 10, the slower over the other", SAME, _by_depth(phases), decimals=2),
        _times("bf16: frames per second, times the naive node's, camera at 30 Hz", 15, bf16, queue_10, _rate),
        _times("bf16: the same at the peak rate", 15, peaks["bf16"], peaks["naive, queue 10"], _rate),
        *_on_cuda(chosen(phases, "cuda fp16", 10.0), chosen(phases, "relay", 30.0), copies_ms),
    ]  # fmt: skip


def network(runs: Sequence[dict[str, Any]]) -> list[Target]:
    """Of the network alone."""
    mask = 100 * network_tables.mask_share(runs, *DEFAULT_ENGINE, BENCHMARK_SIZE)
    on_cuda = [
        median(network_tables.samples(runs, engine, precision, BENCHMARK_SIZE, "all"))
        for engine, precision in network_tables.engines(runs)
        if engine == "cuda"
    ]
    return [
        Target(f"the mask with a cached background, of the frame's network time ({' '.join(DEFAULT_ENGINE)})", 15, mask, unit=" %"),
        Target("GPU: the network with all heads at 640x480", ON_CUDA_MS, min(on_cuda, default=math.nan), unit=" ms", decimals=2),
    ]


def whole_frames(content: dict[str, Any]) -> list[Target]:
    """Of whole frames at 640x480, all outputs, in one process without ROS."""
    cloud = around_tables.multiple(content["steps"], around_tables.CLOUD)
    return [
        Target("pre- and post-processing of all outputs, 640x480", 6, median(around_tables.total(content["frames"])), unit=" ms"),
        Target("building the cloud, times a copy of its bytes", 2, cloud),
    ]


def startup(starts: Sequence[dict[str, float]]) -> list[Target]:
    """Of the start, seen from outside."""
    return [
        Target("from the start of the process to the first output, warm disk", 5, median([start["seen"] for start in starts]), unit=" s")
    ]


def idle(runs: Sequence[dict[str, float]]) -> list[Target]:
    """Of the node without a subscriber."""
    return [Target("nobody listens, camera at 30 Hz: of a core", 2, median([run["node_percent"] for run in runs]), unit=" %", decimals=2)]


def cameras(phases: Sequence[Phase], load_before: float) -> list[Target]:
    """Of several cameras in one node. Whether four of them lose frames, a machine that is busy with other programs cannot say."""
    four = [p for p in phases if p["count"] == 4 and p["rate"]]
    unanswered = sum(map(node_tables.unanswered, four)) if four and load_before <= QUIET_LOAD else math.nan
    return [
        Target("the node's memory, by each further camera of 640x480", 60, node_tables.memory_per_camera(phases), unit=" MB"),
        Target("4 cameras of 640x480 at 5 Hz, the card's input size: frames without outputs", 0, unanswered, decimals=0),
    ]


def table(targets: Sequence[Target]) -> str:
    """All of them with their verdicts."""
    return markdown_table(("target", "wanted", "measured", ""), (target.row() for target in targets))


def _on_cuda(node: Sequence[Phase], relay: Sequence[Phase], copies_ms: Sequence[float]) -> list[Target]:
    """Of the node on a GPU: it may add no more to its network than three times the copies, and what the transport takes in the same run."""
    limit = median(stage(node, "network")) + 3 * median(copies_ms) + _age(relay)
    return [
        Target("GPU: median age, 10 Hz; the network + 3 x the copies + the age through the relay", limit, _age(node), unit=" ms"),
        Target("GPU: p95 of the age, 10 Hz", ON_CUDA_P95_MS, _p95(node), unit=" ms"),
    ]


def _times(text: str, limit: float, more: Sequence[Phase], less: Sequence[Phase], value: Callable[[Sequence[Phase]], float]) -> Target:
    """The median over the rounds of one variant's figure over another's."""
    return Target(text, limit, median([q for q in by_round(more, less, value) if math.isfinite(q)]), at_least=True)


def _rate(phases: Sequence[Phase]) -> float:
    return rate(phases[0])


def _age(phases: Sequence[Phase]) -> float:
    return median(set_ages(phases))


def _p95(phases: Sequence[Phase]) -> float:
    return percentiles(set_ages(phases))[1]


def _without_network(phases: Sequence[Phase]) -> float:
    return quotient(median(without_network(phases)), median(stage(phases, "network")))


def _by_depth(phases: Sequence[Phase]) -> float:
    ages = [_age(chosen(phases, f"fp32, depth {depth}", 30.0)) for depth in (1, 10)]
    return quotient(max(ages), min(ages))
