"""How the node grows: with the camera's size, with the number of those who hear all outputs, and in memory over time.

Run: python -m benchmarks.growth, 3 minutes on a machine that does nothing else; --quick: half a minute.
Writes docs/performance/growth.json. With --minutes N it watches the memory for so long instead, and writes
docs/performance/memory.json.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import machine, pictures, record
from benchmarks.common.statistics import Phase, percentiles, set_ages, stage
from benchmarks.common.system import System
from benchmarks.common.variants import OURS
from mtdense_ros.utils.command_line import exit_code

HERTZ, WARM_UP_S = 10.0, 1.5
CAMERAS = ((240, 320), (480, 640), (720, 1280), (1080, 1920))
SINKS = (1, 2, 4)
CARDS_SIZE = ""
"""The network's input is the card's, so that what grows is all but the network."""

MEMORY_CAMERA = (480, 640)
MEMORY_HERTZ = 30.0
MEMORY_CHUNK_S = 15.0


def grow(options: argparse.Namespace, folder: Path) -> list[Phase]:
    """A phase for every size of the camera, with one sink, and for every number of sinks at 640x480; the rounds take turns."""
    cameras, sinks = (CAMERAS[:2], SINKS[:2]) if options.quick else (CAMERAS, SINKS)
    cases = [*((camera, 1) for camera in cameras), *((MEMORY_CAMERA, count) for count in sinks if count > 1)]
    phases: list[Phase] = []
    for number in range(1, options.rounds + 1):
        for camera, count in cases:
            with System(OURS, camera, CARDS_SIZE, folder / f"{number} {camera[0]} {count}", count) as system:
                phase = system.play(HERTZ, WARM_UP_S, options.seconds)
            phases.append({**phase, "round": number, "camera": list(camera), "sinks": count})
            print(line_of(phases[-1]), flush=True)
    return phases


def watch_memory(options: argparse.Namespace, folder: Path) -> list[dict[str, float]]:
    """The node's resident memory (MB) by the minute it was read at, while all outputs are subscribed, with a camera at 30 Hz."""
    samples: list[dict[str, float]] = []
    with System(OURS, MEMORY_CAMERA, CARDS_SIZE, folder) as system:
        begin, frames = time.monotonic(), 0
        while (minutes := (time.monotonic() - begin) / 60.0) < options.minutes:
            phase = system.play(MEMORY_HERTZ, 0.0, MEMORY_CHUNK_S)
            frames += phase["finished"]
            samples.append({"minute": round(minutes + MEMORY_CHUNK_S / 60.0, 2), "rss_mb": phase["rss_mb"], "frames": frames})
            print(f"minute {samples[-1]['minute']:6.2f}: {phase['rss_mb']:.1f} MB after {frames} frames", flush=True)
    return samples


def line_of(phase: Phase) -> str:
    """A phase for people."""
    p50, p95, _ = percentiles(set_ages([phase]))
    height, width = phase["camera"]
    network = percentiles(stage([phase], "network"))[0]
    return (
        f"round {phase['round']}  {width}x{height}, {phase['sinks']} sinks: age p50 {p50:.1f} p95 {p95:.1f} ms, network {network:.1f} ms, "
        f"{phase['rss_mb']:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="measured time of each phase")
    parser.add_argument("--rounds", type=int, default=2, help="how often each case takes its turn")
    parser.add_argument("--quick", action="store_true", help="the two small sizes, two sinks, one round of 3 s")
    parser.add_argument("--minutes", type=float, default=0.0, help="watch the memory for so long instead")
    parser.add_argument("--json", type=Path, help="file to write")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = min(options.seconds, 3.0), 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through the finally clauses, which end the children
    path = options.json or record.FOLDER / ("memory.json" if options.minutes else "growth.json")
    content: dict[str, Any] = machine.description()
    with tempfile.TemporaryDirectory(prefix="mtdense_growth_") as folder:
        if options.minutes:
            content["samples"] = watch_memory(options, Path(folder))
        else:
            content["phases"] = grow(options, Path(folder))
            content["input_sha256"] = {f"{w}x{h}": pictures.digest((h, w)) for h, w in CAMERAS}
    record.write(path, content)
    print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(exit_code(main, "growth"))
