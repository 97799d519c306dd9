"""The libraries onnx and onnxruntime, which nothing else of the package needs: imported when an export is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mtdense_ros.errors import DependencyError

_SILENT = 4  # what goes wrong is raised as well, in one place


def libraries() -> tuple[Any, Any]:
    """The modules onnx and onnxruntime. Raises DependencyError where one is missing."""
    try:
        import onnx
        import onnxruntime  # type: ignore[import-untyped]
    except ImportError as error:
        raise DependencyError(f"export: {error.name} is not installed; pip install onnx onnxruntime, or run scripts/setup") from error
    return onnx, onnxruntime


def session(content: bytes) -> Any:
    """An InferenceSession, on the CPU, of an ONNX file's content."""
    return _open(content, _options())


def write_simplified(source: Path, target: Path) -> None:
    """Copies an ONNX file without its constant and idle nodes, which onnxruntime removes in ways that stay within standard ONNX."""
    _, runtime = libraries()
    options = _options()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    _open(source.read_bytes(), options)


def _options() -> Any:
    _, runtime = libraries()
    options = runtime.SessionOptions()
    options.log_severity_level = _SILENT
    return options


def _open(content: bytes, options: Any) -> Any:
    _, runtime = libraries()
    return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
