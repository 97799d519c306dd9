"""Pipeline: what lives between the frames of one camera. The node and the offline replay both drive it."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.background import Background
from mtdense_ros.batching import image_size
from mtdense_ros.demand import RESULTS, Demand, demand
from mtdense_ros.geometry import RayTable, apply_range
from mtdense_ros.options import PipelineOptions
from mtdense_ros.postprocess import depth_range
from mtdense_ros.predictor import EncodedBackground, Predictor
from mtdense_ros.records import Frame, Prediction
from mtdense_ros.results import Material, Results, make
from mtdense_ros.scale import SmoothedScale
from mtdense_ros.stopwatch import Stopwatch

__all__ = ["RESULTS", "Pipeline", "PipelineOptions", "Results"]


class Pipeline:
    """One camera's frames through a predictor.

    `background`: its reference frame; `options` may be replaced at any time; `frames`: how many were processed.
    """

    def __init__(self, predictor: Predictor, options: PipelineOptions | None = None) -> None:
        self.predictor = predictor
        self.options = options or PipelineOptions()
        self.background: Background[EncodedBackground | None] = Background(self._encode)
        self.frames = 0
        self._scale = SmoothedScale()

    def process(self, frame: Frame, wanted: Collection[str], rays: RayTable | None = None) -> Results:
        """The wanted results (names of RESULTS) of a frame, as far as they can be made; nothing else is computed.

        rays: of a distorted camera, for its points and its floor; the frame's intrinsics give them otherwise. Raises InputError.
        """
        watch = Stopwatch()
        options = self.options  # once: another thread may replace them while the frame is worked on
        if rays is None and frame.intrinsics is not None:
            rays = RayTable.of(frame.intrinsics)
        needs = self._needs(frame, wanted, rays, options)
        self.frames += 1
        prediction = self._predict(frame, needs.outputs, options)
        watch.lap("predict")
        prediction, warnings = self._scaled(prediction, rays, options)
        watch.lap("scale")
        material = Material(frame.rgb, prediction, self.predictor.label_space, rays, (options.points_min, options.points_max or math.inf))
        made = {name: make(name, material) for name in RESULTS if name in needs.makeable}
        watch.lap("results")
        timings = {**prediction.timings, "scale": watch.laps["scale"], "results": watch.laps["results"]}
        return Results({name: array for name, array in made.items() if array is not None}, needs.missing, warnings, timings)

    def reset(self) -> None:
        """Forgets the background, the metric scale and the count of frames: the camera is another, or elsewhere."""
        self.background.clear()
        self._scale.reset()
        self.frames = 0

    def _encode(self, rgb: NDArray[np.uint8]) -> EncodedBackground | None:
        """The features of a reference frame, for a network that has a use for them."""
        return self.predictor.encode_background(rgb) if "foreground" in self.predictor.outputs else None

    def _needs(self, frame: Frame, wanted: Collection[str], rays: RayTable | None, options: PipelineOptions) -> Demand:
        """What this frame needs of the network."""

        def due(output: str) -> bool:
            return self.frames % options.every(output) == 0

        needs = demand(wanted, lambda output: self._obstacle(output, frame), due, self._impossible(rays))
        floor_helps = "depth" in needs.outputs and self._scales_by_height(options)
        if floor_helps and not self._obstacle("labels", frame) and due("labels"):
            needs.outputs.add("labels")
        return needs

    def _obstacle(self, output: str, frame: Frame) -> str:
        """Why an output cannot be had of this frame, empty where it can."""
        if output not in self.predictor.outputs:
            return f"network '{self.predictor.card.name}' has no output '{output}'; load weights with one"
        return self.background.mismatch(image_size(frame.rgb)) if self.predictor.needs_background(output) else ""

    def _impossible(self, rays: RayTable | None) -> dict[str, str]:
        """Results that cannot be made even of all outputs, and why."""
        name = self.predictor.card.name
        reasons = {}
        if self.predictor.label_space is None:
            reasons["labels_color"] = f"the card of '{name}' names no label space, so there are no colours"
        if rays is None:
            reasons["points"] = "no camera_info"
        if self.predictor.depth_kind == "relative":
            reasons["points"] = f"the depth of '{name}' is relative, points need metres"
        return reasons

    def _predict(self, frame: Frame, outputs: Collection[str], options: PipelineOptions) -> Prediction:
        if not outputs:
            return Prediction()
        fits = not self.background.mismatch(image_size(frame.rgb))
        encoded = self.background.encoded if fits else None
        return self.predictor.predict(frame.rgb, frame.intrinsics, encoded, outputs, options.for_outputs)

    def _scales_by_height(self, options: PipelineOptions) -> bool:
        return options.depth_scale_mode == "camera_height" and self.predictor.depth_kind == "metric"

    def _scaled(self, prediction: Prediction, rays: RayTable | None, options: PipelineOptions) -> tuple[Prediction, dict[str, str]]:
        """Depth at the scale of the known camera height, then its range; and what is doubtful about it."""
        depth, spec = prediction.depth, self.predictor.card.depth
        if depth is None or spec is None or not self._scales_by_height(options):
            return prediction, {}
        if prediction.labels is not None or "labels" not in self.predictor.outputs:
            self._scale.update(depth, rays, self._floor(prediction), options.camera_height)
        warnings = {"depth": f"camera height gives no scale: {self._scale.problem}"} if self._scale.problem else {}
        scaled = apply_range(depth * np.float32(self._scale.value), *depth_range(spec, options.limits))
        return replace(prediction, depth=scaled), warnings

    def _floor(self, prediction: Prediction) -> NDArray[np.bool_] | None:
        """The pixels of traversable classes, None where the network knows none."""
        space = self.predictor.label_space
        if prediction.labels is None or space is None:
            return None
        mask: NDArray[np.bool_] = np.isin(prediction.labels, [c.id for c in space.classes if c.traversable])
        return mask
