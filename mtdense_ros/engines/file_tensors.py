"""Between the arrays of this package and the tensors of a network that is a file: layouts, types, and what the values mean."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.engines.base import Floats
from mtdense_ros.errors import EngineError
from mtdense_ros.weights.graph import GraphInput, GraphOutput

NOTHING = 255.0
"""The id of a pixel without a class."""

_LEAST_PROBABILITY = 1e-7
_NEVER = -1e4
"""The logit of a class that the file does not have."""


def input_tensor(images: Floats, spec: GraphInput) -> NDArray[Any]:
    """Normalised RGB images (B, 3, h, w) as the file takes them: integer types hold the values as they are, rounded."""
    if spec.channels == "bgr":
        images = images[:, ::-1]
    if spec.layout == "nhwc":
        images = images.transpose(0, 2, 3, 1)
    dtype = np.dtype(spec.dtype)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        images = np.clip(np.rint(images), limits.min, limits.max)
    return np.ascontiguousarray(images, dtype)


def raw_map(role: str, tensor: NDArray[Any], spec: GraphOutput, num_classes: int) -> Floats:
    """A tensor of the file as the raw map (B, C, h, w) float32 of its role, as a network of this package gives it.

    Labels are logits of the classes in order, and one more for none where the file has such channels; or ids (B, 1, h, w), NOTHING for
    none. Foreground is a logit, normals are in the optical frame. Raises EngineError for a tensor of other dimensions.
    """
    maps = _channels_second(role, tensor, spec)
    if role == "labels":
        return _ids(maps, spec.first_id, num_classes) if spec.kind == "ids" else _logits(maps, spec, num_classes)
    if role == "foreground" and spec.kind == "probabilities":
        p = np.clip(maps, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        return np.asarray(np.log(p / (1 - p)), np.float32)
    if role == "normals" and spec.frame == "opengl":
        return maps * np.array([1, -1, -1], np.float32).reshape(1, 3, 1, 1)
    return maps


def has_nothing(spec: GraphOutput, channels: int, num_classes: int) -> bool:
    """Whether some of its channels stand for no class."""
    return spec.first_id < 0 or spec.first_id + channels > num_classes


def _channels_second(role: str, tensor: NDArray[Any], spec: GraphOutput) -> Floats:
    maps = tensor.astype(np.float32, copy=False)
    if spec.channel_axis < 0:
        maps, axis = maps[:, None], 1
    else:
        axis = spec.channel_axis
    if maps.ndim != 4:
        found = f"tensor '{spec.tensor}' has shape {tensor.shape}"
        raise EngineError(f"{role}: {found}, expected batch, channels, height and width; add the file again")
    if axis == 1:
        return np.ascontiguousarray(maps)
    batch, height, width, channels = maps.shape
    out = np.empty((batch, channels, height, width), np.float32)
    for source, target in zip(maps, out, strict=True):  # in blocks: several times as fast as a copy with strides
        cv2.transpose(np.ascontiguousarray(source).reshape(-1, channels), dst=target.reshape(channels, -1))
    return out


def _ids(maps: Floats, first_id: int, num_classes: int) -> Floats:
    ids = maps + np.float32(first_id)
    return np.where((ids >= 0) & (ids < num_classes), ids, np.float32(NOTHING)).astype(np.float32)


def _logits(maps: Floats, spec: GraphOutput, num_classes: int) -> Floats:
    if spec.kind == "probabilities":
        maps = np.log(np.maximum(maps, np.float32(_LEAST_PROBABILITY)))
    if spec.first_id == 0 and maps.shape[1] == num_classes:
        return maps
    first, last = spec.first_id, spec.first_id + maps.shape[1]
    named = slice(max(-first, 0), maps.shape[1] - max(last - num_classes, 0))
    more = has_nothing(spec, maps.shape[1], num_classes)
    out = np.empty((maps.shape[0], num_classes + more, *maps.shape[2:]), np.float32)
    if first > 0 or last < num_classes:
        out[:, :num_classes] = _NEVER
    out[:, max(first, 0) : min(last, num_classes)] = maps[:, named]
    if more:
        out[:, num_classes] = np.concatenate([maps[:, : named.start], maps[:, named.stop :]], axis=1).max(axis=1)
    return out
