"""Keeping a session's pipelines to their budget: frames are measured, and what is given up or taken back is put into force."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from fractions import Fraction

from mtdense_ros.budget.controller import Controller
from mtdense_ros.budget.costs import Costs, Sample, Targets
from mtdense_ros.budget.model_swap import Key, ModelSwap, encoded_for
from mtdense_ros.budget.quality_levels import Setting, Situation
from mtdense_ros.budget.reduced_models import smaller_fractions, smaller_precision, variant
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.pipeline.results import EXTRAS, RESULTS, required_outputs
from mtdense_ros.runtime.faults import Faults

Size = tuple[int, int]


@dataclass(frozen=True)
class Demand:
    """What is asked of a camera's frames: the names of RESULTS that are subscribed to, and their (height, width)."""

    subscribed: frozenset[str] = frozenset()
    size_hw: Size = (0, 0)


class BudgetKeeper:
    """`setting`: what is given up now. Without a budget that is nothing, and nothing is measured.

    The pipelines, by the name of their camera, share the networks, and so the budget: frames of all cameras are measured together, and
    all give up the same. Options change with the next frame; other networks are prepared while the present ones work. submit runs a
    job between two frames.
    """

    def __init__(
        self,
        pipelines: Mapping[str, Pipeline],
        submit: Callable[[Callable[[], object]], Future[object]],
        faults: Faults,
        log: Callable[[str], object],
    ) -> None:
        self.setting = Setting()
        self._pipelines = dict(pipelines)
        self._faults = faults
        self._log = log
        self._submit = submit
        self._lock = threading.RLock()
        self._swap = self._new_swap()
        self._parameters = Parameters()
        self._controller: Controller | None = None
        self._demands: dict[str, Demand] = {}
        self._considered: object = None
        self._camera_hw: Size = (0, 0)
        self._wanted, self._reason = Setting(), ""

    def apply(self, parameters: Parameters) -> None:
        """Takes the budget of new parameters, and the pipeline's options as far as the budget leaves them."""
        with self._lock:
            self._parameters, self._considered = parameters, None
            self._lower()
            targets = Targets(parameters.budget_latency_ms, parameters.budget_rate_hz)
            if self._controller is not None and not targets.any:
                self._controller = None
                self._faults.clear("over budget")
                self._want(Setting(), "budget: off")
            elif self._controller is None and targets.any:
                self._controller = Controller(targets)
            elif self._controller is not None and targets != self._controller.targets:
                self._controller.aim(targets, self._controller.levels)

    def observe(self, sample: Sample, setting: Setting, subscribed: Collection[str], camera_hw: Size, camera: str = "") -> None:
        """A camera's frame of (height, width) that was processed under a setting, for these names of RESULTS."""
        with self._lock:
            controller = self._controller
            if controller is None:
                return
            self._demands[camera] = Demand(frozenset(subscribed), camera_hw)
            self._look_around(controller)
            if setting != controller.setting:
                return  # what was decided is not in force yet
            if controller.feed(sample):
                self._want(controller.setting, self._said(controller))
            if controller.over:
                remedy = "raise the budget, subscribe to fewer outputs, or use smaller weights"
                measured = kept(controller.targets, controller.costs)
                self._faults.report("over budget", f"{measured}, with all given up that may be; {remedy}")

    def replace(self, networks: MultiPredictor) -> ModelSwap:
        """Puts networks of other weights into the pipelines, between two frames; the budget begins again, with nothing given up.

        Returns what holds the earlier ones, for `wait` and `release`. An error leaves everything as it was.
        """
        encoded = [(pipeline, encoded_for(pipeline, networks)) for pipeline in self._pipelines.values()]
        with self._lock:
            earlier = self._swap
            earlier.close()
            for pipeline, reference in encoded:
                pipeline.replace(networks, reference)
            self._swap = self._new_swap()
            self.setting = self._wanted = Setting()
            self._controller = None if self._controller is None else Controller(self._controller.targets)
            self._considered = None
            self._lower()
        return earlier

    def forget(self, camera: str) -> None:
        """Nobody asks for this camera's frames any more."""
        with self._lock:
            self._demands.pop(camera, None)

    def values(self) -> dict[str, str]:
        """For /diagnostics: the budget with what was measured, and what is given up for it."""
        with self._lock:
            controller = self._controller
            said = "off" if controller is None else kept(controller.targets, controller.costs)
            return {"budget": said, "budget given up": given_up(self.setting, self._input_size())}

    def counters(self) -> Counter[str]:
        """MultiPredictor.counters of all networks that worked on this session's frames."""
        return self._swap.counters()

    def close(self) -> None:
        """Puts no other networks into force any more."""
        self._swap.close()

    def wait(self, seconds: float | None = 10.0) -> bool:
        """See ModelSwap.wait."""
        return self._swap.wait(seconds)

    def release(self) -> None:
        """See ModelSwap.release."""
        self._swap.release()

    def _new_swap(self) -> ModelSwap:
        return ModelSwap(list(self._pipelines.values()), self._submit, self._make, self._taken, self._failed)

    def _look_around(self, controller: Controller) -> None:
        """Tells the controller what can be given up, when that may have changed."""
        if self._demands == self._considered:
            return
        self._considered = self._demands.copy()
        self._camera_hw = max((demand.size_hw for demand in self._demands.values()), key=lambda hw: hw[0] * hw[1])
        levels = self._situation().levels()
        if tuple(levels) != controller.levels:
            controller.aim(controller.targets, levels)
            self._want(controller.setting, "budget: other outputs or parameters")

    def _situation(self) -> Situation:
        """What can be given up here; a size or dtype that is set by hand stays."""
        own, p = self._swap.own, self._parameters
        subscribed = frozenset[str]().union(*(demand.subscribed for demand in self._demands.values()))
        outputs = {RESULTS[name] for name in subscribed} & set(own.outputs)
        labels = bool(outputs & {"labels", "confidence"})
        labels |= "labels" in own.outputs and any("labels" in EXTRAS.get(name, ()) for name in subscribed)
        turns = 3 if p.budget_rate_hz > 0 else 2
        return Situation(
            labels=labels and p.every_labels < turns,
            normals="normals" in outputs and p.every_normals < turns,
            exact_labels=labels and p.labels_upsampling == "exact",
            precision=smaller_precision(own) if p.precision == "auto" else "",
            fractions=() if p.size else smaller_fractions(own, self._camera_hw),
            latency=p.budget_latency_ms > 0,
            rate=p.budget_rate_hz > 0,
        )

    def _want(self, setting: Setting, reason: str) -> None:
        """Puts a setting into force: at once, or as soon as its networks are ready."""
        self._wanted, self._reason = setting, reason
        if setting.networks == self._swap.in_use:
            self._put()
        self._swap.want(setting.networks)

    def _put(self) -> None:
        changed, self.setting = self._wanted != self.setting, self._wanted
        self._lower()
        if changed:
            self._log(f"{self._reason}; given up now: {given_up(self.setting, self._input_size())}")
        if self._controller is None:
            self._swap.forget()

    def _make(self, own: MultiPredictor, key: Key) -> MultiPredictor:
        with self._lock:
            sets = [outputs for camera, demand in self._demands.items() for outputs in self._output_sets(own, camera, demand)]
        return variant(own, self._parameters, *key, self._camera_hw, sets)

    def _output_sets(self, own: MultiPredictor, camera: str, demand: Demand) -> list[set[str]]:
        return output_sets(demand.subscribed, own, self._pipelines[camera].background.is_set, self._wanted)

    def _lower(self) -> None:
        """Puts the options into force, as far as the setting leaves them."""
        for pipeline in self._pipelines.values():
            pipeline.options = lowered(PipelineOptions.of(self._parameters), self.setting)

    def _taken(self, key: Key) -> None:
        with self._lock:
            if key == self._wanted.networks:
                self._put()

    def _failed(self, key: Key, error: Exception) -> None:
        """Goes on without what cannot be had."""
        with self._lock:
            self._log(f"budget: precision '{key[0]}' at {key[1]:g} of the size cannot be had: {type(error).__name__}: {error}")
            controller = self._controller
            given = () if controller is None else controller.levels[: controller.position]
            newest = next((each for each in reversed(given) if each.kind in ("precision", "size")), None)
            if controller is not None and newest is not None:
                controller.forbid(newest)
                self._want(controller.setting, "budget: without that")

    def _said(self, controller: Controller) -> str:
        return f"budget: {kept(controller.targets, controller.costs)}"

    def _input_size(self) -> str:
        """The input size of the first network in use, such as "192x128"; "" where it is the network's own."""
        if self.setting.fraction == 1:
            return ""
        networks = next(iter(self._pipelines.values())).networks
        first = next(iter(networks.predictors.values()))
        height, width = first.network_size(self._camera_hw)
        return f"{width}x{height}"


def output_sets(subscribed: Collection[str], networks: MultiPredictor, background: bool, setting: Setting) -> list[set[str]]:
    """The outputs that frames are asked for, where these names of RESULTS are subscribed, in turns as the setting says."""

    def obstacle(output: str) -> str:
        made = output in networks.outputs and (background or not networks.needs_background(output))
        return "" if made else "is not made"

    every_turn = required_outputs(subscribed, obstacle, lambda _: True, {}).outputs
    if setting.every == 1:
        return [every_turn]
    labels, normals = {"labels", "confidence"}, {"normals"}
    turns = [every_turn - normals, every_turn - labels]
    return turns if setting.every == 2 else [*turns, every_turn - labels - normals]


def lowered(options: PipelineOptions, setting: Setting) -> PipelineOptions:
    """The options with what a setting gives up, where they did not give up more already."""
    return replace(
        options,
        labels_upsampling="fast" if setting.fast_labels else options.labels_upsampling,
        every_labels=max(options.every_labels, setting.every),
        every_normals=max(options.every_normals, setting.every),
        staggered=setting.every > 1,
    )


def given_up(setting: Setting, input_size: str) -> str:
    """What a setting gives up, in words; input_size is that of the networks, such as "192x128"."""
    parts = []
    if setting.fast_labels:
        parts.append("labels.upsampling fast")
    if setting.precision:
        parts.append(f"precision {setting.precision}")
    if setting.every > 1:
        parts.append(f"labels and normals in turn, each on every {setting.every}{'nd' if setting.every == 2 else 'rd'} frame")
    if setting.fraction < 1:
        parts.append(f"size {input_size}, {Fraction(setting.fraction)} of the sides")
    return ", ".join(parts) or "nothing"


def kept(targets: Targets, costs: Costs | None) -> str:
    """The measured latency and rate, each with its budget."""
    if not targets.any:
        return "off"
    if costs is None:
        return "measuring"
    parts = []
    if targets.latency_ms > 0:
        parts.append(f"latency p90 {costs.latency:.1f} of {targets.latency_ms:g} ms")
    if targets.rate_hz > 0:
        camera = f" (the camera sends {1e3 / costs.period:.1f})" if costs.period > 0 else ""
        parts.append(f"rate {costs.rate_hz:.1f} of {targets.rate_hz:g} Hz{camera}")
    return ", ".join(parts)
