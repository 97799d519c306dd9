"""Parameters -> a pipeline for each camera, with the networks loaded and warm."""

from __future__ import annotations

from collections.abc import Callable

from mtdense_ros.inference import EngineOptions
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.pipeline import Pipeline, PipelineOptions
from mtdense_ros.utils.timing import Stopwatch

STAGES = ("weights", "engine", "warm-up")
"""Of loading, in order."""


def load_pipelines(parameters: Parameters, log: Callable[[str], None]) -> tuple[dict[str, Pipeline], dict[str, float]]:
    """A pipeline for each camera by its name, ready for its first frame, and the ms of each stage.

    All use the same networks. Raises as `load_networks`.
    """
    networks, stages = load_networks(parameters, log)
    return {camera: Pipeline(networks, PipelineOptions.of(parameters)) for camera in parameters.cameras}, stages


def load_networks(parameters: Parameters, log: Callable[[str], None]) -> tuple[MultiPredictor, dict[str, float]]:
    """Networks ready for their first frame, and the ms of each stage. Raises WeightsError, DeviceError, EngineError and ConfigError."""
    p, stages = parameters, dict.fromkeys(STAGES, 0.0)
    options = EngineOptions(p.engine, p.device, p.precision, p.threads)
    networks = MultiPredictor.load(p.weights, p.output_routes, options, p.size_hw, p.labels_space)
    for predictor in networks.predictors.values():
        for stage, ms in predictor.load_ms.items():
            stages[stage] += ms
    if p.warm_up_hw is not None:
        watch = Stopwatch()
        networks.warm_up(p.warm_up_hw)
        watch.lap("warm-up")
        stages |= watch.laps
    networks.avoid_stalls()
    for name, predictor in networks.predictors.items():
        made = f"{name} ({predictor.card.arch}): {', '.join(networks.made_by(name))}"
        engine = f"{predictor.engine_name} on {predictor.device_name}, {predictor.precision}"
        log(f"{made} by {engine} (engine {predictor.engine_rule})")
    return networks, stages
