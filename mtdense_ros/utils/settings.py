"""Nested settings: frozen dataclasses filled from YAML files and from words such as "optimiser.lr=1e-3", strict about names and types."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import yaml

from mtdense_ros.errors import ConfigError, known_names

T = TypeVar("T")


def load_settings(kind: type[T], path: Path | None, words: Sequence[str] = ()) -> T:
    """The defaults of `kind`, changed by a YAML file and then by words "key=value", dots in a key for nested ones. Raises ConfigError."""
    layers: list[tuple[Any, str]] = [] if path is None else [(_read(path), str(path))]
    layers += [(_of_word(word), f"setting '{word}'") for word in words]
    merged: dict[str, Any] = {}
    for layer, where in layers:
        if not isinstance(layer, Mapping):
            raise ConfigError(f"{where}: must hold keys and values, found {layer!r}; write key: value")
        _merge(merged, _checked(kind, layer, where))
    return build_settings(kind, merged)


def build_settings(kind: type[T], values: Mapping[str, Any], where: str = "settings") -> T:
    """A dataclass of nested mappings, as dataclasses.asdict() gives them. Raises ConfigError."""
    hints = get_type_hints(kind)
    return kind(**{key: _construct(value, hints[key]) for key, value in _checked(kind, values, where).items()})


def check_known(key: str, name: str, known: Iterable[str]) -> None:
    """Raises ConfigError unless the setting `key` has one of the known names."""
    if name not in known:
        raise ConfigError(f"training: '{key}' is '{name}'; {known_names(name, known)}")


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not a readable YAML file ({error}); correct the path or the file") from error


def _of_word(word: str) -> dict[str, Any]:
    key, separator, text = word.partition("=")
    if not separator:
        raise ConfigError(f"setting '{word}': has no value; write key=value")
    try:
        value = yaml.safe_load(text)
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


def _checked(kind: type[Any], values: Mapping[str, Any], where: str, prefix: str = "") -> dict[str, Any]:
    """The values, numbers converted; nested dataclasses stay mappings, so that layers can be merged."""
    hints = get_type_hints(kind)
    for key in values:
        if key not in hints:
            raise ConfigError(f"{where}: unknown key '{prefix}{key}'; {known_names(str(key), hints)}")
    return {key: _value(value, hints[key], where, f"{prefix}{key}") for key, value in values.items()}


def _value(value: Any, hint: Any, where: str, key: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return _checked(hint, value, where, f"{key}.")  # type: ignore[arg-type]
    if get_origin(hint) is tuple and isinstance(value, (list, tuple)):
        kinds = get_args(hint)
        if kinds[-1] is Ellipsis or len(kinds) == len(value):
            return tuple(_value(item, kinds[0], where, f"{key}[{i}]") for i, item in enumerate(value))
    elif get_origin(hint) is not None and isinstance(value, Mapping):
        of = get_args(hint)[1]
        return {str(name): value if of is Any else _value(value, of, where, f"{key}.{name}") for name, value in value.items()}
    elif hint is float and type(value) in (int, float, str):  # YAML reads 2e-3 as text
        try:
            return float(value)
        except ValueError:
            pass
    elif type(value) is hint:
        return value
    raise ConfigError(f"{where}: '{key}' is {value!r}; expected {_expected(hint)}")


def _construct(value: Any, hint: Any) -> Any:
    if dataclasses.is_dataclass(hint):
        return build_settings(hint, value)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        return tuple(_construct(item, get_args(hint)[0]) for item in value)
    return value


def _expected(hint: Any) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    if get_origin(hint) is tuple:
        return "a list"
    return names.get(hint, "keys and values")
