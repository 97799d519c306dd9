"""From the start of the node's process to its first output, stage by stage, with a camera at 30 Hz and a listener already there.

Run: python -m benchmarks.startup [--starts 5] [--engine auto] [--json FILE]. The first start warms the disk's cache and is not counted.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.common.machine import description
from benchmarks.common.record import write
from benchmarks.common.system import REMAPS, START_S, command
from benchmarks.common.usage import Usage
from benchmarks.common.variants import environment
from mtdense_ros.errors import MtdenseError
from mtdense_ros.utils.processes import Child, free_domain

SIZE = ("480", "640")
LINE = re.compile(r"first output ([\d.]+) s after the process began: (.*) s$", re.MULTILINE)
READY_S = 4.0
"""Time that camera and listener get to come up before the node."""


def start_once(engine: str, folder: Path) -> dict[str, float]:
    """Seconds of each stage, and "total", as the node says them. Raises MtdenseError.

    "seen": of the whole, from outside; "processor": used by then, by all threads, which tells of a busy machine.
    """
    domain, clock = str(free_domain()), ["--clock", str(time.time_ns() - time.monotonic_ns()), "--depth", "10"]
    children = []

    def child(name: str, module: str, *arguments: str) -> Child:
        children.append(Child(name, module, arguments, folder / f"{name}.log", environment(domain, True)))
        return children[-1]

    try:
        child("sink", "benchmarks.sink", *clock)
        camera = child("camera", "benchmarks.camera", *clock, "--size", *SIZE)
        command(camera, do="play", rate=30.0, seconds=2.0 * START_S)
        time.sleep(READY_S)
        begun = time.monotonic()
        rules = [word for rule in REMAPS for word in ("-r", rule)]
        node = child("node", "mtdense_ros.ros.node", "--ros-args", "-p", f"engine:={engine}", *rules)
        while (found := LINE.search(log := node.log.read_text(errors="replace"))) is None:
            node.check()
            if "stays unconfigured" in log or time.monotonic() > begun + START_S:
                raise MtdenseError(f"the node has no output; mend what it says:\n{log}")
            time.sleep(0.02)
        stages = {name: float(seconds) for name, _, seconds in (part.rpartition(" ") for part in found[2].split(", "))}
        return {**stages, "total": float(found[1]), "seen": time.monotonic() - begun, "processor": Usage.of(node.pid).cpu_s}
    finally:
        for each in reversed(children):
            each.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5, help="that count (default %(default)s)")
    parser.add_argument("--engine", default="auto", help="parameter of the node (default %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    head = description()
    with tempfile.TemporaryDirectory(prefix="mtdense_startup_") as folder:
        starts = [start_once(options.engine, Path(folder)) for _ in range(options.starts + 1)][1:]
    print("| stage | median s | " + " | ".join(f"start {i}" for i in range(1, len(starts) + 1)) + " |")
    print("|---" * (len(starts) + 2) + "|")
    for stage in starts[0]:
        times = [start.get(stage, 0.0) for start in starts]
        print(f"| {stage} | {median(times):.2f} | " + " | ".join(f"{seconds:.2f}" for seconds in times) + " |")
    if options.json is not None:
        write(options.json, {**head, "engine": options.engine, "starts": starts})


if __name__ == "__main__":
    main()
