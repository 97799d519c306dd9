"""The networks: tensors in, a dict of raw tensors out; no files, no choice of device, no normalisation."""

from mtdense_ros.models.base import DenseNetwork
from mtdense_ros.models.registry import create_model, list_models

__all__ = ["DenseNetwork", "create_model", "list_models"]
