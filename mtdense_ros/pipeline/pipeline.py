"""Pipeline: what lives between the frames of one camera. The node and the offline replay both drive it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Frame, Prediction, image_size
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.inference.multi_predictor import EncodedBackgrounds, MultiPredictor
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.pipeline.background import Background
from mtdense_ros.pipeline.nav_maps import nav_size
from mtdense_ros.pipeline.navigation import Navigation, NavigationFrame
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.pipeline.results import (
    GROUNDED,
    METRIC,
    OF_DEPTH,
    RESULTS,
    RequiredOutputs,
    ResultInputs,
    Results,
    make_result,
    required_outputs,
)
from mtdense_ros.pipeline.scale import MEASURED_MODES, MetricScale
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.utils.parallel import limit_threads
from mtdense_ros.utils.timing import Stopwatch

__all__ = ["RESULTS", "Pipeline", "PipelineOptions", "Results"]


class Pipeline:
    """One camera's frames through one network, or several.

    `background` holds the camera's reference frame, `scale` the metric scale of its depth. `options` may be replaced at any time.
    `frames` counts the frames that were processed.
    """

    def __init__(self, networks: Predictor | MultiPredictor, options: PipelineOptions | None = None) -> None:
        self.networks = networks if isinstance(networks, MultiPredictor) else MultiPredictor.of([networks])
        self.options = options or PipelineOptions()
        self.background = Background(self.networks.encode_background)
        self.frames = 0
        self.scale = MetricScale()
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
        prediction = self._scaled(frame, prediction, rays, options, buffers.part("scale"))
        watch.lap("scale")
        space, nav_hw = self.networks.label_space, nav_size(image_size(frame.rgb), options.nav_hw)
        navigation = self._navigate(frame, prediction, rays, options, buffers.part("navigation"))
        material = ResultInputs(frame.rgb, prediction, space, rays, options.points_range, navigation, nav_hw, buffers.part("results"))
        with limit_threads(self.networks.threads):
            made = {name: make_result(name, material) for name in RESULTS if name in needs.makeable}
        watch.lap("results")
        timings = {**prediction.timings, "scale": watch.laps["scale"], "results": watch.laps["results"]}
        doubt = self._scale_problem(wanted, options)
        missing = {**needs.missing, **{name: doubt for name, array in made.items() if array is None}}
        warnings = {"depth": doubt} if doubt and prediction.depth is not None else {}
        grounded = [name for name in GROUNDED if name in made]
        if navigation is not None and grounded and navigation.doubt:
            warnings |= dict.fromkeys(grounded, navigation.doubt)
        faults = {self.scale.state.fault: doubt} if doubt and self.scale.state.fault else {}
        return Results({name: array for name, array in made.items() if array is not None}, missing, warnings, timings, faults)

    def use(self, networks: MultiPredictor, encoded: tuple[NDArray[np.uint8], EncodedBackgrounds] | None = None) -> None:
        """Other networks for the same outputs from the next frame on; not during a frame. The reference frame stays.

        With `encoded`, a reference frame and what `networks` made of it, that frame is not encoded again. An error leaves the
        networks as they were.
        """
        self.background.encode_with(networks.encode_background, encoded)
        self.networks = networks

    def replace(self, networks: MultiPredictor, encoded: tuple[NDArray[np.uint8], EncodedBackgrounds] | None = None) -> None:
        """As `use`, for networks of whatever outputs: what was measured with the earlier ones is forgotten."""
        self.use(networks, encoded)
        self.forget_scene()

    def forget_scene(self) -> None:
        """Forgets the metric scale, the ground and the changed regions, as where time runs back: a bag begins again, elsewhere."""
        self.scale.reset()
        self._navigation.reset()

    def reset(self) -> None:
        """Forgets the background, the scene and the count of frames: the camera is another, or elsewhere."""
        self.background.clear()
        self.forget_scene()
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
        kind, mode = self.networks.depth.kind if self.networks.depth else "", options.depth_scale_mode
        if self.networks.depth_is_relative and mode == "none":
            unitless = f"the depth of {self.networks.routes['depth']} is {kind}, points need metres; set depth.scale_mode"
            reasons |= dict.fromkeys(METRIC, unitless)
        if kind == "inverse" and mode == "fixed":
            reasons |= dict.fromkeys(("depth", *METRIC), "inverse depth needs a shift too; set depth.scale_mode to range or camera_height")
        return reasons

    def _navigate(
        self, frame: Frame, prediction: Prediction, rays: RayTable | None, options: PipelineOptions, buffers: BufferPool
    ) -> NavigationFrame | None:
        if prediction.depth is None or rays is None:
            return None
        return self._navigation.of_frame(prediction, self.networks.label_space, rays, options, buffers, frame.stamp_ns)

    def _predict(self, frame: Frame, outputs: Collection[str], options: PipelineOptions, buffers: BufferPool) -> Prediction:
        encoded = None if self._mismatch(frame) else self.background.encoded
        return self.networks.predict(frame.rgb, frame.intrinsics, encoded, outputs, options.for_outputs, buffers)

    def _scaled(
        self, frame: Frame, prediction: Prediction, rays: RayTable | None, options: PipelineOptions, buffers: BufferPool
    ) -> Prediction:
        """Depth at its scale, then its range. Depth without a unit and without a scale is none."""
        spec, mode = self.networks.depth, options.depth_scale_mode
        if mode not in MEASURED_MODES:
            self.scale.reset()
        if prediction.depth is None or spec is None or mode == "none":
            return prediction
        waits_for_labels = mode == "camera_height" and prediction.labels is None and "labels" in self.networks.outputs
        if mode in MEASURED_MODES and not waits_for_labels:
            self.scale.follow(self.networks.routes["depth"], frame, spec, options)
            self.scale.measure(frame, prediction, rays, self.networks.label_space, spec, options, buffers)
        return replace(prediction, depth=self.scale.applied(prediction.depth, spec, options, buffers))

    def _scale_problem(self, wanted: Collection[str], options: PipelineOptions) -> str:
        """What is wrong with the scale of depth, where that is wanted."""
        concerned = options.depth_scale_mode in MEASURED_MODES and any(name in OF_DEPTH for name in wanted)
        return self.scale.state.problem if concerned else ""
