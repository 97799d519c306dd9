"""First runs of a network's file: whether it gives what its card says, and the same in every engine that reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.engines.base import Engine, EngineOptions, Floats
from mtdense_ros.engines.create import create_file_engine, installed_engines
from mtdense_ros.engines.graph_files import READERS
from mtdense_ros.errors import ConfigError, WeightsError
from mtdense_ros.imaging.transforms import normalise
from mtdense_ros.weights import Card
from mtdense_ros.weights.graph import OUTPUT_CHANNELS

MOST_DIFFERENCE = 0.02
"""Between engines: of the largest value of a map, and as the share of ids that differ."""


@dataclass
class Trial:
    """What came out: the engines that ran, the shape (C, h, w) of each output, and what a person should know."""

    engines: list[str] = field(default_factory=list)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def try_out(path: Path, card: Card) -> Trial:
    """Runs a file on two made pictures in every installed engine that reads it.

    Raises WeightsError for an output that is not finite, has other channels than its role, holds other values than its kind, or does
    not depend on the picture, and where two engines differ; ConfigError where no engine runs it.
    """
    trial, reference, refusals = Trial(), None, []
    for name, suffixes in READERS.items():
        if path.suffix not in suffixes or installed_engines()[name] is not None:
            continue
        try:
            engine = create_file_engine(path, card, EngineOptions(name, "cpu", "fp32"), (card.input.height, card.input.width))
        except ConfigError as error:
            refusals.append(str(error))
            continue
        maps = [_run(engine, card, picture) for picture in _pictures(card)]
        engine.close()
        trial.engines.append(name)
        if reference is None:
            _check(maps, card, trial)
            reference = maps[0]
        else:
            _compare(reference, maps[0], trial, card)
    if reference is None:
        raise ConfigError("; ".join(refusals) or f"no installed engine reads {path.suffix} files; pip install openvino")
    trial.remarks += refusals
    return trial


def _pictures(card: Card) -> list[Floats]:
    """Two pictures of no likeness, as the network takes them: coarse random colours, and a slope."""
    size = card.input.height, card.input.width
    coarse = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
    blots = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
    slope = np.broadcast_to(np.linspace(20, 235, size[0]).astype(np.uint8)[:, None, None], (*size, 3))
    return [normalise(np.ascontiguousarray(rgb), size, card.input.mean, card.input.std) for rgb in (blots, slope)]


def _run(engine: Engine, card: Card, picture: Floats) -> dict[str, Floats]:
    background = engine.encode_background(picture[..., ::-1].copy()) if "foreground" in card.outputs else None
    return {role: maps[0] for role, maps in engine.run(picture, background).items()}


def _check(maps: list[dict[str, Floats]], card: Card, trial: Trial) -> None:
    for role in card.outputs:
        first, second = (each[role] for each in maps)
        spec = card.graph.outputs[role]
        where = f"outputs.{role}: tensor '{spec.tensor}'"
        if not (np.isfinite(first).all() and np.isfinite(second).all()):
            raise WeightsError(f"{where} is not finite for an ordinary picture; correct input.mean and input.std, or export it again")
        if role in OUTPUT_CHANNELS and len(first) != OUTPUT_CHANNELS[role]:
            raise WeightsError(f"{where} has {len(first)} channels, expected {OUTPUT_CHANNELS[role]}; name another tensor")
        problem = _wrong_values(role, first, card)
        if problem:
            raise WeightsError(f"{where} {problem}")
        if np.array_equal(first, second):
            if not card.graph.gives_ids or role != "labels":
                raise WeightsError(f"{where} is the same for two pictures; correct input.mean and input.std, or export it again")
            trial.remarks.append(f"{role}: the same ids for two made pictures, as a network that saw nothing in them would give")
        trial.shapes[role] = first.shape


def _wrong_values(role: str, values: NDArray[np.float32], card: Card) -> str:
    """What contradicts the kind of an output, "" where nothing does."""
    kind = card.graph.outputs[role].kind
    if role == "labels" and kind == "logits":
        named = values[: card.graph.num_classes]
        if len(values) > 1 and named.min() >= 0 and np.abs(values.sum(axis=0) - 1).max() < 1e-3:
            return "holds probabilities, they add up to 1; correct its kind"
    if role == "labels" and kind == "probabilities" and np.abs(np.exp(values).sum(axis=0) - 1).max() > 0.02:
        return "holds values that do not add up to 1, as probabilities do; correct its kind to logits"
    if role == "foreground" and kind == "logits" and values.min() >= 0 and values.max() <= 1:
        return "holds values of 0 to 1 only, as probabilities are; correct its kind"
    if role == "depth" and kind == "metric" and np.median(values) <= 0:
        return "is not above 0, as metres are; correct its kind"
    return ""


def _compare(reference: dict[str, Floats], found: dict[str, Floats], trial: Trial, card: Card) -> None:
    for role, maps in reference.items():
        if role == "labels" and card.graph.gives_ids:
            difference = float((maps != found[role]).mean())
        else:
            difference = float(np.abs(maps - found[role]).max() / max(np.abs(maps).max(), 1e-6))
        trial.differences[role] = difference
        if difference > MOST_DIFFERENCE:
            problem = f"{' and '.join(trial.engines)} differ by {difference:.1%}, more than {MOST_DIFFERENCE:.0%}"
            raise WeightsError(f"outputs.{role}: {problem}; export it for another opset, or report it to one of the engines")
