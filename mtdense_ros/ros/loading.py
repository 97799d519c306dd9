"""Parameters -> a pipeline with its network loaded and warm; and the legend that decodes its outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline import Pipeline
from mtdense_ros.predictor import Predictor


def load_pipeline(parameters: Parameters, log: Callable[[str], None]) -> Pipeline:
    """A pipeline ready for its first frame. Raises WeightsError, DeviceError and ConfigError; an unreadable reference is one too."""
    p = parameters
    if p.threads:
        torch.set_num_threads(p.threads)
    predictor = Predictor.load(p.weights[0], device=p.device, engine=p.engine, precision=p.precision, size=p.size_hw)
    pipeline = Pipeline(predictor, p.pipeline_options())
    if p.warm_up_hw is not None:
        predictor.warm_up(p.warm_up_hw)
    log(f"{predictor.card.name} ({predictor.card.arch}): {', '.join(predictor.outputs)} on {predictor.device_name}")
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
