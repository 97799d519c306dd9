"""The network alone: engine x precision x size, each in a process of its own, in turns, compared with the peak that a convolution reaches.

Run: python -m benchmarks.network, 5 minutes on a machine that does nothing else; --quick: one size, one short round.
Writes docs/performance/network.json (--json); python -m benchmarks.document makes the tables of it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import machine, pictures, record
from benchmarks.common.statistics import median
from benchmarks.network_cost import giga_macs
from benchmarks.network_worker import SETS
from mtdense_ros.models import create_model
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.utils.processes import ros_environment
from mtdense_ros.weights.files import find_weights, read_card

SIZES = ((480, 640), (240, 320), (192, 256))
COMBINATIONS = (("torch", "fp32"), ("onnxruntime", "fp32"), ("openvino", "fp32"), ("openvino", "bf16"))
ON_CUDA = (("cuda", "fp32"), ("cuda", "bf16"), ("cuda", "fp16"))
LIMIT_S = 300.0


def combinations() -> list[tuple[str, str]]:
    """(engine, precision) of what is installed here."""
    on_cpu = [(engine, precision) for engine, precision in COMBINATIONS if find_spec(engine) is not None]
    return [*on_cpu, *(ON_CUDA if torch.cuda.is_available() else ())]


def jobs(sizes: list[tuple[int, int]]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """What is measured in each round: its description and the worker's arguments. Peaks first."""
    for device, precision in sorted({(_device(engine), precision) for engine, precision in combinations()}):
        yield {"kind": "peak", "device": device, "precision": precision}, ["--peak", "--device", device, "--precision", precision]
    for size in sizes:
        for engine, precision in combinations():
            case = {"kind": "network", "device": _device(engine), "engine": engine, "precision": precision, "size": list(size)}
            chosen = ["--device", "cuda"] if engine == "cuda" else ["--engine", engine, "--device", "cpu"]
            yield case, [*chosen, "--precision", precision, "--size", *(str(side) for side in size)]


def measure(arguments: list[str], seconds: float) -> dict[str, Any]:
    """The worker's answer, or {"error": its last line}."""
    command = [sys.executable, "-m", "benchmarks.network_worker", *arguments, "--seconds", str(seconds)]
    try:
        ended = subprocess.run(command, env=ros_environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"not ready within {LIMIT_S:.0f} s"}
    if ended.returncode:
        return {"error": (ended.stderr.strip().splitlines() or ["no message"])[-1]}
    return dict(json.loads(ended.stdout.splitlines()[-1]))


def costs(sizes: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Multiply-accumulates in 1e9 by size and set of outputs."""
    config = read_card(find_weights("mtdense_indoor")).config
    with torch.device("meta"):
        net = create_model("mtdense", **config).eval()
    return [{"size": list(size), **{name: giga_macs(net, size, outputs) for name, outputs in SETS.items()}} for size in sizes]


def _device(engine: str) -> str:
    return "cuda" if engine == "cuda" else "cpu"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=2, help="how often each combination takes its turn")
    parser.add_argument("--quick", action="store_true", help="480x640 only, one round of 1 s")
    parser.add_argument("--json", type=Path, default=record.FOLDER / "network.json", help="file to write")
    options = parser.parse_args()
    sizes = list(SIZES)
    if options.quick:
        options.seconds, options.rounds, sizes = min(options.seconds, 1.0), 1, sizes[:1]
    head = {**machine.description(), "input_sha256": {f"{w}x{h}": pictures.digest((h, w)) for h, w in sizes}, "costs_gmac": costs(sizes)}
    runs: list[dict[str, Any]] = []
    begin = time.monotonic()
    for number in range(1, options.rounds + 1):
        for case, arguments in jobs(sizes):
            runs.append({**case, "round": number, **measure(arguments, options.seconds)})
            print(line_of(runs[-1]), flush=True)
    record.write(options.json, {**head, "runs": runs})
    print(f"{time.monotonic() - begin:.0f} s; wrote {options.json}")


def line_of(run: dict[str, Any]) -> str:
    """A measurement for people."""
    name = f"round {run['round']}  {run.get('engine', 'peak'):12s} {run['precision']:4s} {'x'.join(map(str, run.get('size', ())))}"
    if "error" in run:
        return f"{name}: {run['error']}"
    if run["kind"] == "peak":
        return f"{name}: {median(run['peak_gmac_s']):.0f} GMAC/s"
    return f"{name}: " + ", ".join(f"{outputs} {median(ms):.2f} ms" for outputs, ms in run["ms"].items())


if __name__ == "__main__":
    sys.exit(exit_code(main, "network"))
