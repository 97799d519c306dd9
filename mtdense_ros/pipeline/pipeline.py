"""Pipeline: what lives between the frames of one camera. The node and the offline replay both drive it."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Frame, Prediction, image_size
from mtdense_ros.geometry.depth import RayTable, apply_range
from mtdense_ros.geometry.ground_plane import SmoothedScale
from mtdense_ros.inference.multi_predictor import EncodedBackgrounds, MultiPredictor
from mtdense_ros.inference.postprocess import depth_range
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.pipeline.background import Background
from mtdense_ros.pipeline.navigation import Navigation, NavigationFrame
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.pipeline.results import GROUNDED, METRIC, RESULTS, RequiredOutputs, ResultInputs, Results, make_result, required_outputs
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.utils.parallel import limit_threads
from mtdense_ros.utils.timing import Stopwatch

__all__ = ["RESULTS", "Pipeline", "PipelineOptions", "Results"]


class Pipeline:
    """One camera's frames through one network, or several.

    `background` holds the camera's reference frame. `options` may be replaced at any time. `frames` counts the frames that were
    processed.
    """

    def __init__(self, networks: Predictor | MultiPredictor, options: PipelineOptions | None = None) -> None:
        self.networks = networks if isinstance(networks, MultiPredictor) else MultiPredictor.of([networks])
        self.options = options or PipelineOptions()
        self.background = Background(self.networks.encode_background)
        self.frames = 0
        self._scale = SmoothedScale()
        self._navigation = Navigation()

    def process(self, frame: Frame, wanted: Collection[str], rays: RayTable | None = None, buffers: BufferPool | None = None) -> Results:
        """The wanted results (names of RESULTS) of a frame, as far as they can be made; nothing else is computed.

        A distorted camera needs its rays, for its points and its floor; otherwise the frame's intrinsics give them. The results may
        lie in `buffers` until the next call with them; without them they are new arrays. Raises InputError.
        """
        buffers = buffers or BufferPool()
        watch = Stopwatch()
        options = self.options  # once: another thread may replace them while the frame is worked on
        if rays is None and frame.intrinsics is not None:
            rays = RayTable.of(frame.intrinsics)
        needs = self._needs(frame, wanted, rays, options)
        self.frames += 1
        prediction = self._predict(frame, needs.outputs, options, buffers.part("networks"))
        watch.lap("predict")
        prediction, doubt = self._scaled(prediction, rays, options, buffers.part("scale"))
        watch.lap("scale")
        points_range = options.points_min, options.points_max or math.inf
        navigation = self._navigate(prediction, rays, options, buffers.part("navigation"))
        space = self.networks.label_space
        material = ResultInputs(frame.rgb, prediction, space, rays, points_range, navigation, buffers.part("results"))
        with limit_threads(self.networks.threads):
            made = {name: make_result(name, material) for name in RESULTS if name in needs.makeable}
        watch.lap("results")
        timings = {**prediction.timings, "scale": watch.laps["scale"], "results": watch.laps["results"]}
        missing = {**needs.missing, **{name: doubt for name, array in made.items() if array is None}}
        warnings = {"depth": doubt} if doubt and prediction.depth is not None else {}
        grounded = [name for name in GROUNDED if name in made]
        if navigation is not None and grounded and navigation.doubt:
            warnings |= dict.fromkeys(grounded, navigation.doubt)
        return Results({name: array for name, array in made.items() if array is not None}, missing, warnings, timings)

    def use(self, networks: MultiPredictor, encoded: tuple[NDArray[np.uint8], EncodedBackgrounds] | None = None) -> None:
        """Other networks for the same outputs from the next frame on; not during a frame. The reference frame stays.

        With `encoded`, a reference frame and what `networks` made of it, that frame is not encoded again. An error leaves the
        networks as they were.
        """
        self.background.encode_with(networks.encode_background, encoded)
        self.networks = networks

    def reset(self) -> None:
        """Forgets the background, the metric scale, the ground and the count of frames: the camera is another, or elsewhere."""
        self.background.clear()
        self._scale.reset()
        self._navigation.reset()
        self.frames = 0

    def _needs(self, frame: Frame, wanted: Collection[str], rays: RayTable | None, options: PipelineOptions) -> RequiredOutputs:
        """What this frame needs of the network."""

        def due(output: str) -> bool:
            return options.due(output, self.frames)

        needs = required_outputs(wanted, lambda output: self._obstacle(output, frame), due, self._impossible(rays, options))
        floor_helps = "depth" in needs.outputs and options.depth_scale_mode == "camera_height"
        if floor_helps and not self._obstacle("labels", frame) and due("labels"):
            needs.outputs.add("labels")
        return needs

    def _obstacle(self, output: str, frame: Frame) -> str:
        """Why an output cannot be had of this frame, empty where it can."""
        if output not in self.networks.outputs:
            return f"{self.networks.name} has no output '{output}'; load weights with one"
        return self._mismatch(frame) if self.networks.needs_background(output) else ""

    def _mismatch(self, frame: Frame) -> str:
        return self.background.mismatch(image_size(frame.rgb), frame.rectified)

    def _impossible(self, rays: RayTable | None, options: PipelineOptions) -> dict[str, str]:
        """Results that cannot be made even of all outputs, and why."""
        reasons = {}
        if self.networks.label_space is None:
            reasons["labels_color"] = f"the card of {self.networks.routes.get('labels')} names no label space, so there are no colours"
        if rays is None:
            reasons |= dict.fromkeys(METRIC, "no camera_info")
        if self.networks.depth_is_relative and options.depth_scale_mode == "none":
            relative = f"the depth of {self.networks.routes['depth']} is relative, points need metres; set depth.scale_mode"
            reasons |= dict.fromkeys(METRIC, relative)
        return reasons

    def _navigate(
        self, prediction: Prediction, rays: RayTable | None, options: PipelineOptions, buffers: BufferPool
    ) -> NavigationFrame | None:
        if prediction.depth is None or rays is None:
            return None
        return self._navigation.of_frame(prediction, self.networks.label_space, rays, options, buffers)

    def _predict(self, frame: Frame, outputs: Collection[str], options: PipelineOptions, buffers: BufferPool) -> Prediction:
        encoded = None if self._mismatch(frame) else self.background.encoded
        return self.networks.predict(frame.rgb, frame.intrinsics, encoded, outputs, options.for_outputs, buffers)

    def _scaled(
        self, prediction: Prediction, rays: RayTable | None, options: PipelineOptions, buffers: BufferPool
    ) -> tuple[Prediction, str]:
        """Depth at its scale, then its range; and what is doubtful about it. Relative depth without a scale is none."""
        depth, spec = prediction.depth, self.networks.depth
        if depth is None or spec is None or options.depth_scale_mode == "none":
            return prediction, ""
        factor, doubt = options.depth_scale, ""
        if options.depth_scale_mode == "camera_height":
            self._measure_scale(depth, prediction, rays, options, buffers)
            factor, doubt = self._scale.value, self._scale.problem and f"camera height gives no scale: {self._scale.problem}"
            if self.networks.depth_is_relative and not self._scale.measured:
                return replace(prediction, depth=None), doubt
        scaled = np.multiply(depth, np.float32(factor), out=buffers.array("unlimited depth", depth.shape, np.float32))
        return replace(prediction, depth=apply_range(scaled, *depth_range(spec, options.limits), buffers)), doubt

    def _measure_scale(
        self,
        depth: NDArray[np.float32],
        prediction: Prediction,
        rays: RayTable | None,
        options: PipelineOptions,
        buffers: BufferPool,
    ) -> None:
        """The scale by the known camera height; on frames without labels of a network that has them it stays as it was."""
        if prediction.labels is not None or "labels" not in self.networks.outputs:
            self._scale.update(depth, rays, self._floor(prediction, buffers), options.camera_height, buffers)

    def _floor(self, prediction: Prediction, buffers: BufferPool) -> NDArray[np.bool_] | None:
        """The pixels of traversable classes, None where the network knows none."""
        space = self.networks.label_space
        if prediction.labels is None or space is None:
            return None
        traversable = np.zeros((1, 256), np.uint8)
        traversable[0, [c.id for c in space.classes if c.traversable]] = 1
        mask = buffers.array("floor", prediction.labels.shape, np.bool_)
        cv2.LUT(prediction.labels, traversable, dst=mask.view(np.uint8))
        return mask
