"""Scores weights on real frames: `python -m mtdense_ros.evaluation.evaluate NAME [--json OUT] [--markdown OUT] [--sheet PNG]`."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import logging
import math
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2

from mtdense_ros.atomic import write_atomically
from mtdense_ros.errors import WeightsError
from mtdense_ros.evaluation.baselines import TrainingStatistics
from mtdense_ros.evaluation.scoring import score_set
from mtdense_ros.evaluation.sets import SETS, read_set
from mtdense_ros.evaluation.sheet import sheet
from mtdense_ros.evaluation.tables import markdown
from mtdense_ros.predictor import Predictor
from mtdense_ros.resources import find_resource

PROTOCOL = "at camera size through the predictor, fp32; counts pooled over all pixels of the set; never used to train, tune or select"

_log = logging.getLogger(__name__)


def evaluate(predictor: Predictor, names: Sequence[str]) -> list[dict[str, Any]]:
    """The figures of the network and of the baselines on each named set, as a card's metrics keep them."""
    statistics = TrainingStatistics.of_card(predictor.card)
    entries = []
    for name in names:
        results = score_set(predictor, read_set(name), statistics)
        entries += [{"set": name, **_rounded(result), "protocol": PROTOCOL} for result in results]
        _log.info("%s: done", name)
    return entries


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table; writes what was asked for."""
    parser = argparse.ArgumentParser(prog="mtdense_ros.evaluation.evaluate", description=__doc__)
    parser.add_argument("weights", help="name or path")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--markdown", type=Path, help="write the table here")
    parser.add_argument("--sheet", type=Path, help="write pictures of two frames of each set here")
    parser.add_argument("--into-card", action="store_true", help="make the figures the metrics of the weights' card")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    predictor = Predictor.load(options.weights, device="cpu", precision="fp32")
    entries = evaluate(predictor, options.sets)
    if options.json:
        options.json.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    if options.into_card:
        card = dataclasses.replace(predictor.card, metrics=tuple(entries))
        path = find_resource("weights", options.weights, ".safetensors", WeightsError).with_suffix(".json")
        write_atomically(path, card.to_json().encode())
    command = shlex.join(["python", "-m", parser.prog, *(sys.argv[1:] if arguments is None else arguments)])
    text = f"# Accuracy of {predictor.card.name} on real frames\n\nMade by `{command}`: {PROTOCOL}.\n\n{markdown(entries)}"
    if options.markdown:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text(text, encoding="utf-8")
    if options.sheet:
        frames = itertools.chain.from_iterable(itertools.islice(read_set(name), 2) for name in options.sets)
        cv2.imwrite(str(options.sheet), cv2.cvtColor(sheet(predictor, frames), cv2.COLOR_RGB2BGR))
    _log.info("%s", text)


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Four decimals; no figure is None, which JSON, unlike NaN, knows."""
    rounded: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            value = _rounded(value)
        elif isinstance(value, float):
            value = round(value, 4) if math.isfinite(value) else None
        rounded[key] = value
    return rounded


if __name__ == "__main__":
    main()
