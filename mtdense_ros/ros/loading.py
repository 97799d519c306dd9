"""Parameters -> a pipeline with its network loaded and warm; and the legend that decodes its outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline import Pipeline, PipelineOptions
from mtdense_ros.predictor import Predictor


def load_pipeline(parameters: Parameters, log: Callable[[str], None]) -> Pipeline:
    """A pipeline ready for its first frame. Raises WeightsError, DeviceError, ConfigError, InputError (the reference)."""
    p = parameters
    predictor = Predictor.load(p.weights[0], p.device, p.engine, p.precision, p.size_hw, p.threads)
    pipeline = Pipeline(predictor, PipelineOptions.of(p))
    if p.warm_up_hw is not None:
        predictor.warm_up(p.warm_up_hw)
    log(f"{predictor.card.name} ({predictor.card.arch}): {', '.join(predictor.outputs)} on {predictor.device_name}, {predictor.precision}")
    path = Path(p.background_path).expanduser()
    if p.background_path and path.is_file():
        pipeline.background.load(path)
        log(f"reference frame loaded from {path}")
    return pipeline


def legend_of(predictor: Predictor) -> dict[str, Any]:
    """All that decodes a recording of the outputs: classes, outputs, and the network that made them."""
    card, space = predictor.card, predictor.label_space
    classes = () if space is None else space.classes
    return {
        "classes": [{"id": c.id, "name": c.name, "color": list(c.color)} for c in classes],
        "unlabelled": 255,
        "outputs": list(predictor.outputs),
        "model": card.name,
        "arch": card.arch,
        "weights_sha256": card.sha256,
        "input_size": {"height": card.input.height, "width": card.input.width, "resize": card.input.resize},
        "depth_kind": predictor.depth_kind,
    }
