"""Scores weights and plain baselines on real frames: tables, a JSON file and a contact sheet per set."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import re
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2

from mtdense_ros.errors import InputError
from mtdense_ros.evaluation import tables
from mtdense_ros.evaluation.baselines import TrainingStatistics
from mtdense_ros.evaluation.contact_sheet import Sheet
from mtdense_ros.evaluation.report import Report, rounded
from mtdense_ros.evaluation.robustness import false_areas
from mtdense_ros.evaluation.scoring import score_set
from mtdense_ros.evaluation.sets import SETS, read_set
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.utils.command_line import exit_code, portable_command, without_folders
from mtdense_ros.utils.files import make_folder, write_atomically
from mtdense_ros.weights import find_weights

_log = logging.getLogger(__name__)


FRAMES_LISTED = 200
"""A set of more frames than these has no figures of single ones in the report."""


def evaluate(
    predictor: Predictor,
    names: Sequence[str],
    report: Report,
    sheets: Path | None = None,
    unchanged: bool = False,
    limit: int | None = None,
) -> None:
    """Adds the figures of the network and of the baselines on each set (see read_set) to a report; sheets: folder for pictures.

    limit: the first so many frames of each set only. Raises InputError where a report could not tell two sets apart.
    """
    statistics = TrainingStatistics.of_card(predictor.card)
    labels = [without_folders(text) for text in names]
    if len(set(labels)) < len(labels):
        raise InputError(f"--data: {', '.join(labels)} have the same name in a report; rename a folder")
    for text, name in zip(names, labels, strict=True):
        sheet = Sheet(predictor.card.depth.kind if predictor.card.depth else "metric")
        result = score_set(predictor, islice(read_set(text), limit), statistics, sheet.add if sheets else None)
        report.results += [_listed({"set": name, **rounded(entry)}) for entry in result.entries]
        report.skipped += [f"{name}: {reason}" for reason in result.skipped]
        if sheets and not sheet.empty:
            cv2.imwrite(str(sheets / f"{predictor.card.name}_{_file_name(name)}.png"), cv2.cvtColor(sheet.picture(), cv2.COLOR_RGB2BGR))
        if unchanged and "foreground" in predictor.outputs:
            report.unchanged += [{"set": name, **rounded(entry)} for entry in false_areas(predictor, islice(read_set(text), limit))]
        _log.info("%s: done", name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the tables and writes the files."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    predictor = Predictor.load(options.weights, device="cpu", precision="fp32")
    make_folder(options.out)
    report = Report(predictor.card.name, predictor.card.sha256, portable_command(["mtdense", "eval", *given]))
    evaluate(predictor, options.data, report, options.out, options.unchanged, options.limit)
    (options.out / f"{report.name}.json").write_text(report.to_json(), encoding="utf-8")
    if options.into_card:
        _into_card(options.weights, predictor, report)
    _log.info("%s", _text(report))
    _log.info("figures and pictures are in %s", options.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mtdense eval", description=__doc__)
    parser.add_argument("weights", help="name or path")
    data_help = f"one of {', '.join(SETS)}, or data of your own as KIND:PATH, such as folder:PATH (default: all that have names)"
    parser.add_argument("--data", nargs="+", metavar="SET", default=list(SETS), help=data_help)
    parser.add_argument("--limit", type=_positive, metavar="N", help="the first N frames of each set only")
    parser.add_argument("--unchanged", action="store_true", help="also measure the false area of the mask where nothing changed")
    parser.add_argument("--out", type=Path, default=Path("evaluations"), metavar="DIR", help="folder for the files (default %(default)s)")
    parser.add_argument("--into-card", action="store_true", help="make the figures the metrics of the weights' card")
    return parser


def _listed(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of a report, without its single frames where they are many."""
    return entry if entry["frames"] <= FRAMES_LISTED else {**entry, "per_frame": {}}


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return int(text)


def _text(report: Report) -> str:
    parts = [tables.markdown(report.results)]
    if report.unchanged:
        parts.append(f"## unchanged scenes: largest false area, %\n\n{tables.unchanged(report.unchanged)}")
    parts += [f"not scored: {reason}" for reason in report.skipped]
    return "\n".join(parts)


def _into_card(weights: str, predictor: Predictor, report: Report) -> None:
    card = dataclasses.replace(predictor.card, metrics=report.metrics())
    write_atomically(find_weights(weights).with_suffix(".json"), card.to_json().encode())


def _file_name(name: str) -> str:
    """A set's name with nothing in it that a path could trip over."""
    return re.sub(r"[^A-Za-z0-9@._-]+", "_", name)


if __name__ == "__main__":
    sys.exit(exit_code(main))
