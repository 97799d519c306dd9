"""Runtimes that run files as they are: OpenVINO (ONNX, TFLite, its own IR) and ONNX Runtime (ONNX)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.engines.openvino_engine import configured
from mtdense_ros.errors import ConfigError, DeviceError

Array = NDArray[Any]
Shapes = Mapping[str, tuple[int, ...]]

READERS: Mapping[str, tuple[str, ...]] = {
    "openvino": (".onnx", ".tflite", ".xml"),
    "onnxruntime": (".onnx",),
}
"""What each engine reads, in the order in which `auto` takes them."""


class FileRuntime(Protocol):
    """A runtime that has read a file. See Engine for name, device and precision."""

    name: str
    device: str
    precision: str

    def compiled(self, shapes: Shapes, outputs: Sequence[str]) -> CompiledFile:
        """The file for inputs of these shapes, cut to these output tensors as far as the runtime can."""


class CompiledFile(Protocol):
    """Input tensors by name -> the output tensors asked for, in their order."""

    def __call__(self, inputs: Mapping[str, Array]) -> list[Array]: ...


class OpenVinoFile:
    """See FileRuntime. The precision is "auto" (fp32), "fp32" or "bf16"; with 0 threads OpenVINO chooses their number."""

    name = "openvino"
    device = "cpu"

    def __init__(self, path: Path, precision: str = "auto", threads: int = 0) -> None:
        import openvino  # type: ignore[import-untyped]

        self._runtime = openvino
        self._core = openvino.Core()
        self.precision, self._config = configured(self._core, precision, threads)
        self._model = self._core.read_model(path)

    def compiled(self, shapes: Shapes, outputs: Sequence[str]) -> CompiledFile:
        """See FileRuntime."""
        model = self._model.clone()
        for result in model.get_results():
            if not result.input(0).get_source_output().get_names() & set(outputs):
                model.remove_result(result)
        model.reshape({name: list(shape) for name, shape in shapes.items()})
        request = self._core.compile_model(model, "CPU", self._config).create_infer_request()

        def run(inputs: Mapping[str, Array]) -> list[Array]:
            request.infer({name: np.ascontiguousarray(value) for name, value in inputs.items()})
            return [request.get_tensor(name).data.copy() for name in outputs]

        return run


class OnnxFile:
    """See FileRuntime; on the CPU, in the file's own precision. With 0 threads ONNX Runtime chooses their number."""

    name = "onnxruntime"
    device = "cpu"
    precision = "fp32"

    def __init__(self, path: Path, device: str = "auto", precision: str = "auto", threads: int = 0) -> None:
        import onnxruntime  # type: ignore[import-untyped]

        if device not in ("auto", "cpu"):
            raise DeviceError(f"device: '{device}' was asked for; onnxruntime runs networks from files on the CPU: use device: cpu")
        if precision not in ("auto", self.precision):
            raise ConfigError(f"precision: {precision} is not for engine onnxruntime; use fp32, or engine: openvino")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.force_spinning_stop", "1")  # between frames the cores are for others
        self._session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])

    def compiled(self, shapes: Shapes, outputs: Sequence[str]) -> CompiledFile:
        """See FileRuntime; one session serves all shapes."""
        session, names = self._session, list(outputs)

        def run(inputs: Mapping[str, Array]) -> list[Array]:
            found: list[Array] = session.run(names, dict(inputs))
            return found

        return run
