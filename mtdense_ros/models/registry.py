"""Networks by name, with checked configurations."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from typing import Any

from mtdense_ros.errors import ConfigError
from mtdense_ros.models.base import DenseNetwork
from mtdense_ros.models.ffm import FeatureFusion
from mtdense_ros.models.hydranet import HydraNet
from mtdense_ros.models.lraspp import LrAspp
from mtdense_ros.models.mdeas import Mdeas
from mtdense_ros.models.mtdense import MtDense

_NETWORKS: dict[str, type[DenseNetwork]] = {
    "ffm": FeatureFusion,
    "hydranet": HydraNet,
    "lraspp": LrAspp,
    "mdeas": Mdeas,
    "mtdense": MtDense,
}


def list_models() -> list[str]:
    """The names that `create_model` knows, sorted."""
    return sorted(_NETWORKS)


def create_model(name: str, /, **config: Any) -> DenseNetwork:
    """A network by name, in training mode, with random weights.

    `config` sets fields of the network's constructor (see its docstring); the others keep their defaults.
    Raises ConfigError that lists what exists for an unknown name or field, and that says the range for a bad value.
    """
    if name not in _NETWORKS:
        raise ConfigError(f"network '{name}' is unknown{_nearest(name, list_models())}; there are {', '.join(list_models())}")
    fields = list(inspect.signature(_NETWORKS[name]).parameters)
    for key in config:
        if key not in fields:
            raise ConfigError(f"network '{name}' has no field '{key}'{_nearest(key, fields)}; it has {', '.join(fields) or 'none'}")
    return _NETWORKS[name](**config)


def _nearest(word: str, known: list[str]) -> str:
    matches = get_close_matches(word, known, n=1)
    return f" (did you mean '{matches[0]}'?)" if matches else ""
