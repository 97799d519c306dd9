"""The same networks at a lower precision or with a smaller input, for those who must trade accuracy for time."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from mtdense_ros.engines.base import EngineOptions
from mtdense_ros.engines.measured_choice import precision_refusal
from mtdense_ros.errors import WeightsError
from mtdense_ros.inference.multi_predictor import MultiPredictor, plan_networks
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.parameters import Parameters

Size = tuple[int, int]

FRACTIONS = (0.75, 0.5)
"""Of the input's sides; below, small things are lost."""


def smaller_precision(networks: MultiPredictor) -> str:
    """The precision below fp32 that every card allows in the engine that runs it; "" where there is none."""
    predictors = networks.predictors.values()
    formats = ("fp16", "bf16") if networks.device_name.startswith("cuda") else ("bf16",)
    if any(predictor.precision != "fp32" for predictor in predictors):
        return ""
    return next((f for f in formats if not any(precision_refusal(p.card, p.engine_name, f) for p in predictors)), "")


def smaller_fractions(networks: MultiPredictor, camera_hw: Size) -> tuple[float, ...]:
    """Those of FRACTIONS that make the input of every network smaller than the one before, for images of (height, width).

    None where one is a file that takes a single size.
    """
    if not all(predictor.any_size for predictor in networks.predictors.values()):
        return ()
    found: list[float] = []
    for fraction in FRACTIONS:
        before = found[-1] if found else 1.0
        sizes = [(_reduced(p, camera_hw, fraction), _reduced(p, camera_hw, before)) for p in networks.predictors.values()]
        if all(smaller[0] * smaller[1] < size[0] * size[1] for smaller, size in sizes):
            found.append(fraction)
    return tuple(found)


def variant(
    networks: MultiPredictor,
    parameters: Parameters,
    precision: str,
    fraction: float,
    camera_hw: Size,
    output_sets: Iterable[Collection[str]] = (),
) -> MultiPredictor:
    """The networks loaded once more and warmed up, each in its own engine.

    precision "" is their own; fraction is that of the input's sides for images of (height, width). output_sets are the outputs that
    frames will be asked for. Raises as MultiPredictor.load, and WeightsError where a file has changed since.
    """
    by_name, _ = plan_networks(parameters.weights, parameters.output_routes)
    predictors = {}
    for name, like in networks.predictors.items():
        size = _reduced(like, camera_hw, fraction) if fraction < 1 else parameters.size_hw
        space = "" if like.label_space is None else like.label_space.name
        options = EngineOptions(like.engine_name, like.device_name, precision or like.precision, parameters.threads)
        predictors[name] = Predictor.from_weights(by_name[name], options, size, space)
        if predictors[name].card.sha256 != like.card.sha256:
            raise WeightsError(f"weights '{name}': the file is not the one that was configured any more; configure again to use it")
    made = MultiPredictor(predictors, networks.routes)
    black = np.zeros((*camera_hw, 3), np.uint8)
    background = made.encode_background(black)
    for outputs in output_sets:
        made.predict(black, backgrounds=background, outputs=outputs)
    made.warm_up(camera_hw)
    made.avoid_stalls()
    return made


def _reduced(predictor: Predictor, camera_hw: Size, fraction: float) -> Size:
    """The input (height, width) of a network with its sides times a fraction, in whole multiples as its card says."""
    multiple = predictor.card.input.multiple
    height, width = (max(multiple, round(side * fraction / multiple) * multiple) for side in predictor.network_size(camera_hw))
    return height, width
