"""The label space in which a network's labels are compared with the truth."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelSpace
from mtdense_ros.errors import ConfigError
from mtdense_ros.imaging.label_spaces import label_mapping, load_label_space

_COMMON_SPACE = "indoor"


@dataclass(frozen=True, eq=False)
class Alignment:
    """The space in which labels are compared. `network` and `truth` (256,) uint8 map the ids of each side to it."""

    space: LabelSpace
    network: NDArray[np.uint8]
    truth: NDArray[np.uint8]


@functools.cache  # asked for every frame, and it reads files
def align(network: LabelSpace, truth: str) -> Alignment:
    """The truth's space if the network's maps to it, else the network's, else the indoor space if both map to that.

    Raises ConfigError where no mapping leads anywhere.
    """
    if network == load_label_space(truth):
        same = np.arange(256, dtype=np.uint8)
        return Alignment(network, same, same)
    for goal in (truth, network.name, _COMMON_SPACE):
        try:
            return Alignment(load_label_space(goal), label_mapping(network, goal), label_mapping(truth, goal))
        except ConfigError:
            continue  # the error below is raised when there is no other way
    raise ConfigError(
        f"label spaces: '{network.name}' and '{truth}' have no mapping to each other, nor both to '{_COMMON_SPACE}'; "
        "write one into a space's file (config/labels)"
    )
