"""What frames cost: measured over a window, and as foreseen at other settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Sample:
    """The cost of one frame.

    It arrived at arrived_s, and its last output was published at done_s (s, monotonic). work_ms is the time spent on it, network_ms
    the part of it in the network. sequence is its number among the frames that arrived. published says whether any output was due.
    """

    arrived_s: float
    done_s: float
    sequence: int
    work_ms: float
    network_ms: float
    published: bool = True


@dataclass(frozen=True)
class Costs:
    """The costs of a window of frames, in ms.

    90 % of the frames with outputs were published within latency after their arrival, and took at most slow_work. work is the mean
    over all frames, in which single stalls count no more than the slowest tenth. network_share is the network's part of the work.
    period is the time between arrivals, 0 when unknown.
    """

    latency: float
    slow_work: float
    work: float
    network_share: float
    period: float

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Costs:
        """The costs of at least one sample."""
        work = [s.work_ms for s in samples]
        slowest = _slow(work)
        published = [s for s in samples if s.published]
        latency = _slow([1e3 * (s.done_s - s.arrived_s) for s in published])
        first, last = samples[0], samples[-1]
        arrivals = last.sequence - first.sequence
        return cls(
            latency=latency,
            slow_work=_slow([s.work_ms for s in published]),
            work=sum(min(ms, slowest) for ms in work) / len(work),
            network_share=min(1.0, sum(s.network_ms for s in samples) / max(sum(work), 1e-6)),
            period=1e3 * (last.arrived_s - first.arrived_s) / arrivals if arrivals > 0 else 0.0,
        )

    @property
    def network_over_rest(self) -> float:
        """The network's time over that of all other work."""
        return self.network_share / max(1 - self.network_share, 1e-6)

    @property
    def rate_hz(self) -> float:
        """Frames per second that are processed: the camera's, or fewer where the work takes longer."""
        longest = max(self.work, self.period)
        return 1e3 / longest if longest > 0 else 0.0

    def at(self, ratio: float) -> Costs:
        """The costs expected when all work takes `ratio` of its time.

        Where the work is slower than the camera, a frame waits for part of a period. Otherwise it waits only for the work on others that
        arrived just before it, such as those of other cameras.
        """
        work, waited = self.work * ratio, max(0.0, self.latency - self.slow_work)
        if (work > self.period) != (self.work > self.period):
            waited = 0.9 * self.period if work > self.period else 0.0
        elif work <= self.period:
            waited *= ratio
        return replace(self, work=work, slow_work=self.slow_work * ratio, latency=self.slow_work * ratio + waited)


@dataclass(frozen=True)
class Targets:
    """The budget: latency_ms from a frame's arrival to its last output, for 90 % of the frames, and rate_hz processed frames per
    second, or as many as the camera sends. 0 stands for none."""

    latency_ms: float = 0.0
    rate_hz: float = 0.0

    @property
    def any(self) -> bool:
        """Whether there is a budget."""
        return self.latency_ms > 0 or self.rate_hz > 0

    def load(self, costs: Costs) -> float:
        """The costs over the budget: above 1 it is not kept."""
        loads = [0.0]
        if self.latency_ms > 0:
            loads.append(costs.latency / self.latency_ms)
        if self.rate_hz > 0:
            loads.append(costs.work / max(1e3 / self.rate_hz, costs.period))
        return max(loads)


def _slow(values: Sequence[float]) -> float:
    """The time that 90 % of the values do not exceed, one of them; 0 of none."""
    return sorted(values)[math.ceil(0.9 * len(values)) - 1] if values else 0.0
