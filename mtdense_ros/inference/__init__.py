"""Arrays in, predictions out."""

from mtdense_ros.engines.base import EngineOptions
from mtdense_ros.inference.predictor import Predictor

__all__ = ["EngineOptions", "Predictor"]
