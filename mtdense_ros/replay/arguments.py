"""The arguments that the demo and the offline twin share."""

from __future__ import annotations

import argparse
from pathlib import Path

from mtdense_ros.inference.multi_predictor import plan_networks
from mtdense_ros.replay.demo_sequence import DemoSource
from mtdense_ros.replay.plan import FIRST, Plan, make_plan
from mtdense_ros.replay.sources import open_source

DEFAULT_WEIGHTS = "mtdense_indoor"


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Declares `--weights`: one name or path, or several with commas between."""
    help_text = "name or path, or several with commas between: each output comes from the first that has it (default %(default)s)"
    parser.add_argument("--weights", type=_names, default=DEFAULT_WEIGHTS, metavar="NAME[,NAME]", help=help_text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def add_arguments(parser: argparse.ArgumentParser, out: str, frames: int) -> None:
    """Declares them, with the defaults for `--out` and `--frames`."""
    parser.add_argument("path", nargs="?", type=Path, help="a rosbag2, a video, a folder of images or an image; none: a rendered sequence")
    parser.add_argument("--background", default=None, metavar="first|IMAGE", help="the reference frame of the foreground")
    add_weights(parser)
    parser.add_argument("--out", type=Path, default=Path(out), metavar="DIR", help="where results go (default %(default)s)")
    parser.add_argument("--frames", type=int, default=frames, metavar="N", help="at most so many; 0: all (default %(default)s)")
    parser.add_argument("--image-topic", default="", metavar="T", help="the camera of a bag that has several")


def plan_of(options: argparse.Namespace, rate: float = 0.0) -> Plan:
    """What the arguments ask for; the rendered sequence's own background is its first frame. Raises MtdenseError."""
    plan_networks(options.weights)  # a wrong name fails before anything starts
    source = DemoSource() if options.path is None else open_source(options.path, options.image_topic)
    own = FIRST if options.path is None else ""
    return make_plan(source, options.weights, own if options.background is None else options.background, options.frames, rate)
