"""Mutated messages to a running node over DDS, one after the other: it goes on, and every frame is in exactly one counter.

Run: python -m benchmarks.fuzz_live, with --count 2000 (default) and --seed; writes docs/performance/fuzz_live.json. A third of the mutants
is compressed. Ends with 1 where the node died, its worker was restarted, or a frame was lost.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from sensor_msgs.msg import Image, PointCloud2

from benchmarks.common import machine, record
from benchmarks.common.driver import ANSWER_S, Driver, ros_message
from benchmarks.common.mutants import BACKGROUND, CAMERA_INFO, COMPRESSED, IMAGE, mutants
from benchmarks.fuzz import random_weights
from mtdense_ros.utils.command_line import exit_code

OUTCOMES = ("processed", "dropped", "late", "refused", "unheard")
OUTPUTS = {"labels": Image, "depth": Image, "foreground": Image, "points": PointCloud2}


def fuzz_live(weights: Path, count: int, seed: int, folder: Path) -> dict[str, Any]:
    """The counters of a node for raw and for compressed images, and what went wrong."""
    raw = _run(weights, "raw", {IMAGE: 70, CAMERA_INFO: 20, BACKGROUND: 10}, count - count // 3, seed, folder / "raw")
    compressed = _run(weights, "compressed", {COMPRESSED: 80, CAMERA_INFO: 20}, count // 3, seed, folder / "compressed")
    frames = sum(run["received"] for run in (raw, compressed))
    processed = sum(run["processed"] for run in (raw, compressed))
    return {"runs": [raw, compressed], "accepted_share": processed / max(frames, 1), "failures": raw["failures"] + compressed["failures"]}


def _run(weights: Path, transport: str, kinds: dict[str, int], count: int, seed: int, folder: Path) -> dict[str, Any]:
    parameters = {"weights": str(weights), "engine": "torch", "threads": 1, "max_age": 0.0, "image_transport": transport}
    frames = 0
    with Driver(folder, parameters, OUTPUTS) as driver:
        for mutant in islice(mutants(seed, kinds), count):
            driver.publish(mutant.kind, ros_message(mutant.kind, mutant.message))
            if mutant.kind in (IMAGE, COMPRESSED):
                frames += 1
                driver.wait(lambda sent=frames: _judged(driver.values()) == sent, ANSWER_S, f"judge frame {frames}")
        values = driver.values()
    counted = {name: int(values[name]) for name in ("received", *OUTCOMES)}
    failures = [f"{transport}: {fault}" for fault in ("worker restarted", "engine failed") if fault in driver.faults]
    if counted["received"] != frames or sum(counted[name] for name in OUTCOMES) != frames:
        failures.append(f"{transport}: of {frames} frames sent {counted}")
    return {"transport": transport, "sent": count, **counted, "faults": sorted(driver.faults), "failures": failures}


def _judged(values: dict[str, str]) -> int:
    return sum(int(values[name]) for name in OUTCOMES)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="mutants (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=record.FOLDER / "fuzz_live.json", help="file to write (default %(default)s)")
    options = parser.parse_args()
    content = machine.description()
    with tempfile.TemporaryDirectory(prefix="mtdense_fuzz_") as folder:
        content |= {"seed": options.seed, **fuzz_live(random_weights(Path(folder)), options.count, options.seed, Path(folder))}
    record.write(options.json, content)
    print(*content["failures"], sep="\n")
    print(*content["runs"], f"{content['accepted_share']:.0%} of the frames processed; wrote {options.json}", sep="\n")
    return 1 if content["failures"] else 0


if __name__ == "__main__":
    sys.exit(exit_code(main, "fuzz_live"))
