"""`mtdense bench`: the engines of this machine against each other, and the choice that `auto` follows from then on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mtdense_ros.bench.report import Outcome
from mtdense_ros.bench.trials import planned_trials
from mtdense_ros.bench.turns import run_trials
from mtdense_ros.cli.export_weights import size_of
from mtdense_ros.engines.machine import this_machine
from mtdense_ros.engines.measured_choice import cache_file, cached_choice, forget_choices, store_choice
from mtdense_ros.errors import InputError, MtdenseError
from mtdense_ros.inference.network_input import NetworkInput
from mtdense_ros.replay.arguments import DEFAULT_WEIGHTS
from mtdense_ros.utils.command_line import ProgressLine, portable_command
from mtdense_ros.utils.files import write_result
from mtdense_ros.weights import find_weights, read_card

PRECISIONS = ("fp32", "bf16", "fp16")

_CHOICE = """\
Without a measured choice, engine: auto takes the first installed of CUDA, OpenVINO, ONNX Runtime and PyTorch, and precision: auto
takes fp32 on the CPU even where bf16 is faster and its loss is within the card's limit: results should not change because of the
machine. --choose is what changes them knowingly: from then on auto takes the fastest of what was measured here, bf16 and fp16 among
it where the card allows them (`mtdense precision` measures the loss). precision: fp32 still means fp32.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, with `run`, which takes them parsed."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _CHOICE
    parser.add_argument("name", nargs="?", help=f"weights, by name or path (default: {DEFAULT_WEIGHTS})")
    parser.add_argument("--size", type=size_of, metavar="WIDTHxHEIGHT", help="of the network's input (default: the card's)")
    parser.add_argument("--engines", nargs="+", default=[], metavar="ENGINE", help="these alone (default: all)")
    precisions_help = "these alone (default: all that the engine gains something from)"
    parser.add_argument("--precisions", nargs="+", default=[], choices=PRECISIONS, help=precisions_help)
    parser.add_argument("--runs", type=int, default=50, metavar="N", help="of each, ten at a time (default %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything, with every sample, to this file")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--choose", action="store_true", help="auto takes the fastest from now on, for these weights at this size here")
    choice.add_argument("--forget", action="store_true", help="measure nothing, forget what was chosen: for these weights, or for all")
    parser.set_defaults(run=_run)


def bench(
    name: str,
    size: tuple[int, int] | None = None,
    engines: Sequence[str] = (),
    precisions: Sequence[str] = (),
    runs: int = 50,
    json_file: Path | None = None,
    choose: bool = False,
) -> None:
    """Prints the table, and writes the file and the choice that were asked for. Raises MtdenseError.

    size: (height, width) of the network's input, None for the card's.
    """
    if runs < 1:
        raise InputError(f"--runs {runs}: is too few; give at least 1")
    path, card = str(find_weights(name).absolute()), read_card(name)
    size_hw = NetworkInput(card, size).size_hw
    progress = ProgressLine()
    trials = run_trials(planned_trials(engines, precisions), path, size_hw, runs, progress.show)
    progress.clear()
    outcome = Outcome(card, size_hw, this_machine(), trials)
    sys.stdout.write(outcome.table())
    if choose and outcome.ranked:
        _choose(outcome)
    if json_file is not None:
        write_result(json_file, outcome.to_json(portable_command(["mtdense", *sys.argv[1:]])), "--json")
    if not outcome.ranked:
        raise MtdenseError("bench: nothing could be measured; mend what the table says")


def forget(name: str | None) -> None:
    """Forgets the choices for weights, for all without a name, and says how many. Raises MtdenseError."""
    count = forget_choices(None if name is None else read_card(name).sha256)
    sys.stdout.write(f"{count} measured choice{'' if count == 1 else 's'} forgotten, of {cache_file()}\n")


def _run(options: argparse.Namespace) -> None:
    if options.forget:
        forget(options.name)
        return
    given = (options.name or DEFAULT_WEIGHTS, options.size, options.engines, options.precisions, options.runs, options.json, options.choose)
    bench(*given)


def _choose(outcome: Outcome) -> None:
    path = store_choice(outcome.card, outcome.size_hw, outcome.candidates)
    chosen = cached_choice(outcome.card, outcome.size_hw)
    outcome_text = "auto may use none of these, and goes on as before" if chosen is None else f"auto uses {chosen.text} from now on"
    sys.stdout.write(f"\n{outcome_text}: for these weights at this size, on this machine with these versions ({path})\n")
