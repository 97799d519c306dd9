"""One engine in a process of its own: `python -m mtdense_ros.bench.child WEIGHTS ENGINE DEVICE PRECISION HEIGHT WIDTH`.

Says {"event": "ready"} once it has run; then, for every line with a number of runs on its standard input, what each of them took.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from mtdense_ros.engines.base import Engine, EngineOptions, Features
from mtdense_ros.engines.create import engine_of_weights
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.weights import read_card

FIRST_RUNS = 3
"""Runs before "ready": memory is fetched and kernels are chosen in the first ones."""

WAKING_RUNS = 2
"""Runs before every turn that are not counted: while others had theirs, this process's caches grew cold."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Answers until its input ends. Raises MtdenseError."""
    weights, name, device, precision, height, width = sys.argv[1:] if arguments is None else arguments
    size = int(height), int(width)
    engine = engine_of_weights(weights, EngineOptions(name, device, precision), size)
    first, second = np.random.default_rng(0).standard_normal((2, 1, 3, *size), np.float32)
    background = engine.encode_background(second) if "foreground" in read_card(weights).outputs else None
    _times(engine, first, background, FIRST_RUNS)
    _say(event="ready", device=str(engine.device), precision=engine.precision)
    for line in sys.stdin:
        _times(engine, first, background, WAKING_RUNS)
        _say(event="turn", ms=_times(engine, first, background, int(line)))
    engine.close()


def _times(engine: Engine, image: np.ndarray[Any, np.dtype[np.float32]], background: Features | None, runs: int) -> list[float]:
    """The ms of each run with all outputs, from an array to arrays."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        engine.run(image, background)
        times.append(round(1e3 * (time.perf_counter() - start), 4))
    return times


def _say(**event: object) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(exit_code(main))
