"""Arrays in, predictions out."""

from mtdense_ros.inference.predictor import Predictor

__all__ = ["Predictor"]
