"""`mtdense weights add`: the file of a network of others becomes weights with a card."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mtdense_ros.cli.output_folder import OUT_HELP, output_folder
from mtdense_ros.graphs.add import add_file
from mtdense_ros.graphs.description import describe
from mtdense_ros.graphs.form import read_form
from mtdense_ros.graphs.resolution import IncompleteCardError
from mtdense_ros.utils.command_line import portable_command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, with `run`, which takes them parsed."""
    parser.add_argument("file", type=Path, help="ONNX, TFLite or OpenVINO IR (.xml, its .bin beside it)")
    parser.add_argument("--name", required=True, help="of the new weights")
    parser.add_argument("--card", type=Path, metavar="YAML", help="what the file does not say; see docs/your-own-network.md")
    parser.add_argument("--out", type=Path, metavar="DIR", help=OUT_HELP)
    parser.add_argument("--force", action="store_true", help="replace weights of that name")
    parser.set_defaults(run=lambda o: add(o.file, o.name, o.card, output_folder(o.out), o.force))


def add(file: Path, name: str, form_file: Path | None, out: Path, force: bool) -> None:
    """Adds a file and says what came out; what is unknown is said after what the file itself tells. Raises WeightsError, ConfigError."""
    words = ["mtdense", "weights", "add", file.name, "--name", name, *(("--card", form_file.name) if form_file else ())]
    try:
        card, trial = add_file(file, name, read_form(form_file), out, portable_command(words), force)
    except IncompleteCardError:
        description = describe(file)
        for kind, tensors in (("input", description.inputs), ("output", description.outputs)):
            sys.stdout.writelines(f"{file.name}: {kind} {tensor.text}\n" for tensor in tensors)
        raise
    shapes = ", ".join(f"{role} {'x'.join(map(str, shape))}" for role, shape in trial.shapes.items())
    sys.stdout.write(f"{out / name}{file.suffix}: {shapes}; ran in {' and '.join(trial.engines)}\n")
    for role, difference in trial.differences.items():
        sys.stdout.write(f"{role}: {difference:.2%} between them\n")
    for remark in trial.remarks:
        sys.stdout.write(f"{remark}\n")
    if "labels" in card.outputs and card.label_space is None:
        sys.stdout.write("without a label space its classes have no names and colours; add label_space to the card\n")
