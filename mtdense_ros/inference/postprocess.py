"""Raw maps of a network -> what a Prediction holds, at camera size."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import OUTPUTS, UNLABELLED, LabelSpace, Prediction
from mtdense_ros.errors import ConfigError, WeightsError, known_names
from mtdense_ros.geometry.depth import apply_range, normalise_normals
from mtdense_ros.imaging import transforms
from mtdense_ros.imaging.label_spaces import load_label_spaces
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.utils.parallel import run_in_parallel
from mtdense_ros.weights import GRAPH, Card, DepthSpec

Floats = NDArray[np.float32]
Size = tuple[int, int]

UPSAMPLINGS = ("exact", "fast")


@dataclass(frozen=True)
class OutputOptions:
    """How raw maps become outputs; None means as the card says.

    labels_upsampling is "exact", the argmax of the resized logits, or "fast", the nearest of the coarse argmax. depth_min and
    depth_max are in m; foreground_threshold is a probability in (0, 1]. Raises ConfigError.
    """

    labels_upsampling: str = "exact"
    depth_min: float | None = None
    depth_max: float | None = None
    foreground_threshold: float | None = None

    def __post_init__(self) -> None:
        if self.labels_upsampling not in UPSAMPLINGS:
            raise ConfigError(f"labels.upsampling: '{self.labels_upsampling}' is unknown; use one of {', '.join(UPSAMPLINGS)}")
        if self.foreground_threshold is not None and not 0 < self.foreground_threshold <= 1:
            raise ConfigError(f"foreground threshold {self.foreground_threshold} is not above 0 and at most 1; use for example 0.5")


RAW_KEY = {"labels": "labels", "confidence": "labels", "depth": "depth", "normals": "normals", "foreground": "foreground"}
"""The raw map that each output is made of."""


def label_space_of(card: Card, chosen: str) -> tuple[LabelSpace | None, slice]:
    """The label space of a name, "" for the card's first, and where its logits are among the network's."""
    classes = card.config.get("num_classes")
    spaces = load_label_spaces(card.label_space, classes) if card.label_space is not None else ()
    names = [space.name for space in spaces]
    if chosen and chosen not in names:
        raise ConfigError(f"parameter labels.space: '{chosen}' is no label space of '{card.name}'; {known_names(chosen, names)}")
    if not spaces:
        return None, slice(None)
    ends = list(accumulate(len(space.classes) for space in spaces))
    if classes is not None and classes != ends[-1]:
        found = f"the network has {classes} classes, its label space '{card.label_space}' has {ends[-1]}"
        raise WeightsError(f"card '{card.name}': {found}; name the label space that it was trained with")
    if card.arch == GRAPH:  # ids, or logits with one more for pixels of no class
        return spaces[0], slice(None)
    index = names.index(chosen) if chosen else 0
    return spaces[index], slice(ends[index] - len(spaces[index].classes), ends[index])


def outputs_of(card: Card) -> tuple[str, ...]:
    """The fields of a Prediction that a card's network can fill, in the order of datatypes.OUTPUTS."""
    without = {"confidence"} if card.arch == GRAPH and card.graph.gives_ids else set()
    return tuple(output for output in OUTPUTS if RAW_KEY[output] in card.outputs and output not in without)


def postprocess(
    raw: Mapping[str, Floats],
    size_hw: Size,
    card: Card,
    focal_scale: float,
    wanted: Collection[str],
    options: OutputOptions,
    buffers: BufferPool | None = None,
) -> Prediction:
    """The `wanted` outputs of one frame, (height, width) `size_hw`, as far as its raw maps (C, h, w) give them."""
    buffers = buffers or BufferPool()
    of_labels = partial(_of_labels, raw, size_hw, card, wanted, options, buffers.part("of labels"))
    others = partial(_others, raw, size_hw, card, focal_scale, options, buffers.part("others"))
    (labels, confidence), maps = run_in_parallel(of_labels, others, worthwhile="labels" in raw and len(raw) > 1)
    return Prediction(labels if "labels" in wanted else None, confidence, *maps)


def _of_labels(
    raw: Mapping[str, Floats], size_hw: Size, card: Card, wanted: Collection[str], options: OutputOptions, buffers: BufferPool
) -> tuple[NDArray[np.uint8] | None, Floats | None]:
    """Labels and confidence. A file's network may give ids, which have no confidence, or a channel for no class."""
    if "labels" not in raw:
        return None, None
    if card.arch == GRAPH and card.graph.gives_ids:
        return transforms.nearest_ids(raw["labels"], size_hw, buffers), None
    if "confidence" in wanted:
        labels, confidence = labels_and_confidence_of(raw["labels"], size_hw, options.labels_upsampling, buffers)
    else:
        labels, confidence = labels_of(raw["labels"], size_hw, options.labels_upsampling, buffers), None
    if card.arch == GRAPH and len(raw["labels"]) > card.graph.num_classes:
        np.copyto(labels, UNLABELLED, where=np.equal(labels, card.graph.num_classes))
    return labels, confidence


def _others(
    raw: Mapping[str, Floats], size_hw: Size, card: Card, focal_scale: float, options: OutputOptions, buffers: BufferPool
) -> tuple[Floats | None, Floats | None, NDArray[np.bool_] | None]:
    """Depth, normals and foreground: together about as much work as labels and confidence."""
    depth = normals = foreground = None
    if "depth" in raw and card.depth is not None:
        depth = depth_of(raw["depth"], size_hw, card.depth, focal_scale, options, buffers)
    if "normals" in raw:
        normals = normals_of(raw["normals"], size_hw, buffers)
    if "foreground" in raw and card.foreground is not None:
        threshold = options.foreground_threshold or card.foreground.threshold
        foreground = foreground_of(raw["foreground"], size_hw, threshold, buffers)
    return depth, normals, foreground


def labels_of(logits: Floats, size_hw: Size, upsampling: str, buffers: BufferPool) -> NDArray[np.uint8]:
    """Class ids (H, W) of logits (C, h, w)."""
    return (transforms.labels_fast if upsampling == "fast" else transforms.labels_exact)(logits, size_hw, buffers)


def labels_and_confidence_of(logits: Floats, size_hw: Size, upsampling: str, buffers: BufferPool) -> tuple[NDArray[np.uint8], Floats]:
    """Class ids (H, W) of logits (C, h, w), and the probability of each."""
    if upsampling == "fast":
        return transforms.labels_and_confidence_fast(logits, size_hw, buffers)
    return transforms.labels_and_confidence(logits, size_hw, buffers)


def depth_of(raw: Floats, size_hw: Size, spec: DepthSpec, focal_scale: float, options: OutputOptions, buffers: BufferPool) -> Floats:
    """Depth (H, W) of a raw map (1, h, w): metres with the range applied, or values without unit as they are.

    The absolute value is part of HydraNet's published post-processing; the other networks give none below zero.
    """
    depth = buffers.array("resized depth", size_hw, np.float32)
    transforms.resize_map(raw, size_hw, depth[None])
    if spec.kind != "metric":
        return depth
    np.abs(depth, out=depth)
    np.multiply(depth, np.float32(focal_scale), out=depth)
    return apply_range(depth, *depth_range(spec, options), buffers)


def depth_range(spec: DepthSpec, options: OutputOptions) -> tuple[float, float]:
    """(minimum, maximum) in m: the options' where given, the card's otherwise."""
    low = options.depth_min if options.depth_min is not None else spec.min_m
    high = options.depth_max if options.depth_max is not None else spec.max_m
    return (0.0 if low is None else low), (math.inf if high is None else high)


def normals_of(raw: Floats, size_hw: Size, buffers: BufferPool) -> Floats:
    """Unit normals (H, W, 3), facing the camera, of a raw map (3, h, w)."""
    planes = buffers.array("normal planes", (3, *size_hw), np.float32)
    return normalise_normals(transforms.resize_map(raw, size_hw, planes), buffers)


def foreground_of(logits: Floats, size_hw: Size, threshold: float, buffers: BufferPool) -> NDArray[np.bool_]:
    """The mask (H, W) of logits (1, h, w): where the resized logit reaches that of the threshold, so no sigmoid is needed."""
    level = math.inf if threshold == 1 else math.log(threshold / (1 - threshold))
    resized = transforms.resize_map(logits, size_hw, buffers.array("plane", size_hw, np.float32)[None])[0]
    mask = buffers.array("foreground", size_hw, np.bool_)
    np.greater_equal(resized, np.float32(level), out=mask)
    return mask
