"""What a predictor reads off a card, with what its caller asked for instead."""

from __future__ import annotations

from itertools import accumulate

from mtdense_ros.datatypes import LabelSpace
from mtdense_ros.errors import ConfigError, WeightsError, known_names
from mtdense_ros.imaging.label_spaces import load_label_spaces
from mtdense_ros.weights import Card

Size = tuple[int, int]


def label_space_of(card: Card, chosen: str) -> tuple[LabelSpace | None, slice]:
    """The label space of a name, "" for the card's first, and where its logits are among the network's."""
    spaces = load_label_spaces(card.label_space) if card.label_space is not None else ()
    names = [space.name for space in spaces]
    if chosen and chosen not in names:
        raise ConfigError(f"parameter labels.space: '{chosen}' is no label space of '{card.name}'; {known_names(chosen, names)}")
    if not spaces:
        return None, slice(None)
    classes, ends = card.config.get("num_classes"), list(accumulate(len(space.classes) for space in spaces))
    if classes is not None and classes != ends[-1]:
        found = f"the network has {classes} classes, its label space '{card.label_space}' has {ends[-1]}"
        raise WeightsError(f"card '{card.name}': {found}; name the label space that it was trained with")
    index = names.index(chosen) if chosen else 0
    return spaces[index], slice(ends[index] - len(spaces[index].classes), ends[index])


def input_of(card: Card, size: Size | None) -> tuple[Size, str]:
    """(height, width) and resize mode of the network's input; a given size makes a native network a resizing one."""
    if size is None:
        return (card.input.height, card.input.width), card.input.resize
    if len(size) != 2 or min(size) < 1:
        raise ConfigError(f"size: {size} is no (height, width) in pixels; use for example (192, 256)")
    return (int(size[0]), int(size[1])), "area" if card.input.resize == "native" else card.input.resize
