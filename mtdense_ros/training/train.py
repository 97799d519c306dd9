"""Trains a network: `python -m mtdense_ros.training.train CONFIG --data SET [SET ...] --out RUN [key=value ...]`."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import cv2

from mtdense_ros.training.config import load_config
from mtdense_ros.training.loop import train


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the command line and trains; an interrupted run continues from its folder's checkpoint."""
    parser = argparse.ArgumentParser(prog="mtdense_ros.training.train", description=__doc__)
    parser.add_argument("config", type=Path, help="YAML file with what differs from the defaults")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of rendered sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint and the log")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings that override the file")
    options = parser.parse_intermixed_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    train(load_config(options.config, options.settings), options.data, options.out)


if __name__ == "__main__":
    main()
