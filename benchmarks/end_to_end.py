"""The node end to end, in turns with a naive one: camera, node and sink as three processes, all outputs subscribed.

Run: python -m benchmarks.end_to_end, 8 minutes on a machine that does nothing else; --quick: 1.5 minutes, one round, for a try.
Writes docs/performance/end_to_end.json; python -m benchmarks.document makes the tables of it.
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
from benchmarks.common.copies import copies_ms
from benchmarks.common.statistics import Phase, lost, percentiles, rate, set_ages, stage
from benchmarks.common.system import System
from benchmarks.common.variants import VARIANTS, WEIGHTS
from mtdense_ros.cli.export_weights import size_of
from mtdense_ros.errors import ConfigError, MtdenseError, known_names
from mtdense_ros.utils.command_line import exit_code

CAMERA_HW = (480, 640)
WARM_UP_S = 1.5
PEAK = 0.0

# A saturated queue of ten is in its steady state only after ten frames, so a naive node gets longer.
RATES: dict[str, tuple[tuple[float, float], ...]] = {
    "naive, queue 10": ((30.0, 8.0), (PEAK, 2.0)),
    "naive, queue 1": ((30.0, 3.0),),
    "fp32": ((10.0, WARM_UP_S), (30.0, WARM_UP_S), (PEAK, WARM_UP_S)),
    "bf16": ((10.0, WARM_UP_S), (30.0, WARM_UP_S), (PEAK, WARM_UP_S)),
    "cuda fp16": ((10.0, WARM_UP_S), (30.0, WARM_UP_S), (PEAK, WARM_UP_S)),
}
"""(rate in Hz, warm-up in s) of each phase; 30 Hz alone where a variant is not named."""

QUICK = ("naive, queue 10", "fp32", "naive, queue 1", "bf16")
DEFAULT = (*QUICK, "cuda fp16", "fp32, depth 1", "fp32, depth 10", "fp32, untuned camera", "relay")


def run_round(names: list[str], number: int, options: argparse.Namespace, folder: Path, skipped: dict[str, str]) -> list[Phase]:
    """Every variant once; what cannot run is left out of the later rounds, with the reason."""
    phases: list[Phase] = []
    for name in names:
        if name in skipped:
            continue
        try:
            for phase in run_variant(name, options, folder / f"{number} {name}"):
                phases.append({**phase, "round": number})
                print(line_of(phases[-1]), flush=True)
        except MtdenseError as error:
            skipped[name] = last_words(folder / f"{number} {name}" / "node.log") or str(error).splitlines()[0]
            print(f"{name}: left out: {error}", file=sys.stderr)
    return phases


def last_words(log: Path) -> str:
    """The last line of the node's log that tells of an error, empty without one."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if "error" in line.lower()), "")


def run_variant(name: str, options: argparse.Namespace, folder: Path) -> list[Phase]:
    """The phases of one variant. Raises MtdenseError when it cannot run."""
    variant = VARIANTS[name]
    if variant.missing():
        raise ConfigError(variant.missing())
    with System(variant, CAMERA_HW, options.size, folder) as system:
        return [system.play(hertz, warm_up_s, options.seconds) for hertz, warm_up_s in RATES.get(name, ((30.0, WARM_UP_S),))]


def line_of(phase: Phase) -> str:
    """A phase for people."""
    p50, p95, _ = percentiles(set_ages([phase]))
    hertz = f"{phase['rate']:.0f} Hz" if phase["rate"] else "peak"
    network = percentiles(stage([phase], "network"))[0]
    return (
        f"round {phase['round']}  {phase['variant']:22s} {hertz:>6s}: {rate(phase):6.1f} fps, age p50 {p50:7.1f} p95 {p95:7.1f} ms, "
        f"network {network:6.1f} ms, lost {lost(phase)} of {phase['finished']}, {phase['cores']['node']:.2f} cores"
    )


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="measured time of each phase")
    parser.add_argument("--rounds", type=int, default=2, help="how often each variant takes its turn")
    parser.add_argument("--quick", action="store_true", help="one round of 4 s, the yardstick and ours only")
    parser.add_argument("--size", type=_size, default="640x480", help="network input, WIDTHxHEIGHT; empty: the card's")
    parser.add_argument("--variants", nargs="+", metavar="NAME", help=f"of {'; '.join(VARIANTS)}")
    parser.add_argument("--json", type=Path, default=record.FOLDER / "end_to_end.json", help="file to write")
    options = parser.parse_args(arguments)
    if options.quick:
        options.seconds, options.rounds = min(options.seconds, 4.0), 1
    options.variants = options.variants or list(QUICK if options.quick else DEFAULT)
    for name in options.variants:
        if name not in VARIANTS:
            raise ConfigError(f"--variants: '{name}' is unknown; {known_names(name, VARIANTS)}")
    return options


def _size(text: str) -> str:
    """For argparse: what `size_of` takes, or empty."""
    if text:
        size_of(text)
    return text


def main(arguments: list[str] | None = None) -> None:
    """Measures and writes, after each round, so that what was measured is kept when the rest is not."""
    options = options_of(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through the finally clauses, which end the children
    head: dict[str, Any] = machine.description()
    head |= {"camera": f"{CAMERA_HW[1]}x{CAMERA_HW[0]} rgb8", "network_input": options.size, "input_sha256": pictures.digest(CAMERA_HW)}
    head |= {"copies_ms": copies_ms(WEIGHTS, CAMERA_HW, size_of(options.size) if options.size else None)}
    skipped: dict[str, str] = {}
    phases: list[Phase] = []
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mtdense_benchmark_") as folder:
        for number in range(1, options.rounds + 1):
            phases += run_round(options.variants, number, options, Path(folder), skipped)
            record.write(options.json, {**head, "skipped": skipped, "phases": phases})
    print(f"{time.monotonic() - begin:.0f} s; wrote {options.json}")


if __name__ == "__main__":
    sys.exit(exit_code(main, "end_to_end"))
