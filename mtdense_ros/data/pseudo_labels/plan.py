"""Whether a teacher's outputs fit a data set, and how the teacher's ids become those of the data set."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.dataset import Source
from mtdense_ros.datatypes import LabelSpace
from mtdense_ros.errors import ConfigError
from mtdense_ros.imaging.label_spaces import label_mapping, load_label_space, load_label_spaces
from mtdense_ros.weights import Card


@dataclass(frozen=True, eq=False)
class AnnotationPlan:
    """What the annotated set holds: label_space and depth_kind as for Source.

    teacher_space is the one of its label spaces that the teacher must use, "" where it gives no labels. table maps the ids of that
    space to those of label_space; None where they are the same.
    """

    label_space: str | None
    depth_kind: str | None
    teacher_space: str = ""
    table: NDArray[np.uint8] | None = None


def plan_annotation(source: Source, targets: Sequence[str], cards: Mapping[str, Card]) -> AnnotationPlan:
    """Plans how networks fill in the targets. cards: by output, the card of the network that predicts it.

    Raises ConfigError for a target that no network makes, for depth of another kind than the data set's, and for labels that
    cannot be mapped to the data set's label space.
    """
    for target in targets:
        if target not in cards:
            made = ", ".join(cards)
            raise ConfigError(f"targets: '{target}' is none of what the teacher makes ({made}); choose another teacher, or leave it out")
    depth_kind = _depth_kind(source, cards["depth"]) if "depth" in targets else source.depth_kind
    label_space = None if source.label_space is None else portable_space(source.label_space)
    if "labels" not in targets:
        return AnnotationPlan(label_space, depth_kind)
    card = cards["labels"]
    if card.label_space is None:
        raise ConfigError(f"teacher '{card.name}': its card names no label space, so its ids mean nothing; choose another teacher")
    spaces = load_label_spaces(card.label_space, card.config.get("num_classes"))
    if label_space is None:
        return AnnotationPlan(portable_space(card.label_space) if len(spaces) == 1 else spaces[0].name, depth_kind, spaces[0].name)
    space, table = _mapped_space(card.name, spaces, label_space)
    return AnnotationPlan(label_space, depth_kind, space.name, table)


def portable_space(label_space: str) -> str:
    """A name of a label space as it is, a path of its file made absolute, so that a folder elsewhere can name it."""
    is_path = os.sep in label_space or "/" in label_space or label_space.endswith(".yaml")
    return str(Path(label_space).expanduser().resolve()) if is_path else label_space


def _depth_kind(source: Source, card: Card) -> str | None:
    kind = None if card.depth is None else card.depth.kind
    if kind == "inverse":
        raise ConfigError(f"teacher '{card.name}': gives inverse depth, which no data set has; leave depth out of the targets")
    if source.depth_kind not in (None, kind):
        found = f"gives {kind} depth, data set '{source.name}' has {source.depth_kind} depth"
        raise ConfigError(f"teacher '{card.name}': {found}; choose another teacher, or leave depth out of the targets")
    return kind


def _mapped_space(teacher: str, spaces: Sequence[LabelSpace], wanted: str) -> tuple[LabelSpace, NDArray[np.uint8] | None]:
    """The teacher's space that is the wanted one, or the first that can be mapped to it, with the look-up table if one is needed."""
    goal, problems = load_label_space(wanted), []
    if goal in spaces:
        return goal, None
    for space in spaces:
        try:
            return space, label_mapping(space, wanted)
        except ConfigError as error:
            problems.append(str(error))
    raise ConfigError(f"teacher '{teacher}': its labels cannot be mapped to '{wanted}', those of the data set ({' / '.join(problems)})")
