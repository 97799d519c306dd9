"""Checkpoints of the original implementations, renamed strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mtdense_ros.errors import ConfigError, WeightsError, known_names
from mtdense_ros.models import create_model
from mtdense_ros.weights.importers.config_inference import CONFIGS
from mtdense_ros.weights.importers.names import original_names

_COUNTER = "num_batches_tracked"
_WRAPPER = "state_dict"
_PARALLEL_PREFIX = "module."


def convert_state_dict(arch: str, state_dict: Mapping[str, Any]) -> dict[str, Tensor]:
    """A new state dict in our names, for create_model(arch, **inferred_config(arch, state_dict)).

    `arch` is one of list_models(). The entries have the original's names, or our own for ffm and mtdense, of which nobody has
    published any. They may stand inside {"state_dict": ...}, with `module.` before each name. BatchNorm counters, which old torch
    versions did not write, become 0. Raises WeightsError, naming the entry, for anything else that is missing, extra or of
    another shape.
    """
    entries = plain_entries(arch, state_dict)
    try:
        with torch.device("meta"):  # names and shapes are all that is needed
            expected = create_model(arch, **_config(arch, entries)).state_dict()
    except ConfigError as error:
        raise WeightsError(f"{arch} checkpoint: its shapes make no such network: {error}") from error
    original = original_names(arch, expected)
    refuse_extra(arch, entries, set(original.values()))
    return {name: copied(arch, entries, original[name], value) for name, value in expected.items()}


def inferred_config(arch: str, state_dict: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration for create_model(arch, ...), from the entries and their shapes. Raises WeightsError."""
    return _config(arch, plain_entries(arch, state_dict))


def _config(arch: str, entries: Mapping[str, Tensor]) -> dict[str, Any]:
    if arch not in CONFIGS:
        raise WeightsError(f"checkpoint of architecture '{arch}': cannot be converted; {known_names(arch, CONFIGS)}")
    return CONFIGS[arch](entries)


def plain_entries(what: str, state_dict: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors by the original's plain names. Raises WeightsError, naming the entry, for what is no tensor or there twice."""
    if not isinstance(state_dict, Mapping):
        raise WeightsError(f"{what} checkpoint: is a {type(state_dict).__name__}, no state_dict; pass the network's state_dict()")
    if isinstance(state_dict.get(_WRAPPER), Mapping):
        state_dict = state_dict[_WRAPPER]
    entries = {}
    for name, value in state_dict.items():
        if not isinstance(value, Tensor):
            raise WeightsError(f"{what} checkpoint: entry '{name}' is a {type(value).__name__}, no tensor; pass the network's state_dict")
        plain = str(name).removeprefix(_PARALLEL_PREFIX)
        if plain in entries:
            twice = f"entry '{plain}' is there with and without '{_PARALLEL_PREFIX}' before its name"
            raise WeightsError(f"{what} checkpoint: {twice}; keep the one that was trained")
        entries[plain] = value
    return entries


def refuse_extra(what: str, entries: Mapping[str, Tensor], known: set[str]) -> None:
    """Raises WeightsError, naming the entry, for one that is not among the known names."""
    for name in entries:
        if name not in known:
            raise WeightsError(f"{what} checkpoint: entry '{name}' is not part of the original network; name the file's own architecture")


def copied(what: str, entries: Mapping[str, Tensor], name: str, expected: Tensor) -> Tensor:
    """A copy of the original's entry `name` in the type of ours. Raises WeightsError where it is missing or does not fit."""
    if name not in entries:
        if name.endswith(_COUNTER):
            return torch.zeros(expected.shape, dtype=expected.dtype)
        raise WeightsError(f"{what} checkpoint: entry '{name}' is missing; use the original's complete state_dict")
    value = entries[name]
    if value.shape != expected.shape or value.is_floating_point() != expected.is_floating_point():
        found, due = (f"{tensor.dtype} {list(tensor.shape)}" for tensor in (value, expected))
        raise WeightsError(f"{what} checkpoint: entry '{name}' is {found}, the network has {due}; use a checkpoint of this architecture")
    return value.detach().to(expected.dtype, copy=True)
