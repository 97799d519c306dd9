"""Dense perception for ground robots: labels, metric depth, surface normals and a foreground mask.

`from mtdense_ros import Predictor, Pipeline, Intrinsics, Prediction` and the errors; each is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtdense_ros.datatypes import Intrinsics, Prediction
    from mtdense_ros.errors import (
        ConfigError,
        DependencyError,
        DeviceError,
        EngineError,
        ExportError,
        InputError,
        MtdenseError,
        WeightsError,
    )
    from mtdense_ros.inference import Predictor
    from mtdense_ros.pipeline import Pipeline

__version__ = "0.1.0"

__all__ = [
    "ConfigError",
    "DependencyError",
    "DeviceError",
    "EngineError",
    "ExportError",
    "InputError",
    "Intrinsics",
    "MtdenseError",
    "Pipeline",
    "Prediction",
    "Predictor",
    "WeightsError",
]

_MODULES = {"Intrinsics": "datatypes", "Prediction": "datatypes", "Predictor": "inference", "Pipeline": "pipeline"}
"""Where each name lives; what is not here is an error."""


def __getattr__(name: str) -> object:
    """PEP 562: torch and OpenCV are not imported by `import mtdense_ros`."""
    if name not in __all__:
        raise AttributeError(f"module 'mtdense_ros' has no attribute '{name}'")
    return getattr(import_module(f"mtdense_ros.{_MODULES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
