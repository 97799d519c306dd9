"""The accuracy that bf16 and fp16 cost in every engine of this machine, against fp32 in torch.

Rendered sets decide whether `auto` may use a precision: a set of another seed than the training's, or the frames that the training held
out, which are the first ones of its first set, as many as its `validation` says. Real evaluation frames are only reported.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from mtdense_ros.engines.base import SUPPORTED_PRECISIONS, EngineOptions
from mtdense_ros.engines.create import installed_engines
from mtdense_ros.engines.machine import this_machine
from mtdense_ros.errors import InputError, MtdenseError, known_names
from mtdense_ros.evaluation.baselines import TrainingStatistics
from mtdense_ros.evaluation.emulated_precision import EmulatedFp16Engine
from mtdense_ros.evaluation.precision_report import PrecisionReport, counts_for_auto, figures_of, precision_drops, section
from mtdense_ros.evaluation.scoring import score_set
from mtdense_ros.evaluation.sets import SETS, data_root, read_set
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.models import DenseNetwork
from mtdense_ros.utils.command_line import exit_code, portable_command
from mtdense_ros.utils.files import write_atomically, write_result
from mtdense_ros.weights import Card, find_weights, load_weights
from mtdense_ros.weights.precision import REDUCED

EXACT = ("torch", "fp32")
Variant = tuple[str, str]
"""An engine and a precision."""

_log = logging.getLogger(__name__)


def measure(net: DenseNetwork, card: Card, variants: Sequence[Variant], sets: Sequence[str], frames: int, report: PrecisionReport) -> None:
    """Adds the figures of fp32 in torch and of each variant on the first `frames` of each set to a report, and their drops.

    A variant that this machine lacks, or that fails, is among what the report skipped.
    """
    exact = _scored(net, card, EXACT, sets, frames)
    figures = {entry["set"]: entry["figures"] for entry in exact}
    reduced = []
    for variant in variants:
        try:
            entries = _scored(net, card, variant, sets, frames)
        except (MtdenseError, RuntimeError) as error:
            report.skipped.append(f"{' '.join(variant)}: {error}")
            continue
        reduced += [{**entry, "loss": precision_drops(figures[entry["set"]], entry["figures"])} for entry in entries]
    report.results += sorted([*exact, *reduced], key=lambda entry: list(figures).index(entry["set"]))


def variants_here() -> list[Variant]:
    """The reduced precisions of the installed engines; fp16 in torch always: without a GPU its rounding is emulated."""
    devices = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
    here = [name for name, absent in installed_engines().items() if absent is None]
    found = [(engine, p) for (engine, device), names in SUPPORTED_PRECISIONS.items() if engine in here and device in devices for p in names]
    return sorted({variant for variant in [*found, ("torch", "fp16")] if variant[1] in REDUCED})


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table, writes the JSON file and, if asked, the card."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if options.frames < 1:
        raise InputError(f"--frames {options.frames}: is too few; give at least 1")
    names = [_set_name(text) for text in options.data]
    if len(set(names)) < len(names):
        raise InputError(f"--data: {', '.join(names)} have the same name in a report; rename a folder")
    net, card = load_weights(options.weights)
    command = portable_command(["mtdense", "precision", *given])
    report = PrecisionReport(card.name, card.sha256, list(card.outputs), command, this_machine().as_json())
    report.limits |= card.precision.limits if card.precision else {}
    measure(net, card, options.variants or variants_here(), [*options.data, *_real(options.real, report)], options.frames, report)
    path = options.out / "precision" / f"{card.name}.json"
    write_result(path, report.to_json(), "--out")
    if options.into_card:
        new = dataclasses.replace(card, precision=report.spec(card.precision))
        write_atomically(find_weights(options.weights).with_suffix(".json"), new.to_json().encode())
    _log.info("%s", section(report))
    _log.info("figures are in %s", path)
    if not any(counts_for_auto(entry["set"]) for entry in report.results):
        _log.warning("no rendered set was among them, so nothing follows for auto; give one with --data renders:PATH")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mtdense precision", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", help="name or path")
    parser.add_argument("--data", nargs="+", metavar="SET", required=True, help="held-out frames, such as renders:PATH")
    real_help = "real evaluation sets, which are only reported (default: all, where they are on this machine; none for the empty list)"
    parser.add_argument("--real", nargs="*", metavar="SET", help=f"{real_help}: {', '.join(SETS)}")
    frames_help = "the first so many of each set (default %(default)s, as many as a training holds out by default)"
    parser.add_argument("--frames", type=int, default=48, metavar="N", help=frames_help)
    variants_help = "these alone, such as openvino:bf16 (default: every precision of every engine here, and torch:fp16)"
    parser.add_argument("--variants", nargs="+", type=_variant, metavar="ENGINE:PRECISION", help=variants_help)
    out_help = "folder for precision/NAME.json (default %(default)s)"
    parser.add_argument("--out", type=Path, default=Path("evaluations"), metavar="DIR", help=out_help)
    parser.add_argument("--into-card", action="store_true", help="write the drops into the weights' card, next to those of other machines")
    return parser


def _variant(text: str) -> Variant:
    engine, _, precision = text.partition(":")
    if engine not in installed_engines() or precision not in REDUCED:
        raise argparse.ArgumentTypeError(f"'{text}': {known_names(text, (f'{e}:{p}' for e in installed_engines() for p in REDUCED))}")
    return engine, precision


def _real(asked: Sequence[str] | None, report: PrecisionReport) -> list[str]:
    """The real sets to report on; without being asked, all if there are any here."""
    if asked is not None:
        return list(asked)
    try:
        data_root()
    except InputError as error:
        report.skipped.append(f"real frames: {error}")
        return []
    return list(SETS)


def _scored(net: DenseNetwork, card: Card, variant: Variant, sets: Sequence[str], frames: int) -> list[dict[str, Any]]:
    """The results of one engine and precision, set by set, without the drops."""
    predictor = _predictor(net, card, variant)
    emulated = ", imitated" if _is_emulated(variant) else ""
    entries = []
    for text in sets:
        found = score_set(predictor, islice(read_set(text), frames), TrainingStatistics(), baselines=False).entries
        facts = {"set": _set_name(text), "frames": max((entry["frames"] for entry in found), default=0)}
        how = {"engine": variant[0], "device": f"{predictor.device_name}{emulated}", "precision": variant[1]}
        entries.append({**facts, **how, "figures": figures_of(found)})
        _log.info("%s on %s: done", " ".join(variant), facts["set"])
    return entries


def _predictor(net: DenseNetwork, card: Card, variant: Variant) -> Predictor:
    engine, precision = variant
    if _is_emulated(variant):
        return Predictor(EmulatedFp16Engine(net), net.needs_background, card)
    device = "cpu" if variant == EXACT else "auto"  # on a GPU torch may compute fp32 with fewer bits
    return Predictor.from_network(net, card, EngineOptions(engine, device, precision))


def _is_emulated(variant: Variant) -> bool:
    """fp16 in torch, which exists on a GPU only, where there is none."""
    return variant == ("torch", "fp16") and not torch.cuda.is_available()


def _set_name(text: str) -> str:
    """The name of a set, without the folders above it."""
    kind, colon, rest = text.partition(":")
    return f"{kind}:{Path(rest).name}" if colon else text


if __name__ == "__main__":
    sys.exit(exit_code(main))
