"""OpenVINO on the CPU: the graph of a network, cut to what is asked for and compiled for the sizes at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mtdense_ros.engines.base import Floats
from mtdense_ros.engines.graph_cache import read_or_make
from mtdense_ros.engines.graph_pool import Graph, GraphKey
from mtdense_ros.engines.graph_rewrites import ExactRewrites
from mtdense_ros.engines.tracing import digest, parts_to_trace, quiet_tracing
from mtdense_ros.errors import ConfigError
from mtdense_ros.models import DenseNetwork

_HINTS = {"fp32": "f32", "bf16": "bf16"}


class OpenVinoCompiler:
    """See graph_engine.Compiler. The precision is "auto" (fp32), "fp32" or "bf16"; with 0 threads OpenVINO chooses their number.

    Raises ConfigError for a precision that this engine or the processor has not.
    """

    name = "openvino"
    device = "cpu"

    def __init__(self, net: DenseNetwork, precision: str = "auto", threads: int = 0) -> None:
        import openvino  # type: ignore[import-untyped]

        self._runtime = openvino
        self._core = openvino.Core()
        self.precision, self._config = configured(self._core, precision, threads)
        name = digest(net, openvino.__version__)
        self._models = read_or_make("openvino", name, lambda folder: self._write(net, folder), self._read)

    def graph(self, key: GraphKey) -> Graph:
        """See Compiler."""
        model = self._models["frame" if key.outputs else "background"].clone()
        for result in model.get_results():
            if key.outputs and name_of(result.input(0).get_source_output()) not in key.outputs:
                model.remove_result(result)
        for parameter in model.get_parameters()[len(key.shapes) :]:
            model.remove_parameter(parameter)
        model.reshape({index: list(shape) for index, shape in enumerate(key.shapes)})
        names = [name_of(port) for port in model.outputs]
        order = [names.index(output) for output in key.outputs or names]
        request = self._core.compile_model(model, "CPU", self._config).create_infer_request()

        def computed(inputs: Sequence[Floats]) -> list[Floats]:
            arrays = [np.ascontiguousarray(value) for value in inputs]  # kept until the end: the request only points to their memory
            for index, value in enumerate(arrays):
                request.set_input_tensor(index, self._runtime.Tensor(value, shared_memory=True))
            request.infer()
            return [request.get_output_tensor(index).data.copy() for index in order]

        return computed

    def _write(self, net: DenseNetwork, folder: Path) -> None:
        """The network as OpenVINO's own files, with all outputs and for any size."""
        with quiet_tracing():
            parts, values = parts_to_trace(net)
            for kind, part in parts.items():
                with ExactRewrites():
                    traced = torch.jit.trace(  # type: ignore[no-untyped-call]
                        part.module, tuple(values[name] for name in part.inputs), check_trace=False
                    )
                model = self._converted(traced)
                for port, name in zip((*model.inputs, *model.outputs), (*part.inputs, *part.outputs), strict=True):
                    port.get_tensor().set_names({name})
                self._runtime.save_model(model, folder / f"{kind}.xml", compress_to_fp16=False)

    def _converted(self, traced: Any) -> Any:
        """Straight through the frontend: openvino.convert_model does the same and sends telemetry."""
        from openvino.frontend import FrontEndManager  # type: ignore[import-untyped]
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # type: ignore[import-untyped]

        frontend = FrontEndManager().load_by_framework("pytorch")
        decoder = TorchScriptPythonDecoder(traced)  # of which the frontend keeps no reference
        return frontend.convert(frontend.load(decoder))

    def _read(self, folder: Path) -> dict[str, Any]:
        return {path.stem: self._core.read_model(path) for path in sorted(folder.glob("*.xml"))}


def configured(core: Any, precision: str, threads: int) -> tuple[str, dict[str, Any]]:
    """The precision that "auto" stands for, and the settings of the CPU. Raises ConfigError for one that cannot be had."""
    precision = "fp32" if precision == "auto" else precision
    if precision not in _HINTS:
        raise ConfigError(f"precision: {precision} is not for engine openvino on the CPU; use {' or '.join(_HINTS)}")
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise ConfigError("precision: bf16 was asked for, and this processor has no bf16 instructions; use fp32")
    return precision, {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": _HINTS[precision],  # never left out: OpenVINO's own choice is bf16 where there is one
        "ENABLE_CPU_PINNING": False,  # a thread that is bound to a core waits there for whoever else runs on it
        **({"INFERENCE_NUM_THREADS": threads} if threads else {}),
    }


def name_of(port: Any) -> str:
    """The name that `_write` gave to an input or output."""
    name: str = port.get_any_name()
    return name
