"""The command `mtdense`: predict, replay, weights, export, annotate, train, eval, mdeas-set."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mtdense_ros import cli_annotate, cli_export, cli_predict, cli_weights
from mtdense_ros.errors import MtdenseError
from mtdense_ros.replay.arguments import add_arguments, add_weights, folder_of, plan_of
from mtdense_ros.replay.console import Console
from mtdense_ros.replay.offline import replay_offline

_OWN_PARSER = {
    "train": ("mtdense_ros.training.train", "train a network from a configuration file"),
    "eval": ("mtdense_ros.evaluation.evaluate", "score weights on evaluation sets"),
    "mdeas-set": ("mtdense_ros.cli_mdeas", "build an MDEAS data set of overlays, masks and a teacher's depth"),
}
"""Commands whose module parses its own arguments; imported only when one is called."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 2 after an error that was told in one line, 130 after Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in _OWN_PARSER:
            importlib.import_module(_OWN_PARSER[given[0]][0]).main(given[1:])
        else:
            options = _parser().parse_args(given)
            run: Callable[[argparse.Namespace], None] = options.run
            run(options)
    except MtdenseError as error:
        sys.stderr.write(f"mtdense: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nmtdense: interrupted\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mtdense", description="Dense perception for ground robots, without ROS.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_predict(commands.add_parser("predict", help="labels, depth, normals and mask of images, as picture files"))
    _add_replay(commands.add_parser("replay", help="a bag, video or image folder through the node's pipeline"))
    cli_weights.add_arguments(commands.add_parser("weights", help="list, describe, verify and import weights"))
    _add_export(commands.add_parser("export", help="weights as files for other runtimes, compared with torch before they are written"))
    cli_annotate.add_arguments(commands.add_parser("annotate", help="fill in what a data set misses, by a network as its teacher"))
    for name, (_, text) in _OWN_PARSER.items():
        commands.add_parser(name, help=text)
    return parser


def _add_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="JPEG or PNG files")
    add_weights(parser)
    parser.add_argument("--background", type=Path, metavar="IMAGE", help="the reference frame; without one there is no mask")
    parser.add_argument("--focal", type=float, metavar="PX", help="focal length in pixels; without it, depth assumes that of the weights")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("predictions"), metavar="DIR", help="where results go (default %(default)s)")
    parser.set_defaults(run=lambda o: cli_predict.predict(o.images, o.weights, o.background, o.focal, o.device, o.out))


def _add_replay(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser, out="replay_out", frames=0)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default %(default)s)")
    parser.set_defaults(run=lambda o: replay_offline(plan_of(o), folder_of(o), Console("replay"), o.device))


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="name or path")
    parser.add_argument("--to", required=True, choices=cli_export.FORMATS, help="the files' format")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--size", type=cli_export.size_of, metavar="WIDTHxHEIGHT", help="of the images (default: the size on the card)")
    size.add_argument("--dynamic", action="store_true", help="images of any height and width")
    outputs_help = "these alone, and no background where none needs it (default: all)"
    parser.add_argument("--outputs", type=lambda text: text.split(","), metavar="A,B", help=outputs_help)
    parser.add_argument("--out", type=Path, default=Path("exports"), metavar="DIR", help="folder (default %(default)s)")
    parser.set_defaults(run=lambda o: cli_export.export(o.name, o.size, o.dynamic, o.outputs, o.out))


if __name__ == "__main__":
    sys.exit(main())
