"""What waiting OpenMP threads cost when another process wants a core: time per frame by GOMP_SPINCOUNT, with and without that process.

Run: python -m benchmarks.busy_neighbour. Ratios are against the library's default on the idle machine, in the same run.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.utils.timing import Stopwatch

SPIN_COUNTS = ("default", "1000", "10000", "200000")
FRAMES, WARM_UP = 50, 10


def measure() -> None:
    """Prints the median and 95th percentile of a frame's time in ms, all outputs, 640x480."""
    predictor = Predictor.load("mtdense_indoor")
    rgb = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    background = predictor.encode_background(rgb)
    times = []
    for _ in range(FRAMES + WARM_UP):
        watch = Stopwatch()
        predictor.predict(rgb, background=background)
        watch.lap("frame")
        times.append(watch.laps["frame"])
    print(*np.percentile(times[WARM_UP:], (50, 95)))


def run(spin: str) -> tuple[float, float]:
    """`measure` in a process of its own: the library reads the variable when it is loaded."""
    environment = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    if spin != "default":
        environment["GOMP_SPINCOUNT"] = spin
    command = [sys.executable, "-m", "benchmarks.busy_neighbour", "measure"]
    median, p95 = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()
    return float(median), float(p95)


def main() -> None:
    print("| GOMP_SPINCOUNT | machine | median ms | p95 ms | ratio of medians |\n|---|---|---|---|---|")
    reference = 0.0
    for machine in ("idle", "one busy neighbour"):
        neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if machine != "idle" else None
        try:
            for spin in SPIN_COUNTS:
                median, p95 = run(spin)
                reference = reference or median
                print(f"| {spin} | {machine} | {median:.0f} | {p95:.0f} | {median / reference:.1f} |", flush=True)
        finally:
            if neighbour is not None:
                neighbour.kill()


if __name__ == "__main__":
    measure() if sys.argv[1:] == ["measure"] else main()
