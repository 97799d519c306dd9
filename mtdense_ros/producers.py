"""Which of several networks makes which output: exactly one each."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mtdense_ros.datatypes import OUTPUTS
from mtdense_ros.errors import ConfigError, known_names

CHOOSABLE = ("labels", "depth", "foreground")
"""Outputs whose producer can be named; confidence follows labels, and normals come from the first network that has them."""


def producers_of(networks: Mapping[str, Collection[str]], choices: Mapping[str, str]) -> dict[str, str]:
    """The network that makes each output, in the order of records.OUTPUTS.

    networks: by name, in order of preference, the outputs that each can make; choices: the network for some of CHOOSABLE,
    where an empty name leaves it to the order. Raises ConfigError for a choice that cannot be and for a network without work.
    """
    for output, name in choices.items():
        _check_choice(output, name, networks)
    producers = {}
    for output in OUTPUTS:
        chosen = choices.get("labels" if output == "confidence" else output, "")
        able = [name for name, outputs in networks.items() if output in outputs]
        if chosen or able:
            producers[output] = chosen or able[0]
    for name, outputs in networks.items():
        if name not in producers.values():
            raise ConfigError(_without_work(name, outputs, producers))
    return producers


def _check_choice(output: str, name: str, networks: Mapping[str, Collection[str]]) -> None:
    if output not in CHOOSABLE:
        raise ConfigError(f"outputs.{output}: has no producer to choose; {known_names(output, CHOOSABLE)}")
    if name and name not in networks:
        raise ConfigError(f"parameter outputs.{output}: '{name}' is none of the weights; {known_names(name, networks)}")
    if name and output not in networks[name]:
        able = [other for other, outputs in networks.items() if output in outputs]
        remedy = f"name {' or '.join(able)}" if able else f"none of the weights has {output}: add some that have"
        raise ConfigError(f"parameter outputs.{output}: '{name}' has no {output}, it has {', '.join(networks[name])}; {remedy}")


def _without_work(name: str, outputs: Collection[str], producers: Mapping[str, str]) -> str:
    taken = ", ".join(f"{output} from {producers[output]}" for output in outputs)
    remedy = "take it off the list, move it forward, or choose it with outputs.labels, outputs.depth or outputs.foreground"
    return f"parameter weights: '{name}' would have nothing to do ({taken or 'it has no outputs'}); {remedy}"
