"""The metric scale of one camera's depth, from frame to frame: measured, judged, smoothed, and applied."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import CameraMount, Frame, LabelSpace, Prediction
from mtdense_ros.geometry.camera_mount import pitched_mount
from mtdense_ros.geometry.depth import RayTable, apply_range
from mtdense_ros.geometry.metric_scale import Evidence, ScaleEstimate, apply_scale, estimate_scale
from mtdense_ros.geometry.scale_evidence import evidence_of_floor, evidence_of_range, says_something
from mtdense_ros.inference.postprocess import depth_range
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.weights.card import DepthSpec

MEASURED_MODES = ("camera_height", "range")

LOST_SHARE = 1 / 3
"""A scale that puts more than this share of the pixels out of the range of depth is implausible."""

PLAUSIBLE_MEDIAN_M = (0.05, 200.0)
"""The median depth of a picture lies between these; for depth without a unit, whose factor may be any."""

_WEIGHT_OF_NEW = 0.2
_STEP = 4  # of the pixels on which a scale is judged, along rows and columns


@dataclass(frozen=True)
class ScaleState:
    """What stands of the scale after a frame.

    scale and shift are None and 0 until something was measured. spread and points are those of the last measurement. `problem` says
    why the last frame gave no scale, and is empty where it gave one; `fault` is that problem's name among the faults of the node,
    empty where it is merely doubtful.
    """

    scale: float | None = None
    shift: float = 0.0
    spread: float = math.nan
    points: int = 0
    problem: str = ""
    fault: str = ""


class MetricScale:
    """The scale of one camera's depth.

    Measured scales are smoothed over frames. One that the evidence is too weak for, or that is implausible, is not taken: the scale
    stays as it was.
    """

    def __init__(self) -> None:
        self.state = ScaleState()
        self._basis: tuple[object, ...] = ()

    def reset(self) -> None:
        """Forgets what was measured."""
        self.state = ScaleState()

    def follow(self, network: str, frame: Frame, spec: DepthSpec, options: PipelineOptions) -> None:
        """Forgets what was measured when it does not hold for this frame any more. network: the name of the weights of the depth."""
        known = frame.intrinsics or (self._basis[-1] if self._basis else None)
        basis = (network, spec, options.depth_scale_mode, options.camera_height, options.camera_pitch, known)
        if basis != self._basis:
            self.reset()
            self._basis = basis

    def measure(
        self,
        frame: Frame,
        prediction: Prediction,
        rays: RayTable | None,
        space: LabelSpace | None,
        spec: DepthSpec,
        options: PipelineOptions,
        buffers: BufferPool,
    ) -> None:
        """Takes the scale of a frame whose depth is not scaled yet. `space` is that of its labels."""
        values = prediction.depth
        if values is None:
            return
        if options.depth_scale_mode == "camera_height":
            mount = _mount(frame, spec, options)
            if mount is None:
                self._lacks("TF missing", frame, "there is no transform to the camera; set depth.camera_height")
            elif rays is None:
                self._keep("no camera_info", options)
            else:
                floor = _floor(prediction, space, buffers)
                self._judge(evidence_of_floor(values, rays, floor, mount, spec.kind == "inverse", buffers), values, spec, options)
        elif frame.reference is None or frame.reference.ranges is None:
            self._lacks("range missing", frame, "there is no range image of this frame")
        else:
            self._judge(evidence_of_range(values, frame.reference.ranges, spec.kind == "inverse"), values, spec, options)

    def applied(
        self, values: NDArray[np.float32], spec: DepthSpec, options: PipelineOptions, buffers: BufferPool
    ) -> NDArray[np.float32] | None:
        """Depth (H, W) in m within its range, of a network's values; None where they have no unit and there is no scale."""
        scale, shift = self._scale(spec, options)
        if scale is None:
            return None
        metres = apply_scale(values, scale, shift, spec.kind == "inverse", buffers.array("unlimited depth", values.shape, np.float32))
        return apply_range(metres, *depth_range(spec, options.limits), buffers)

    def values(self, options: PipelineOptions) -> dict[str, str]:
        """Key and value texts for /diagnostics; none where nothing is scaled."""
        state = self.state
        if options.depth_scale_mode == "none":
            return {}
        if options.depth_scale_mode == "fixed":
            return {"depth scale": f"{options.depth_scale:.4g}"}
        standing = f"kept: {state.problem}" if state.problem else "measured"
        shift = {"depth shift (1/m)": f"{state.shift:.4g}"} if state.shift else {}
        return {
            "depth scale": "none" if state.scale is None else f"{state.scale:.4g}",
            **shift,
            "depth scale spread": f"{state.spread:.3f}",
            "depth scale points": str(state.points),
            "depth scale state": standing if state.scale is not None else f"none: {state.problem or 'nothing measured yet'}",
        }

    def _scale(self, spec: DepthSpec, options: PipelineOptions) -> tuple[float | None, float]:
        """Scale and shift to apply now; None for none."""
        if options.depth_scale_mode == "fixed":
            return (None if spec.kind == "inverse" else options.depth_scale), 0.0
        if self.state.scale is None and spec.kind == "metric":
            return 1.0, 0.0
        return self.state.scale, self.state.shift

    def _judge(self, evidence: Evidence, values: NDArray[np.float32], spec: DepthSpec, options: PipelineOptions) -> None:
        inverse = spec.kind == "inverse"
        estimate = estimate_scale(evidence, inverse)
        if estimate.weakness:
            self._keep(estimate.weakness, options, estimate)
            return
        doubt = implausible(estimate, values, spec, options)
        if doubt:
            self._keep(doubt, options, estimate, "scale implausible")
        else:
            self.state = _smoothed(self.state, estimate, inverse)

    def _lacks(self, fault: str, frame: Frame, otherwise: str) -> None:
        lack = frame.reference.lack if frame.reference is not None else ""
        self.state = replace(self.state, problem=lack or otherwise, fault=fault)

    def _keep(self, reason: str, options: PipelineOptions, estimate: ScaleEstimate | None = None, fault: str = "") -> None:
        """Leaves the scale as it was, and says why."""
        source, spread, points = options.depth_scale_mode.replace("_", " "), self.state.spread, self.state.points
        if estimate is not None:
            spread, points = estimate.spread, estimate.points
        self.state = ScaleState(self.state.scale, self.state.shift, spread, points, f"{source} gives no scale: {reason}", fault)


def _mount(frame: Frame, spec: DepthSpec, options: PipelineOptions) -> CameraMount | None:
    """The camera's mount by the parameters, else by the frame's reference."""
    if options.camera_height > 0 and (options.camera_pitch or spec.kind == "inverse"):
        return pitched_mount(options.camera_height, options.camera_pitch)
    if options.camera_height > 0:
        return CameraMount(options.camera_height)
    return None if frame.reference is None else frame.reference.mount


def implausible(estimate: ScaleEstimate, values: NDArray[np.float32], spec: DepthSpec, options: PipelineOptions) -> str:
    """Why a scale cannot be that of these values (H, W), empty where it can.

    Metric depth has a factor of options.scale_limit at most, and of its inverse at least. And no scale may put much of a picture,
    that was within the range of depth, out of it.
    """
    limit = options.scale_limit
    if spec.kind == "metric" and not 1 / limit <= estimate.scale <= limit:
        return f"a factor of {estimate.scale:.3g} on metric depth is beyond {1 / limit:.3g} to {limit:.3g}; {_remedy(options)}"
    some = values[::_STEP, ::_STEP]
    some = some[says_something(some, spec.kind == "inverse")]
    if len(some) == 0:
        return ""
    low, high = depth_range(spec, options.limits)
    metres = apply_scale(some, estimate.scale, estimate.shift, spec.kind == "inverse", np.empty_like(some))
    median = float(np.median(metres))
    if not PLAUSIBLE_MEDIAN_M[0] <= median <= PLAUSIBLE_MEDIAN_M[1]:
        return f"a factor of {estimate.scale:.3g} would put half of the picture beyond {median:.3g} m; {_remedy(options)}"
    within = (some >= low) & (some <= high) if spec.kind == "metric" else np.ones(len(some), np.bool_)
    lost = np.count_nonzero(within & ~((metres >= low) & (metres <= high))) / len(some)
    if lost <= LOST_SHARE:
        return ""
    return f"a factor of {estimate.scale:.3g} would put {lost:.0%} of the picture out of {low:g} to {high:g} m; {_remedy(options)}"


def _remedy(options: PipelineOptions) -> str:
    if options.depth_scale_mode == "range":
        return "check the unit of the range image, and that it is registered to the camera"
    return "check the camera's height (depth.camera_height, or TF)"


def _smoothed(before: ScaleState, new: ScaleEstimate, inverse: bool) -> ScaleState:
    """The first measurement counts alone. A factor is smoothed in the logarithm, because its error is a ratio; a line as such."""
    scale, shift = new.scale, new.shift
    if before.scale is not None and inverse:
        scale, shift = before.scale + _WEIGHT_OF_NEW * (scale - before.scale), before.shift + _WEIGHT_OF_NEW * (shift - before.shift)
    elif before.scale is not None:
        scale = math.exp((1 - _WEIGHT_OF_NEW) * math.log(before.scale) + _WEIGHT_OF_NEW * math.log(scale))
    return ScaleState(scale, shift, new.spread, new.points)


def _floor(prediction: Prediction, space: LabelSpace | None, buffers: BufferPool) -> NDArray[np.bool_] | None:
    """The pixels (H, W) of traversable classes, None where no labels are known."""
    if prediction.labels is None or space is None:
        return None
    traversable = np.zeros((1, 256), np.uint8)
    traversable[0, [c.id for c in space.classes if c.traversable]] = 1
    mask = buffers.array("floor", prediction.labels.shape, np.bool_)
    cv2.LUT(prediction.labels, traversable, dst=mask.view(np.uint8))
    return mask
