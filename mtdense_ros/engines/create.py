"""A network, or a file that is one, and what the user asked for -> the engine that runs it, and why that one."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from mtdense_ros.engines.base import Engine, EngineOptions
from mtdense_ros.engines.file_engine import FileEngine
from mtdense_ros.engines.graph_engine import Compiler, GraphEngine
from mtdense_ros.engines.graph_files import READERS, FileRuntime, OnnxFile, OpenVinoFile
from mtdense_ros.engines.measured_choice import allowed_precisions, cached_choice
from mtdense_ros.engines.onnx_engine import OnnxCompiler
from mtdense_ros.engines.openvino_engine import OpenVinoCompiler
from mtdense_ros.engines.torch_engine import TorchEngine
from mtdense_ros.errors import ConfigError, known_names
from mtdense_ros.models import DenseNetwork
from mtdense_ros.weights import GRAPH, Card, check_graph, find_weights, load_weights, read_card

ENGINES = ("auto", "openvino", "onnxruntime", "torch")
"""In the order in which `auto` takes the first that is installed, after torch on CUDA."""

Size = tuple[int, int]

_PACKAGES: Mapping[str, tuple[str, ...]] = {"openvino": ("openvino",), "onnxruntime": ("onnxruntime", "onnx"), "torch": ()}


@dataclass(frozen=True)
class Plan:
    """What is to be made: options with an engine's own name, and the rule that chose it."""

    options: EngineOptions
    rule: str


def installed_engines() -> dict[str, str | None]:
    """Every engine by name: None where it can be had, otherwise the reason and the line that installs it."""
    return {name: _absence(name) for name in ENGINES if name != "auto"}


def create_engine(net: DenseNetwork, card: Card, options: EngineOptions | None = None, size_hw: Size | None = None) -> Engine:
    """The engine of a network; the network stays as it is.

    A measured choice is looked up by size_hw, the size of the network's input. Raises ConfigError, DeviceError.
    """
    plan = plan_engine(card, options or EngineOptions(), size_hw)
    engine = _MAKERS[plan.options.engine](net, plan.options)
    engine.rule = plan.rule
    return engine


def engine_of_weights(name_or_path: str | Path, options: EngineOptions | None = None, size_hw: Size | None = None) -> Engine:
    """The engine of weights by name or path, networks and files alike; size_hw as for create_engine.

    Raises WeightsError too.
    """
    path = find_weights(name_or_path)
    card = read_card(path)
    if card.arch == GRAPH:
        return create_file_engine(path, card, options, size_hw)
    net, card = load_weights(path)
    return create_engine(net, card, options, size_hw)


def create_file_engine(path: Path, card: Card, options: EngineOptions | None = None, size_hw: Size | None = None) -> Engine:
    """The engine of a network that is a file, which is checked against its card. Raises WeightsError, ConfigError, DeviceError."""
    check_graph(path, card)
    plan = _plan_file_engine(path, card, options or EngineOptions(), size_hw)
    engine = FileEngine(_file_runtime(path, plan.options), card.graph, (card.input.height, card.input.width), size_hw)
    engine.rule = plan.rule
    return engine


def _plan_file_engine(path: Path, card: Card, options: EngineOptions, size_hw: Size | None) -> Plan:
    able = [name for name, suffixes in READERS.items() if path.suffix in suffixes]
    if options.engine not in ENGINES:
        raise ConfigError(f"engine: '{options.engine}' is unknown; {known_names(options.engine, ENGINES)}")
    if options.engine != "auto":
        if options.engine not in able:
            raise ConfigError(f"engine: '{options.engine}' does not read {path.suffix} files; use {' or '.join(able)}, or engine: auto")
        _check_installed(options.engine)
        return Plan(options, "asked for")
    choice = cached_choice(card, size_hw, options.device, options.precision) if size_hw else None
    if choice is not None and choice.engine in able and _absence(choice.engine) is None:
        measured = replace(options, engine=choice.engine, device=choice.device, precision=choice.precision)
        return Plan(measured, "auto: the fastest that mtdense bench --choose measured here")
    for name in able:
        if _absence(name) is None:
            return Plan(replace(options, engine=name), f"auto: the first installed of {', '.join(able)}")
    raise ConfigError(f"engine: no installed one reads {path.suffix} files; pip install {able[0]}")


def _file_runtime(path: Path, options: EngineOptions) -> FileRuntime:
    """A runtime that has read the file. Raises ConfigError where it cannot, with what it says."""
    if options.engine == "openvino" and options.device not in ("auto", "cpu"):
        raise ConfigError(f"device: '{options.device}' is not for engine openvino, which runs on the CPU; use device: cpu")
    try:
        if options.engine == "openvino":
            return OpenVinoFile(path, options.precision, options.threads)
        return OnnxFile(path, options.device, options.precision, options.threads)
    except (ImportError, AttributeError, RuntimeError, OSError) as error:
        raise ConfigError(f"engine: {options.engine} cannot read {path} ({' '.join(str(error).split())}); try another engine") from error
    except Exception as error:
        if type(error).__module__.startswith("onnxruntime"):  # its errors have no common base
            raise ConfigError(f"engine: onnxruntime cannot read {path} ({' '.join(str(error).split())}); try another engine") from error
        raise


def plan_engine(card: Card, options: EngineOptions, size_hw: Size | None) -> Plan:
    """What create_engine would make. Raises ConfigError for an engine that is unknown, absent, or not for the device."""
    name, device, precision = options.engine, options.device, options.precision
    if name not in ENGINES:
        raise ConfigError(f"engine: '{name}' is unknown; {known_names(name, ENGINES)}")
    if name != "auto":
        _check_installed(name)
        on_cuda = name == "torch" and _means_cuda(device)
        return Plan(replace(options, precision=_on_cuda(card, precision)) if on_cuda else options, "asked for")
    choice = cached_choice(card, size_hw, device, precision) if size_hw else None
    if choice is not None and _absence(choice.engine) is None:
        same_kind = device if device.startswith(choice.device) else choice.device  # "cuda:1" stays what it is
        measured = replace(options, engine=choice.engine, device=same_kind, precision=choice.precision)
        return Plan(measured, "auto: the fastest that mtdense bench --choose measured here")
    if _means_cuda(device):
        return Plan(replace(options, engine="torch", precision=_on_cuda(card, precision)), "auto: torch for CUDA")
    first = next(engine for engine, absence in installed_engines().items() if absence is None)
    return Plan(replace(options, engine=first), "auto: the first installed of " + ", ".join(installed_engines()))


def _means_cuda(device: str) -> bool:
    return torch.cuda.is_available() if device == "auto" else device != "cpu"


def _on_cuda(card: Card, precision: str) -> str:
    """What `auto` is on CUDA: fp16 where the card allows it."""
    if precision != "auto":
        return precision
    return "fp16" if "fp16" in allowed_precisions(card, "torch") else "fp32"


def _check_installed(name: str) -> None:
    absence = _absence(name)
    if absence is not None:
        raise ConfigError(f"engine: '{name}' was asked for, {absence}, or use engine: auto")


def _absence(name: str) -> str | None:
    missing = " ".join(package for package in _PACKAGES[name] if importlib.util.find_spec(package) is None)
    return f"not installed: {missing}; pip install {missing}" if missing else None


def _torch(net: DenseNetwork, options: EngineOptions) -> Engine:
    return TorchEngine(net, options.device, options.precision, options.threads)


def _openvino(net: DenseNetwork, options: EngineOptions) -> Engine:
    device = options.device
    if device not in ("auto", "cpu"):
        raise ConfigError(f"device: '{device}' is not for engine openvino, which runs on the CPU; use engine: torch, or device: cpu")
    return _compiling("openvino", net, lambda: OpenVinoCompiler(net, options.precision, options.threads))


def _onnxruntime(net: DenseNetwork, options: EngineOptions) -> Engine:
    return _compiling("onnxruntime", net, lambda: OnnxCompiler(net, options.device, options.precision, options.threads))


def _compiling(name: str, net: DenseNetwork, compiler: Callable[[], Compiler]) -> Engine:
    """A GraphEngine; ConfigError where the runtime is there and broken, as with a version for another numpy, or the disk is full."""
    try:
        return GraphEngine(net, compiler())
    except (ImportError, AttributeError, RuntimeError, OSError) as error:
        problem = f"engine: {name} is installed and does not work ({' '.join(str(error).split())})"
        raise ConfigError(f"{problem}; install it again with pip install {' '.join(_PACKAGES[name])}, or use engine: torch") from error


_MAKERS: Mapping[str, Callable[[DenseNetwork, EngineOptions], Engine]] = {
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
    "torch": _torch,
}
