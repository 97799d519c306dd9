"""Trains a network: `python -m mtdense_ros.training.train CONFIG [--data SET ...] [--out RUN] [key=value ...]`."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from mtdense_ros.training.config import SourceConfig, TrainConfig, load_config
from mtdense_ros.training.loop import train
from mtdense_ros.utils.command_line import exit_code, portable_command


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the command line and trains; an interrupted run continues from its folder's checkpoint."""
    parser = argparse.ArgumentParser(prog="mtdense train", description=__doc__)
    parser.add_argument("config", type=Path, help="YAML file with what differs from the defaults")
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="folders of rendered sets, in place of the file's sources")
    parser.add_argument("--out", type=Path, help="folder for the checkpoints and the log (default: runs/NAME of the file)")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings that override the file, a.b=value for nested ones")
    options = parser.parse_intermixed_args(arguments)
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun starts
    logging.basicConfig(level=logging.INFO if first else logging.WARNING, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    out = options.out or Path("runs") / options.config.stem
    train(with_rendered(load_config(options.config, options.settings), options.data), out, command_of(options))


def with_rendered(config: TrainConfig, roots: Sequence[Path]) -> TrainConfig:
    """The configuration with rendered sets as its only sources, if there are any."""
    sources = tuple(SourceConfig(f"renders:{root}") for root in roots)
    return dataclasses.replace(config, sources=sources) if sources else config


def command_of(options: argparse.Namespace) -> str:
    """The command with file and folder names only: where they lie is this machine's affair."""
    words = ["python", "-m", "mtdense_ros.training.train", f"config/train/{options.config.name}", *options.settings]
    words += ["--data", *(root.name for root in options.data)] if options.data else []
    words += ["--out", options.out.name] if options.out else []
    return portable_command(words)


if __name__ == "__main__":
    sys.exit(exit_code(main))
