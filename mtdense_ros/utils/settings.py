"""Frozen dataclasses filled from mappings, YAML files and words such as "optimiser.lr=1e-3", strict about names and types."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import yaml

from mtdense_ros.errors import ConfigError, MtdenseError, known_names

T = TypeVar("T")

_SCALARS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_EXPECTED = {**_SCALARS, tuple: "a list", Mapping: "keys and values"}


def load_settings(kind: type[T], path: Path | None, words: Sequence[str] = ()) -> T:
    """The defaults of `kind`, changed by a YAML file and then by words "key=value", dots in a key for nested ones. Raises ConfigError."""
    layers: list[tuple[Any, str]] = [] if path is None else [(_read(path), str(path))]
    layers += [(_of_word(word), f"setting '{word}'") for word in words]
    merged: dict[str, Any] = {}
    for layer, where in layers:
        if not isinstance(layer, Mapping):
            raise ConfigError(f"{where}: must hold keys and values, found {layer!r}; write key: value")
        _merge(merged, layer)
    return build_settings(kind, merged, ", ".join(where for _, where in layers) or "settings")


def build_settings(kind: type[T], values: Any, where: str = "settings", error: type[MtdenseError] = ConfigError) -> T:
    """A dataclass of nested mappings, as dataclasses.asdict() or JSON gives them; whole numbers become floats where those are due.

    Raises `error`, naming `where`, for a key that is unknown or missing, a value of another type, and an annotation that this
    function does not know.
    """

    def built(value: Any, hint: Any, key: str) -> Any:
        origin, inner = get_origin(hint) or hint, get_args(hint)
        if origin is Any:
            return value
        if origin is UnionType and inner[1:] == (type(None),):
            return None if value is None else built(value, inner[0], key)
        if dataclasses.is_dataclass(origin):
            if isinstance(value, Mapping):
                return record(hint, value, f"{key}." if key else "")
            if isinstance(value, hint):
                return value
        elif origin is tuple and isinstance(value, (list, tuple)) and (inner[-1] is Ellipsis or len(inner) == len(value)):
            return tuple(built(item, inner[0], f"{key}[{i}]") for i, item in enumerate(value))
        elif origin is Mapping and isinstance(value, Mapping):
            return {str(name): built(item, inner[1], f"{key}.{name}") for name, item in value.items()}
        elif origin in _SCALARS and (type(value) is hint or (hint is float and type(value) is int)):
            return hint(value)
        elif origin not in _EXPECTED:
            raise error(f"{where}: '{key}' is declared as {hint}, which build_settings does not know; add it there")
        raise error(f"{where}: '{key or kind.__name__}' is {value!r}; expected {_EXPECTED.get(origin, _EXPECTED[Mapping])}")

    def record(of: Any, values: Mapping[str, Any], prefix: str) -> Any:
        hints = get_type_hints(of)
        for name in values:
            if name not in hints:
                raise error(f"{where}: unknown key '{prefix}{name}'; {known_names(str(name), hints)}")
        for field in dataclasses.fields(of):
            if field.name not in values and field.default is field.default_factory is dataclasses.MISSING:
                raise error(f"{where}: '{prefix}{field.name}' is missing; add it")
        return of(**{name: built(value, hints[name], f"{prefix}{name}") for name, value in values.items()})

    result: T = built(values, kind, "")
    return result


def check_known(key: str, name: str, known: Iterable[str]) -> None:
    """Raises ConfigError unless the setting `key` has one of the known names."""
    if name not in known:
        raise ConfigError(f"training: '{key}' is '{name}'; {known_names(name, known)}")


class _Yaml(yaml.SafeLoader):
    """Reads 2e-3 as a number, as YAML 1.2 does; without this it is text."""


_Yaml.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789"))


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Yaml)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not a readable YAML file ({error}); correct the path or the file") from error


def _of_word(word: str) -> dict[str, Any]:
    key, separator, text = word.partition("=")
    if not separator:
        raise ConfigError(f"setting '{word}': has no value; write key=value")
    try:
        value = yaml.load(text, _Yaml)
    except yaml.YAMLError as error:
        raise ConfigError(f"setting '{word}': its value is not YAML ({error}); correct it") from error
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def _merge(into: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for key, value in layer.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
