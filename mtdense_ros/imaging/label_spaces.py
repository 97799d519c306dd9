"""Label spaces from YAML files: `config/labels/NAME.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from mtdense_ros.datatypes import UNLABELLED, LabelClass, LabelSpace
from mtdense_ros.errors import ConfigError, known_names
from mtdense_ros.utils.files import find_resource

_FLAGS = ("traversable", "obstacle", "dynamic")
_FIELDS = ("id", "name", "color", *_FLAGS)

_Mappings = Mapping[str, Mapping[str, str]]


class _File(NamedTuple):
    """What a label space's file holds."""

    space: LabelSpace
    mappings: _Mappings
    earlier_sizes: tuple[int, ...]

    def of_size(self, size: int | None) -> LabelSpace:
        """The space as it was with so many classes."""
        return LabelSpace(self.space.name, self.space.classes[:size])


def load_label_space(name_or_path: str | Path) -> LabelSpace:
    """The label space of a name ("indoor") or of a YAML file; its own name is the file's stem.

    The file's key `classes` is a list of {id, name, color: [r, g, b], traversable, obstacle, dynamic}, flags false when left
    out; its key `mappings`, if any, is for label_mapping(); its key `earlier_sizes`, if any, lists how many classes it had before
    others joined at its end, see load_label_spaces(). Raises ConfigError for a missing or unreadable file, for unknown, missing or
    mistyped fields, and for mappings of classes that the space does not have.
    """
    return _read(_find(name_or_path)).space


def load_label_spaces(text: str, num_classes: int | None = None) -> tuple[LabelSpace, ...]:
    """The label spaces of one network in the order of its logits: names or paths with "+" between them ("nyud40+kitti6").

    num_classes: of the network; where that is an earlier size of its one space, it has the classes of that time. Raises ConfigError
    for an empty part, for a repeated space and as load_label_space() does.
    """
    parts = [text] if Path(text).expanduser().is_file() else [part.strip() for part in text.split("+")]
    if not all(parts):
        raise ConfigError(f"label spaces '{text}': a part is empty; write one name or path on each side of every '+'")
    spaces = tuple(load_label_space(part) for part in parts)
    names = [space.name for space in spaces]
    if len(set(names)) != len(names):
        raise ConfigError(f"label spaces '{text}': a label space is repeated; name each once")
    file = _read(_find(parts[0]))
    return (file.of_size(num_classes),) if len(spaces) == 1 and num_classes in file.earlier_sizes else spaces


def label_mapping(source: LabelSpace | str | Path, target: str) -> NDArray[np.uint8]:
    """The ids of the label space `target` for those of `source`: (256,) uint8, a look-up table for maps of ids.

    255 for classes without a counterpart, for ids that `source` does not have, and for 255; the identity within one space.
    Raises ConfigError where the file of `source` has no mapping to `target`, or one to classes that `target` does not have.
    """
    path, goal_path = _find(source.name if isinstance(source, LabelSpace) else source), _find(target)
    file = _read(path)
    space, mappings = file.space, file.mappings
    if isinstance(source, LabelSpace) and source not in (space, *(file.of_size(size) for size in file.earlier_sizes)):
        raise ConfigError(f"label space '{source.name}': has other classes than {path}; give its file by path")
    if target in mappings:
        pairs = mappings[target]
    elif path.samefile(goal_path):
        pairs = {name: name for name in space.names}
    else:
        raise ConfigError(f"label space {path}: has no mapping to '{target}'; {known_names(target, mappings)}")
    goal = _read(goal_path).space
    table = np.full(256, UNLABELLED, np.uint8)
    known = source.names if isinstance(source, LabelSpace) else space.names
    for name, counterpart in pairs.items():
        if counterpart not in goal.names:
            raise ConfigError(f"label space {path}: '{name}' is mapped to '{counterpart}', which '{target}' does not have; "
                              f"{known_names(counterpart, goal.names)}")
        if name in known:
            table[space.names.index(name)] = goal.names.index(counterpart)
    return table


def _find(name_or_path: str | Path) -> Path:
    return find_resource("config/labels", name_or_path, ".yaml", ConfigError)


def _read(path: Path) -> _File:
    """The content of a file, checked, but for the classes on the far side of the mappings."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as e:
        raise ConfigError(f"label space {path}: not a readable YAML file ({e}); correct the file") from e
    if not isinstance(content, Mapping) or not {"classes"} <= set(content) <= {"classes", "mappings", "earlier_sizes"}:
        allowed = "'mappings' and 'earlier_sizes' only; see config/labels/indoor.yaml"
        raise ConfigError(f"label space {path}: must hold the key 'classes' and, beside it, {allowed}")
    if not isinstance(content["classes"], list):
        raise ConfigError(f"label space {path}: 'classes' must be a list; see config/labels/indoor.yaml")
    classes = tuple(_label_class(entry, f"label space {path}, class {i}") for i, entry in enumerate(content["classes"]))
    space = LabelSpace(path.stem, classes)
    sizes = content.get("earlier_sizes", [])
    if not isinstance(sizes, list) or not all(type(size) is int and 0 < size < len(classes) for size in sizes):
        raise ConfigError(f"label space {path}: 'earlier_sizes' is {sizes!r}; list numbers of classes from 1 to {len(classes) - 1}")
    return _File(space, _mappings(content.get("mappings", {}), space, f"label space {path}, mappings"), tuple(sizes))


def _mappings(content: Any, space: LabelSpace, where: str) -> _Mappings:
    if not isinstance(content, Mapping) or not all(isinstance(pairs, Mapping) for pairs in content.values()):
        raise ConfigError(f"{where}: must be a mapping of label spaces to mappings of class names; see config/labels/nyud13.yaml")
    for target, pairs in content.items():
        for name, counterpart in pairs.items():
            if name not in space.names:
                raise ConfigError(f"{where} to '{target}': '{name}' is not a class of this space; {known_names(str(name), space.names)}")
            if not isinstance(counterpart, str):
                raise ConfigError(f"{where} to '{target}': '{name}' is mapped to {counterpart!r}; "
                                  "give a class name, or leave the class out if it has no counterpart")
    return content


def _label_class(entry: Any, where: str) -> LabelClass:
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{where}: must be a mapping with the fields {', '.join(_FIELDS)}, found {entry!r}")
    for key in entry:
        if key not in _FIELDS:
            raise ConfigError(f"{where}: unknown field '{key}'; {known_names(str(key), _FIELDS)}")
    color = entry.get("color")
    flags = {flag: entry.get(flag, False) for flag in _FLAGS}
    checks = {
        "id": type(entry.get("id")) is int,
        "name": isinstance(entry.get("name"), str) and bool(entry.get("name")),
        "color": isinstance(color, list) and all(type(v) is int for v in color),
        **{flag: isinstance(value, bool) for flag, value in flags.items()},
    }
    for field_name, good in checks.items():
        if not good:
            raise ConfigError(f"{where}: field '{field_name}' is missing or of the wrong kind ({entry.get(field_name)!r}); "
                              "expected id: integer, name: text, color: [r, g, b], flags: true or false")
    return LabelClass(entry["id"], entry["name"], tuple(entry["color"]), **flags)
