"""`mtdense replay`: a recording through the node's pipeline, without ROS."""

from __future__ import annotations

import argparse

from mtdense_ros.replay import arguments
from mtdense_ros.replay.offline import replay_offline
from mtdense_ros.utils.command_line import Console
from mtdense_ros.utils.files import make_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, with `run`, which takes them parsed."""
    arguments.add_arguments(parser, out="replay_out", frames=0)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default %(default)s)")
    parser.set_defaults(run=lambda o: replay_offline(arguments.plan_of(o), make_folder(o.out), Console("replay"), o.device))
