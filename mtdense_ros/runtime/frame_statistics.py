"""Counts, rates and ages of frames, for /diagnostics."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping

import numpy as np

COUNTERS = ("received", "processed", "dropped", "late", "refused", "unheard")
"""dropped: a newer frame came first; late: older than max_age; refused: unusable; unheard: nobody listened any more."""

WINDOW = 500


class Statistics:
    """Totals since the start, and the last 500 frames' ages and stage times. All methods may be called from any thread.

    first: when the first frame was published and when it had arrived (monotonic s); None before.
    """

    def __init__(self) -> None:
        self.first: tuple[float, float] | None = None
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(COUNTERS, 0)
        self._finished: deque[float] = deque(maxlen=WINDOW)
        self._ages: deque[float] = deque(maxlen=WINDOW)
        self._stamp_age_s = float("nan")
        self._stages: dict[str, deque[float]] = {}

    def count(self, name: str) -> None:
        """One more frame of this kind, one of COUNTERS."""
        with self._lock:
            self._counts[name] += 1

    def finish(self, now_s: float, age_s: float, stamp_age_s: float, stages_ms: Mapping[str, float]) -> None:
        """One frame published: when (monotonic s), its age from arrival and from its stamp (s), and its stage times (ms)."""
        with self._lock:
            self._counts["processed"] += 1
            self.first = self.first or (now_s, now_s - age_s)
            self._finished.append(now_s)
            self._ages.append(age_s)
            self._stamp_age_s = stamp_age_s
            for stage, ms in stages_ms.items():
                self._stages.setdefault(stage, deque(maxlen=WINDOW)).append(ms)

    def reset_ages(self) -> None:
        """Forgets the ages and rates, as after a clock jump; totals stay."""
        with self._lock:
            self._finished.clear()
            self._ages.clear()
            self._stages.clear()

    def summary(self, now_s: float) -> dict[str, str]:
        """Key and value texts: rate of the last 5 s (Hz), totals, age p50 p95 p99 (ms), age from the stamp (s), median stage times (ms)."""
        with self._lock:
            recent = sum(now_s - t <= 5.0 for t in self._finished)
            values = {"rate (Hz)": f"{recent / 5.0:.2f}", **{name: str(n) for name, n in self._counts.items()}}
            if self._ages:
                p50, p95, p99 = np.percentile(np.asarray(self._ages) * 1e3, (50, 95, 99))
                values |= {"age p50 (ms)": f"{p50:.1f}", "age p95 (ms)": f"{p95:.1f}", "age p99 (ms)": f"{p99:.1f}"}
                values["age from stamp (s)"] = f"{self._stamp_age_s:.3f}"
            for stage, times in self._stages.items():
                values[f"stage {stage} p50 (ms)"] = f"{np.median(times):.2f}"
            return values
