"""Label spaces from YAML files: `config/labels/NAME.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mtdense_ros.errors import ConfigError
from mtdense_ros.hints import known_names
from mtdense_ros.records import LabelClass, LabelSpace
from mtdense_ros.resources import find_resource

_FLAGS = ("traversable", "obstacle", "dynamic")
_FIELDS = ("id", "name", "color", *_FLAGS)


def load_label_space(name_or_path: str | Path) -> LabelSpace:
    """The label space of a name ("indoor") or of a YAML file; its own name is the file's stem.

    The file has one key, `classes`: a list of {id, name, color: [r, g, b], traversable, obstacle, dynamic}, flags false when
    left out. Raises ConfigError for a missing or unreadable file, and for unknown, missing or mistyped fields.
    """
    path = find_resource("config/labels", name_or_path, ".yaml", ConfigError)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as e:
        raise ConfigError(f"label space {path}: not a readable YAML file ({e}); correct the file") from e
    if not isinstance(content, Mapping) or set(content) != {"classes"} or not isinstance(content["classes"], list):
        raise ConfigError(f"label space {path}: must hold exactly one key, 'classes', with a list; see config/labels/indoor.yaml")
    return LabelSpace(path.stem, tuple(_label_class(entry, f"label space {path}, class {i}") for i, entry in enumerate(content["classes"])))


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
