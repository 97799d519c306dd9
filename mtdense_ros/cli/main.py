"""The command `mtdense`: predict, replay, weights, export, annotate, bench, doctor, train, eval, precision, mdeas-set."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence

from mtdense_ros.utils.command_line import exit_code

_OWN_PARSER = {
    "train": ("mtdense_ros.training.train", "train a network from a configuration file"),
    "eval": ("mtdense_ros.evaluation.evaluate", "score weights on evaluation sets"),
    "precision": ("mtdense_ros.evaluation.precision", "what bf16 and fp16 cost in accuracy, for a card and for auto"),
    "doctor": ("mtdense_ros.cli.doctor", "what this machine really does, from GPU to transport, and what to change"),
    "mdeas-set": ("mtdense_ros.cli.mdeas_set", "build an MDEAS data set of overlays, masks and a teacher's depth"),
}
"""Commands whose module parses its own arguments; imported only when one is called."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code, see command_line.exit_code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return exit_code(lambda: _run(given))


def _run(given: Sequence[str]) -> object:
    if given and given[0] in _OWN_PARSER:
        return importlib.import_module(_OWN_PARSER[given[0]][0]).main(given[1:])
    options = _parser().parse_args(given)
    run: Callable[[argparse.Namespace], None] = options.run
    run(options)
    return None


def _parser() -> argparse.ArgumentParser:
    """Imports what needs torch, which `doctor` must do without."""
    from mtdense_ros.cli import annotate, bench, export_weights, predict, replay, weights

    parser = argparse.ArgumentParser(prog="mtdense", description="Dense perception for ground robots, without ROS.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    predict.add_arguments(commands.add_parser("predict", help="labels, depth, normals and mask of images, as picture files"))
    replay.add_arguments(commands.add_parser("replay", help="a bag, video or image folder through the node's pipeline"))
    weights.add_arguments(commands.add_parser("weights", help="list, show, verify and import weights"))
    help_of_export = "weights as files for other runtimes, compared with torch before they are written"
    export_weights.add_arguments(commands.add_parser("export", help=help_of_export))
    annotate.add_arguments(commands.add_parser("annotate", help="fill in what a data set misses, by a network as its teacher"))
    bench.add_arguments(commands.add_parser("bench", help="the engines of this machine against each other; choose the one for auto"))
    for name, (_, text) in _OWN_PARSER.items():
        commands.add_parser(name, help=text)
    return parser
