"""Every benchmark whose figures are committed, one after the other, then the document of them.

Run: python -m benchmarks.all, 22 minutes on a machine that does nothing else, and --minutes more to watch the memory.
--only NAMES repeats some of them; --quick with --folder is for a try. Failures are listed at the end and do not stop the others.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.common.record import FOLDER
from benchmarks.document import SECTIONS
from mtdense_ros.errors import ConfigError, known_names

QUICK = {
    "end_to_end": ["--quick"],
    "network": ["--quick"],
    "around_network": ["--runs", "20"],
    "startup": ["--starts", "1"],
    "idle": ["--seconds", "5", "--runs", "1"],
    "growth": ["--quick"],
    "fuzz": ["--count", "300"],
    "fuzz_live": ["--count", "30"],
    "cameras": ["--quick"],
}
"""What makes each of them short."""


def arguments_of(name: str, options: argparse.Namespace) -> list[str]:
    """The command line of one benchmark, after `python -m`."""
    file = ["--json", str(options.folder / f"{name}.json")]
    if name == "memory":
        return ["benchmarks.growth", "--minutes", str(options.minutes), *file]
    if name == "soak":
        return ["benchmarks.soak", "--minutes", str(options.minutes), *file]
    return [f"benchmarks.{name}", *file, *(QUICK[name] if options.quick else [])]


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of {', '.join(SECTIONS)}; memory and soak only with --minutes")
    parser.add_argument("--minutes", type=float, default=0.0, help="watch the memory, and soak the node, for so long too")
    parser.add_argument("--quick", action="store_true", help="short runs, for a try")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the figures go (default %(default)s)")
    options = parser.parse_args(arguments)
    for name in options.only or ():
        if name not in SECTIONS:
            raise ConfigError(f"--only: '{name}' is unknown; {known_names(name, SECTIONS)}")
    options.names = [name for name in options.only or SECTIONS if name not in ("memory", "soak") or options.minutes]
    return options


def main(arguments: list[str] | None = None) -> int:
    """1 when one of them failed."""
    options = options_of(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # kills what runs now, whose children end with it
    failed = []
    for name in options.names:
        begin = time.monotonic()
        command = arguments_of(name, options)
        print(f"--- {' '.join(command)}", flush=True)
        if subprocess.run([sys.executable, "-m", *command], check=False).returncode:
            failed.append(name)
        print(f"--- {name}: {time.monotonic() - begin:.0f} s", flush=True)
    if options.folder == FOLDER:
        subprocess.run([sys.executable, "-m", "benchmarks.document"], check=True)
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}; see above\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
