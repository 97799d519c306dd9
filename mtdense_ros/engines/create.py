"""A network and what the user asked for -> the engine that runs it, and why that one."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mtdense_ros.engines.base import Engine
from mtdense_ros.engines.torch_engine import TorchEngine
from mtdense_ros.errors import ConfigError
from mtdense_ros.hints import known_names
from mtdense_ros.models import DenseNetwork
from mtdense_ros.weights import Card

ENGINES = ("auto", "torch")

Size = tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """What is to be made: name of an engine, device, precision as create_engine takes them, and the rule that said so."""

    name: str
    device: str
    precision: str
    rule: str


def installed_engines() -> dict[str, str | None]:
    """Every engine by name: None where it can be had, otherwise the reason and the line that installs it."""
    return {"torch": None}


def create_engine(
    net: DenseNetwork,
    card: Card,
    name: str = "auto",
    device: str = "auto",
    precision: str = "auto",
    threads: int = 0,
    size_hw: Size | None = None,
) -> Engine:
    """The engine of a network; the network stays as it is.

    name: of ENGINES. device: "auto" (CUDA when there is one and the engine can use it), "cpu", "cuda" or "cuda:N".
    precision: of base.PRECISIONS. threads: on the CPU, 0 is the engine's own choice. size_hw: of the network's input, by
    which a measured choice is looked up. Raises ConfigError, DeviceError.
    """
    plan = planned(card, name, device, precision, size_hw)
    engine = TorchEngine(net, plan.device, plan.precision, threads)
    engine.rule = plan.rule
    return engine


def planned(card: Card, name: str, device: str, precision: str, size_hw: Size | None) -> Plan:
    """What create_engine would make. Raises ConfigError for an unknown engine."""
    if name not in ENGINES:
        raise ConfigError(f"engine: '{name}' is unknown; {known_names(name, ENGINES)}")
    if name != "auto":
        return Plan(name, device, precision, "asked for")
    cuda = device != "cpu" and torch.cuda.is_available()
    return Plan("torch", device, precision, "auto: torch on CUDA" if cuda else "auto: the first installed")
