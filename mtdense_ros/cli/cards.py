"""Model cards as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtdense_ros.errors import ConfigError
from mtdense_ros.evaluation.tables import FIGURES
from mtdense_ros.imaging.label_spaces import load_label_spaces
from mtdense_ros.utils.tables import NONE, number, plain_table
from mtdense_ros.weights import Card

_TITLES = ("name", "architecture", "input", "parameters", "MB", "outputs", "label space", "depth", "licence")


def list_text(cards: Iterable[Card]) -> str:
    """A table with a line per card."""
    return plain_table([_TITLES, *(_summary(card) for card in cards)])


def card_text(card: Card, path: Path) -> str:
    """Everything on a card but the metrics' protocols; path: of the weights."""
    facts = {
        "architecture": f"{card.arch}: {_fields(card.config)}",
        "file": f"{path}, {card.bytes / 1e6:.1f} MB, sha256 {card.sha256}",
        "parameters": f"{card.parameters:,}",
        "input": _input(card),
        "outputs": ", ".join(card.outputs),
        "label space": _spaces(card.label_space, card.config.get("num_classes")),
        "depth": _depth(card),
        "foreground": f"changed where its probability is at least {card.foreground.threshold}" if card.foreground else NONE,
        "smaller": _formats(card),
        "licence": card.licence,
        "attribution": card.attribution or NONE,
        "data": "; ".join(_source(source) for source in card.data) or NONE,
        "command": card.command or NONE,
        "commit": card.commit or NONE,
    }
    return "\n".join([card.name, *(f"  {name:<14}{value}" for name, value in facts.items())]) + "\n" + _metrics(card.metrics)


def _summary(card: Card) -> tuple[str, ...]:
    size = f"{card.input.width}x{card.input.height} {card.input.resize}"
    kind = card.depth.kind if card.depth else NONE
    counts = (f"{card.parameters:,}", f"{card.bytes / 1e6:.1f}")
    return (card.name, card.arch, size, *counts, ", ".join(card.outputs), card.label_space or NONE, kind, card.licence)


def _input(card: Card) -> str:
    given, sides = card.input, f"{card.input.width}x{card.input.height}"
    text = {
        "area": f"as many pixels as {sides}, in the camera's shape",
        "shorter": f"shorter side {min(given.height, given.width)}, in the camera's shape",
        "stretch": f"{sides}, whatever the camera's shape",
        "native": "the camera's own size",
    }[given.resize]
    multiple = f", sides in multiples of {given.multiple}" if given.multiple > 1 else ""
    return f"{text}{multiple}; RGB mean {_fields(given.mean)}, standard deviation {_fields(given.std)}"


def _spaces(text: str | None, num_classes: int | None) -> str:
    """The label space with its number of classes, if its file is here."""
    if text is None:
        return NONE
    try:
        return f"{text}, {' + '.join(f'{len(space.classes)}' for space in load_label_spaces(text, num_classes))} classes"
    except ConfigError as error:
        return f"{text} ({error})"


def _depth(card: Card) -> str:
    depth = card.depth
    if depth is None:
        return NONE
    if depth.kind != "metric":
        return f"{depth.kind}, without unit"
    camera = "any camera" if depth.focal_px is None else f"a focal length of {depth.focal_px:g} px of the network's input"
    return f"metric, {depth.min_m:g} to {depth.max_m:g} m for {camera}"


def _formats(card: Card) -> str:
    """The precisions below fp32 that `auto` may use, and in which engines, of those whose loss was measured."""
    if card.precision is None:
        return "bf16 and fp16 only when asked for: their loss was not measured"
    pairs = dict.fromkeys((entry["precision"], entry["engine"]) for entry in card.precision.measured)
    good = [f"{precision} in {engine}" for precision, engine in pairs if not card.precision.refusal(precision, engine, card.outputs)]
    return f"auto may use {', '.join(good)}" if good else "bf16 and fp16 only when asked for: their loss is beyond the limit"


def _source(source: Any) -> str:
    """A data source in a few words: its name and licence, or its text."""
    if not isinstance(source, Mapping):
        return str(source)
    name = str(source.get("name", "without a name"))
    return f"{name} ({source['licence']})" if "licence" in source else name


def _metrics(metrics: Sequence[Mapping[str, Any]]) -> str:
    """A table per output; empty without metrics."""
    parts = []
    for output, figures in FIGURES.items():
        rows = [entry for entry in metrics if entry.get("output") == output]
        if rows:
            titles = ("set", "frames", "method", *(title for _, title in figures))
            cells = [(*(str(row.get(key, NONE)) for key in titles[:3]), *(number(row.get(key), 3) for key, _ in figures)) for row in rows]
            parts.append(f"\n{output}\n{plain_table([titles, *cells])}")
    return "".join(parts)


def _fields(values: Any) -> str:
    """Values of a configuration in one line."""
    if isinstance(values, Mapping):
        return ", ".join(f"{key} {_fields(value)}" for key, value in values.items()) or "no fields"
    return " ".join(str(value) for value in values) if isinstance(values, (list, tuple)) else str(values)
