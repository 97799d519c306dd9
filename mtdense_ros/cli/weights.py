"""`mtdense weights`: what is there, what it is, and whether it is whole."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from mtdense_ros.cli import add_weights, import_weights
from mtdense_ros.cli.cards import card_text, list_text
from mtdense_ros.errors import MtdenseError, WeightsError
from mtdense_ros.graphs.description import describe
from mtdense_ros.graphs.trial import try_out
from mtdense_ros.utils.files import search_folders
from mtdense_ros.weights import GRAPH, Card, find_weights, list_weights, load_weights, read_card
from mtdense_ros.weights.importers.smoke_test import trial_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions, each with `run`, which takes the parsed options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="all weights that a name stands for")
    listing.set_defaults(run=lambda o: show_list())
    info = actions.add_parser("info", help="the card of one")
    info.add_argument("name", help="name or path")
    info.add_argument("--json", action="store_true", help="the card itself, with the metrics' protocols")
    info.set_defaults(run=lambda o: show_card(o.name, o.json))
    verify = actions.add_parser("verify", help="recompute size, sha256, entries, parameters and classes, and run once at the card's size")
    verify.add_argument("name", nargs="?", help="name or path; all names when none is given")
    verify.set_defaults(run=lambda o: verify_weights(o.name))
    add_weights.add_arguments(actions.add_parser("add", help="take a network of others as the file that it is"))
    import_weights.add_arguments(actions.add_parser("import", help="convert a checkpoint of an original; no pickled code is run"))


def show_list() -> None:
    """A table of all weights that a name stands for. Raises WeightsError, after the table, where cards cannot be read."""
    cards, problems = [], []
    for path in list_weights().values():
        try:
            cards.append(read_card(path))
        except WeightsError as error:
            problems.append(str(error))
    if cards:
        sys.stdout.write(list_text(cards))
    elif not problems:
        _say_none()
    if problems:
        raise WeightsError("; ".join(problems))


def _say_none() -> None:
    sys.stdout.write(f"no weights in {', '.join(str(folder) for folder in search_folders('weights'))}\n")


def show_card(name: str, as_json: bool) -> None:
    """The card as text or as JSON. Raises WeightsError."""
    card = read_card(name)
    sys.stdout.write(card.to_json() if as_json else card_text(card, find_weights(name)))


def verify_weights(name: str | None) -> None:
    """Recomputes one, or all without a name, and says what came out: what `load_weights` checks, the label space's classes, and
    the raw outputs of one run at the card's input size.

    Raises MtdenseError that names the file; of several, after the others were verified too.
    """
    if name is not None:
        _verify(name)
        return
    names, failed = list_weights(), []
    if not names:
        _say_none()
    for each in names:
        try:
            _verify(each)
        except MtdenseError as error:
            sys.stderr.write(f"{each}: {error}\n")
            failed.append(each)
    if failed:
        raise WeightsError(f"weights {', '.join(failed)}: not whole, see above; copy or export them again")


def _verify(name: str) -> None:
    path = find_weights(name)
    if read_card(path).arch == GRAPH:
        _verify_file(path)
        return
    net, card = load_weights(path)
    if card.label_space is not None:
        import_weights.check_classes(net, card.label_space, f"card of {path}: label_space '{card.label_space}'")
    shapes = trial_run(net, (card.input.height, card.input.width), f"weights {path}")
    _say_whole(card, shapes)


def _verify_file(path: Path) -> None:
    card = read_card(path)
    describe(path)
    trial = try_out(path, card)
    _say_whole(card, trial.shapes, f" in {' and '.join(trial.engines)}")


def _say_whole(card: Card, shapes: Mapping[str, tuple[int, ...]], ran: str = "") -> None:
    raw = ", ".join(f"{key} {'x'.join(str(side) for side in shape)}" for key, shape in shapes.items())
    sys.stdout.write(f"{card.name}: whole; sha256 {card.sha256}, {card.parameters:,} parameters; "
                     f"for {card.input.width}x{card.input.height} it gives {raw}{ran}\n")
