"""Several cameras in one node: memory, frames per second and age for 1, 2 and 4 of them, and what batches of their pictures would bring.

Run: python -m benchmarks.cameras, 4 minutes on a machine that does nothing else; --quick: one minute, for a try.
Writes docs/performance/cameras.json; python -m benchmarks.document makes the tables of it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import batches, machine, node_tables, pictures, record
from benchmarks.common.statistics import Phase
from benchmarks.common.system import System
from benchmarks.common.variants import OURS, WEIGHTS
from mtdense_ros.utils.command_line import exit_code

CAMERA_HW = (480, 640)
NAMES = ("front", "left", "right", "rear")
COUNTS = (1, 2, 4)
SLOW_HZ, PEAK = 5.0, 0.0
WARM_UP_S = 2.0
CARDS_SIZE = ""


def run_round(number: int, seconds: float, folder: Path) -> list[Phase]:
    """Every number of cameras once, each with a phase at 5 Hz and one in which all cameras are faster than the node."""
    phases: list[Phase] = []
    for count in COUNTS:
        with System(OURS, CAMERA_HW, CARDS_SIZE, folder / f"{number} {count}", cameras=NAMES[:count]) as system:
            for rate in (SLOW_HZ, PEAK):
                of_cameras = system.play_all(rate, WARM_UP_S, seconds)
                phases += [{**p, "round": number, "camera": name, "count": count} for name, p in zip(NAMES, of_cameras, strict=False)]
        print(node_tables.cameras(phases[-2 * count :]), flush=True)
    return phases


def main() -> None:
    """Measures and writes, after each round, so that what was measured is kept when the rest is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="measured time of each phase")
    parser.add_argument("--rounds", type=int, default=2, help="how often each number of cameras takes its turn")
    parser.add_argument("--quick", action="store_true", help="one round of 4 s")
    parser.add_argument("--json", type=Path, default=record.FOLDER / "cameras.json", help="file to write")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = min(options.seconds, 4.0), 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through the finally clauses, which end the children
    content: dict[str, Any] = machine.description()
    content |= {"camera": f"{CAMERA_HW[1]}x{CAMERA_HW[0]} rgb8", "input_sha256": pictures.digest(CAMERA_HW)}
    content["batches"] = batches.measured(WEIGHTS, CAMERA_HW, COUNTS, runs=10 if options.quick else 40)
    phases: list[Phase] = []
    with tempfile.TemporaryDirectory(prefix="mtdense_cameras_") as folder:
        for number in range(1, options.rounds + 1):
            phases += run_round(number, options.seconds, Path(folder))
            record.write(options.json, {**content, "phases": phases})
    print(f"wrote {options.json}")


if __name__ == "__main__":
    sys.exit(exit_code(main, "cameras"))
