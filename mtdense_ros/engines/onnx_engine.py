"""ONNX Runtime, on the CPU or with CUDA: the graph of a network, cut to what is asked for and compiled for the sizes at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mtdense_ros.engines.base import Floats
from mtdense_ros.engines.graph_cache import read_or_make
from mtdense_ros.engines.graph_pool import Graph, GraphKey
from mtdense_ros.engines.tracing import digest, parts_to_trace, quiet_tracing
from mtdense_ros.errors import ConfigError, DeviceError
from mtdense_ros.export.graph import onnx_model
from mtdense_ros.models import DenseNetwork

_ERRORS_ONLY = 3
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class OnnxCompiler:
    """See graph_engine.Compiler. The device is "auto" (CUDA when there is one), "cpu", "cuda" or "cuda:N", the precision "auto" or
    "fp32". The number of CPU threads is ONNX Runtime's own choice where it is 0.

    Raises DeviceError where CUDA is asked for and cannot be had, ConfigError for another precision.
    """

    name = "onnxruntime"
    precision = "fp32"

    def __init__(self, net: DenseNetwork, device: str = "auto", precision: str = "auto", threads: int = 0) -> None:
        import onnx
        import onnxruntime  # type: ignore[import-untyped]

        if precision not in ("auto", self.precision):
            raise ConfigError(f"precision: {precision} is not for engine onnxruntime; use fp32, or another engine")
        self._onnx, self._runtime, self._threads = onnx, onnxruntime, threads
        name = digest(net, onnx.__version__, onnxruntime.__version__)
        self._models = read_or_make("onnxruntime", name, lambda folder: self._write(net, folder), self._read)
        self.device = self._chosen(device)

    def graph(self, key: GraphKey) -> Graph:
        """See Compiler."""
        model = self._models["frame" if key.outputs else "background"]
        outputs = list(key.outputs) or [value.name for value in model.graph.output]
        inputs = [value.name for value in model.graph.input][: len(key.shapes)]
        cut = self._onnx.utils.Extractor(model).extract_model(inputs, outputs)
        session = self._session(cut, self.device, dict(zip(inputs, key.shapes, strict=True)))

        def computed(values: Sequence[Floats]) -> list[Floats]:
            found: list[Floats] = session.run(outputs, dict(zip(inputs, values, strict=True)))
            return found

        return computed

    def _session(self, model: Any, device: str, shapes: dict[str, tuple[int, ...]]) -> Any:
        options = self._runtime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = self._threads
        options.add_session_config_entry("session.force_spinning_stop", "1")  # between frames the cores are for others
        for value in model.graph.input:
            for dimension, size in zip(value.type.tensor_type.shape.dim, shapes.get(value.name, ()), strict=False):
                if dimension.dim_param:
                    options.add_free_dimension_override_by_name(dimension.dim_param, size)
        cuda = (_CUDA, {"device_id": int(device.partition(":")[2] or 0)})
        providers = [_CPU] if device == "cpu" else [cuda, _CPU]
        return self._runtime.InferenceSession(model.SerializeToString(), options, providers=providers)

    def _chosen(self, device: str) -> str:
        """The CUDA device if a session really runs there, for ONNX Runtime itself falls back without a word; or "cpu"."""
        if device == "cpu":
            return device
        wanted = "cuda" if device == "auto" else device
        if _CUDA in self._runtime.get_available_providers():
            if self._session(self._models["frame"], wanted, {}).get_providers()[0] == _CUDA:
                return wanted
            problem = "finds no CUDA device, or not its libraries"
        else:
            problem = "has no CUDA support; pip install onnxruntime-gpu"
        if device == "auto":
            return "cpu"
        raise DeviceError(f"device: '{device}' was asked for and onnxruntime {self._runtime.__version__} {problem}, or use device: auto")

    def _write(self, net: DenseNetwork, folder: Path) -> None:
        with quiet_tracing():
            parts, values = parts_to_trace(net)
            for kind, part in parts.items():
                (folder / f"{kind}.onnx").write_bytes(onnx_model(part, values, dynamic=True, any_batch=True).SerializeToString())

    def _read(self, folder: Path) -> dict[str, Any]:
        return {path.stem: self._onnx.load(path) for path in sorted(folder.glob("*.onnx"))}
