"""The only reader and writer of checkpoints: safetensors with a JSON card each, and importers of foreign files."""

from mtdense_ros.weights.card import Card, DepthSpec, ForegroundSpec, InputSpec
from mtdense_ros.weights.files import (
    check_graph,
    check_state,
    find_weights,
    list_weights,
    load_weights,
    read_card,
    read_state,
    save_weights,
)
from mtdense_ros.weights.graph import GRAPH, GraphSpec
from mtdense_ros.weights.importers.convert import convert_state_dict, inferred_config
from mtdense_ros.weights.importers.encoders import convert_encoder_state_dict
from mtdense_ros.weights.importers.reader import read_foreign
from mtdense_ros.weights.precision import PrecisionSpec

__all__ = [
    "GRAPH",
    "Card",
    "DepthSpec",
    "ForegroundSpec",
    "GraphSpec",
    "InputSpec",
    "PrecisionSpec",
    "check_graph",
    "check_state",
    "convert_encoder_state_dict",
    "convert_state_dict",
    "find_weights",
    "inferred_config",
    "list_weights",
    "load_weights",
    "read_card",
    "read_foreign",
    "read_state",
    "save_weights",
]
