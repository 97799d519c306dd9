"""Counts, rates and ages of frames, for /diagnostics."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping

import numpy as np

OUTCOMES = ("processed", "dropped", "late", "refused", "unheard")
"""What becomes of a frame, exactly one of these.

processed: its outputs were published; dropped: a newer frame came first, or the node was stopped before the outputs were
published; late: older than max_age; refused: it could not be used; unheard: nobody subscribed to an output any more.
"""

COUNTERS = ("received", *OUTCOMES)

WINDOW = 500
"""Frames that ages and stage times are taken of."""

RATE_WINDOW_S = 5.0


class Statistics:
    """Totals since the start, and rate, ages and stage times of the last frames. All methods may be called from any thread.

    first: when the first frame was published and when it had arrived (monotonic s); None before.
    """

    def __init__(self) -> None:
        self.first: tuple[float, float] | None = None
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(COUNTERS, 0)
        self._published: deque[float] = deque()
        self._rate_since = 0.0
        self._ages: deque[float] = deque(maxlen=WINDOW)
        self._stamp_age_s = float("nan")
        self._stages: dict[str, deque[float]] = {}

    def count(self, name: str) -> None:
        """One more frame of this kind, one of COUNTERS."""
        with self._lock:
            self._counts[name] += 1

    def published(self, now_s: float, age_s: float, stamp_age_s: float, stages_ms: Mapping[str, float]) -> None:
        """One frame published: when (monotonic s), its age from arrival and from its stamp (s), and its stage times (ms)."""
        with self._lock:
            self.first = self.first or (now_s, now_s - age_s)
            self._forget_published(now_s)
            if not self._published:  # the first frame at all, or after a pause: the rate is measured from here
                self._rate_since = now_s
            self._published.append(now_s)
            self._ages.append(age_s)
            self._stamp_age_s = stamp_age_s
            for stage, ms in stages_ms.items():
                self._stages.setdefault(stage, deque(maxlen=WINDOW)).append(ms)

    def reset_ages(self) -> None:
        """Forgets the ages, as after a jump of the clock. Totals, rate and stage times do not depend on it and stay."""
        with self._lock:
            self._ages.clear()
            self._stamp_age_s = float("nan")

    def summary(self, now_s: float) -> dict[str, str]:
        """Key and value texts: rate of the last 5 s (Hz), totals, frames in flight, age p50 p95 p99 (ms), age from the stamp (s),
        median stage times (ms)."""
        with self._lock:
            in_flight = self._counts["received"] - sum(self._counts[name] for name in OUTCOMES)
            values = {"rate (Hz)": f"{self._rate_hz(now_s):.2f}", **{name: str(n) for name, n in self._counts.items()}}
            values["in flight"] = str(in_flight)
            if self._ages:
                p50, p95, p99 = np.percentile(np.asarray(self._ages) * 1e3, (50, 95, 99))
                values |= {"age p50 (ms)": f"{p50:.1f}", "age p95 (ms)": f"{p95:.1f}", "age p99 (ms)": f"{p99:.1f}"}
                values["age from stamp (s)"] = f"{self._stamp_age_s:.3f}"
            for stage, times in self._stages.items():
                values[f"stage {stage} p50 (ms)"] = f"{np.median(times):.2f}"
            return values

    def _rate_hz(self, now_s: float) -> float:
        """Frames per second since the stream began, over the last 5 s at most. The frame that a period begins with is not in it."""
        self._forget_published(now_s)
        period_s = min(RATE_WINDOW_S, now_s - self._rate_since)
        frames = sum(at > self._rate_since for at in self._published)
        return frames / period_s if period_s > 0.0 else 0.0

    def _forget_published(self, now_s: float) -> None:
        while self._published and self._published[0] <= now_s - RATE_WINDOW_S:
            self._published.popleft()
