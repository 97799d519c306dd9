"""`mtdense export`: weights as files for other runtimes, each compared with torch before it is written."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from mtdense_ros.errors import InputError
from mtdense_ros.export import OPSET, TOLERANCE, export_onnx
from mtdense_ros.utils.files import make_folder, write_atomically
from mtdense_ros.weights import load_weights

FORMATS = ("onnx",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, with `run`, which takes them parsed."""
    parser.add_argument("name", help="name or path")
    parser.add_argument("--to", required=True, choices=FORMATS, help="the files' format")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--size", type=size_of, metavar="WIDTHxHEIGHT", help="of the images (default: the size on the card)")
    size.add_argument("--dynamic", action="store_true", help="images of any height and width")
    outputs_help = "these alone, and no background where none needs it (default: all)"
    parser.add_argument("--outputs", type=_names, metavar="A,B", help=outputs_help)
    parser.add_argument("--out", type=Path, default=Path("exports"), metavar="DIR", help="folder (default %(default)s)")
    parser.set_defaults(run=lambda o: export(o.name, o.size, o.dynamic, o.outputs, o.out))


def export(name: str, size: tuple[int, int] | None, dynamic: bool, outputs: Sequence[str] | None, out: Path) -> None:
    """Writes out/NAME.onnx and, where an output needs one, out/NAME_background.onnx. Raises MtdenseError.

    size: (height, width); None is the card's, unless `dynamic` leaves it open.
    """
    net, card = load_weights(name)
    make_folder(out)
    fixed = size or (card.input.height, card.input.width)
    for file in export_onnx(net, card, None if dynamic else fixed, outputs):
        path = out / f"{file.name}.onnx"
        _write(path, file.content)
        facts = f"{len(file.content) / 1e6:.1f} MB, opset {OPSET}, {'any size' if dynamic else f'{fixed[1]}x{fixed[0]}'}"
        sys.stdout.write(f"{path}: {facts}, inputs {' '.join(file.inputs)}\n")
        for output, found in file.differences.items():
            sys.stdout.write(f"  {output}: differs from torch by {found:.1e} of its maximum, {TOLERANCE:.0e} is allowed\n")


def size_of(text: str) -> tuple[int, int]:
    """(height, width) of "WIDTHxHEIGHT", for argparse."""
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not WIDTHxHEIGHT in pixels, for example 256x192")
    return int(match[2]), int(match[1])


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if "" in names:
        raise argparse.ArgumentTypeError(f"'{text}' has an empty name; write for example labels,depth")
    return names


def _write(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise InputError(f"--out {path}: cannot be written ({error.strerror}); choose another folder") from error
