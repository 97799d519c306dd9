"""What is in the file of a network: its tensors, by a runtime that reads it, after what must not be in it was refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtdense_ros.errors import ConfigError, WeightsError
from mtdense_ros.weights.graph import GRAPH_SUFFIXES

MAX_BYTES = 1 << 30
"""Of a file, and of one of its tensors."""

_ONNX_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
"""Of operators that ONNX Runtime itself brings; others come as shared libraries, which are code from outside."""

Dimension = int | None
"""None where the file leaves it open."""


@dataclass(frozen=True)
class Tensor:
    """An input or output: its name, numpy type and shape."""

    name: str
    dtype: str
    shape: tuple[Dimension, ...]

    @property
    def text(self) -> str:
        """For people: name, type and shape, with ? for what is open."""
        return f"{self.name}: {self.dtype} {'x'.join('?' if side is None else str(side) for side in self.shape)}"


@dataclass(frozen=True)
class Description:
    """The inputs and outputs of a network, how many values it learned, and the engines that read it."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    parameters: int


def describe(path: Path) -> Description:
    """Looks into a file. Raises WeightsError for one that is none, too large, or brings files or code of its own."""
    if path.suffix not in GRAPH_SUFFIXES:
        raise WeightsError(f"{path}: is no {', '.join(GRAPH_SUFFIXES)} file; export the network to one of them")
    files = [path, path.with_suffix(".bin")] if path.suffix == ".xml" else [path]
    for file in files:
        if not file.is_file():
            raise WeightsError(f"{file}: does not exist; correct the path" + ("" if file == path else f", it belongs to {path.name}"))
        if file.stat().st_size > MAX_BYTES:
            raise WeightsError(f"{file}: has {file.stat().st_size} bytes, more than {MAX_BYTES}; export a smaller network")
    if path.suffix == ".onnx":
        _refuse_foreign_parts(path)
    description = _of_openvino(path) if _installed("openvino") else _of_onnx(path)
    for tensor in (*description.inputs, *description.outputs):
        count = 4
        for side in tensor.shape:
            count *= side or 1
        if count > MAX_BYTES:
            raise WeightsError(f"{path}: tensor {tensor.text} is larger than {MAX_BYTES} bytes; export the network for a smaller image")
    return description


def _installed(package: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(package) is not None


def _onnx(path: Path) -> Any:
    try:
        import onnx
    except ImportError as error:
        raise ConfigError("an ONNX file is looked into with the package onnx, which is not installed; pip install onnx") from error
    try:
        return onnx.load_model_from_string(path.read_bytes())  # unlike load, never opens a second file
    except Exception as error:  # protobuf's errors differ by version
        raise WeightsError(f"{path}: is no ONNX file ({' '.join(str(error).split())}); export it again") from error


def _refuse_foreign_parts(path: Path) -> None:
    """Weights in other files, and operators from elsewhere, in the graph and in all graphs within it."""
    model = _onnx(path)
    for function in model.functions:
        _refuse_operators(path, function.node)
    _refuse_in_graph(path, model.graph)


def _refuse_in_graph(path: Path, graph: Any) -> None:
    for tensor in graph.initializer:
        if tensor.external_data or tensor.data_location == 1:
            raise WeightsError(f"{path}: keeps '{tensor.name}' in another file; save it as one file (onnx.save with one file)")
    _refuse_operators(path, graph.node)


def _refuse_operators(path: Path, nodes: Any) -> None:
    for node in nodes:
        if node.domain not in _ONNX_DOMAINS:
            found = f"the operator {node.op_type} of '{node.domain}'"
            raise WeightsError(f"{path}: uses {found}, which would be code from outside; export it without")
        for attribute in node.attribute:
            for tensor in (attribute.t, *attribute.tensors):
                if tensor.external_data or tensor.data_location == 1:
                    raise WeightsError(f"{path}: keeps a constant of '{node.name}' in another file; save it as one file")
            for inner in (attribute.g, *attribute.graphs):
                _refuse_in_graph(path, inner)


def _of_openvino(path: Path) -> Description:
    import openvino  # type: ignore[import-untyped]

    try:
        model = openvino.Core().read_model(path)
    except RuntimeError as error:
        raise WeightsError(f"{path}: cannot be read ({' '.join(str(error).split())}); export it again") from error
    parameters = sum(_count(node.get_output_shape(0)) for node in model.get_ops() if node.get_type_name() == "Constant")
    return Description(tuple(map(_port, model.inputs)), tuple(map(_port, model.outputs)), parameters)


def _port(port: Any) -> Tensor:
    names = sorted(port.get_names())
    if not names:
        raise WeightsError("an input or output of the file has no name; export it again with names")
    shape = tuple(d.get_length() if d.is_static else None for d in port.get_partial_shape())
    return Tensor(names[0], port.get_element_type().to_dtype().name, shape)


def _of_onnx(path: Path) -> Description:
    from onnx import helper

    graph = _onnx(path).graph
    learned = {tensor.name: tensor for tensor in graph.initializer}

    def tensor(value: Any) -> Tensor:
        kind = value.type.tensor_type
        shape = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in kind.shape.dim)
        return Tensor(value.name, helper.tensor_dtype_to_np_dtype(kind.elem_type).name, shape)

    inputs = tuple(tensor(value) for value in graph.input if value.name not in learned)
    return Description(inputs, tuple(map(tensor, graph.output)), sum(_count(t.dims) for t in learned.values()))


def _count(shape: Any) -> int:
    count = 1
    for side in shape:
        count *= int(side)
    return count
