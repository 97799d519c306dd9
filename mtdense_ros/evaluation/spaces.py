"""Labels of two spaces brought into one in which they can be compared."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelSpace
from mtdense_ros.errors import ConfigError
from mtdense_ros.labels import label_mapping, load_label_space

_MEETING_POINT = "indoor"


@dataclass(frozen=True, eq=False)
class Alignment:
    """The space in which labels are compared; `network` and `truth` (256,) uint8 map the ids of either side to it."""

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
    for goal in (truth, network.name, _MEETING_POINT):
        try:
            return Alignment(load_label_space(goal), label_mapping(network, goal), label_mapping(truth, goal))
        except ConfigError:
            continue  # this way is closed; the error below tells that all are
    raise ConfigError(f"label spaces: '{network.name}' and '{truth}' have no mapping to each other, nor both to '{_MEETING_POINT}'; "
                      "write one into a space's file (config/labels)")
