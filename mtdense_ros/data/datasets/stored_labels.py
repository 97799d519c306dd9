"""The label ids that rendered sets store, and how those of older sets are read."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import UNLABELLED

STORED_CLASSES = ("floor", "wall", "ceiling", "furniture", "object", "other", "person", "door")
"""By id: the indoor label space, then what only renders tell apart."""

FLOOR, WALL, CEILING, FURNITURE, OBJECT, OTHER, PERSON, DOOR = range(len(STORED_CLASSES))

WITHOUT_PERSONS = 1
"""The format of sets whose id 6 is a door; people are stored as objects there."""

_DOOR_OF_FORMAT_1 = 6
_SURELY_NO_PERSON_M = 0.3

_INDOOR = np.arange(256, dtype=np.uint8)
_INDOOR[DOOR] = WALL


def indoor_labels(stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ids of the indoor label space for stored ones (H, W); a door counts as wall there, as in the truth of NYUv2."""
    return np.asarray(cv2.LUT(stored, _INDOOR), np.uint8)


def upgraded(labels: NDArray[np.uint8], depth: NDArray[np.float16], focal: float) -> NDArray[np.uint8]:
    """Today's ids for a map of format 1, (H, W), with its depth in metres and focal length in pixels.

    People were objects in that format. Connected objects of more than 0.3 m may be people, or be touched by them, and become
    unlabelled: called objects, they would teach a network with a person class the contrary.
    """
    found = labels.copy()
    found[labels == _DOOR_OF_FORMAT_1] = DOOR
    count, components, boxes, _ = cv2.connectedComponentsWithStats((labels == OBJECT).astype(np.uint8), connectivity=8)
    pixels = np.maximum(boxes[:, cv2.CC_STAT_AREA], 1)
    metres = np.bincount(components.ravel(), depth.ravel().astype(np.float64), count) / pixels
    extent = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1) * metres / focal
    doubtful = extent > _SURELY_NO_PERSON_M
    doubtful[0] = False  # all that is no object
    found[doubtful[components]] = UNLABELLED
    return found
