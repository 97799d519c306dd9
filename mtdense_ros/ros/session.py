"""What lives from configure to cleanup: the networks, their worker, and the cameras that share both."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Mapping
from concurrent.futures import TimeoutError
from itertools import count, cycle

from rclpy.node import Node

from mtdense_ros.budget.keeper import BudgetKeeper
from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.inference.postprocess import depth_range
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.background_files import ReferenceFrame
from mtdense_ros.pipeline.loading import load_networks
from mtdense_ros.pipeline.navigation import check_obstacle_classes
from mtdense_ros.pipeline.pipeline import Pipeline, PipelineOptions
from mtdense_ros.ros.camera import Camera
from mtdense_ros.ros.frame_processor import FrameProcessor, ReceivedImage
from mtdense_ros.runtime.failure_policy import SILENCE_S, Failure, FailurePolicy
from mtdense_ros.runtime.faults import Faults
from mtdense_ros.runtime.worker import Worker
from mtdense_ros.weights.card import DepthSpec

CLOSE_S = 10.0
"""How long `close` waits for the frame in work, and for networks that are being made."""

REPLACE_S = 10.0
"""How long the frame in work may take until other networks take over."""

FAILED_CLOSE_S = 1.0
"""The same for a session that failed, whose frame may never come out."""


class Session:
    """One set of networks at work on the cameras of these names. All pipelines use the same networks.

    failure: why it is of no use any more, None while it is.
    """

    def __init__(self, node: Node, pipelines: Mapping[str, Pipeline], faults: Faults) -> None:
        self.failure: Failure | None = None
        self._policy = FailurePolicy()
        self._silent = False
        self._pipelines = pipelines
        self._faults = faults
        self._logger = node.get_logger()
        self._context = node.context
        self._traced = False
        self._last_error = ""
        self._retiring: list[threading.Thread] = []
        self._worker = Worker(_take, self._died, "mtdense worker")
        self.budget = BudgetKeeper(pipelines, self._worker.submit, faults, self._logger.info)
        self.cameras: dict[str, Camera] = {}
        of_cameras, numbers = faults.divide(pipelines), count(1)
        try:
            for name, pipeline in pipelines.items():
                self.cameras[name] = Camera(node, name, pipeline, of_cameras[name], self._worker, self.budget, numbers)
        except BaseException:
            self.close()
            raise
        self._turns = cycle(self.cameras.values())

    @property
    def networks(self) -> MultiPredictor:
        """Those in use now."""
        return next(iter(self._pipelines.values())).networks

    def apply(self, parameters: Parameters) -> None:
        """Takes new parameters, from the next frame on. Raises ConfigError, with nothing taken, where they contradict the card."""
        _check(self.networks, parameters)
        for camera in self.cameras.values():
            camera.apply(parameters)
        self.budget.apply(parameters)

    def replace(self, parameters: Parameters) -> None:
        """Puts the networks of these parameters in the place of the present ones, between two frames.

        They are loaded, checked and warmed before. Raises what goes wrong; the present ones then go on.
        """
        networks, _ = load_networks(parameters, self._logger.info)
        try:
            _check(networks, parameters)
            job = self._worker.submit(lambda: self.budget.replace(networks))
            try:
                earlier = job.result(REPLACE_S)
            except TimeoutError:
                if job.cancel():
                    raise InputError(f"the frame in work does not end within {REPLACE_S:g} s, so no other weights take over") from None
                earlier = job.result()
        except BaseException:
            networks.close()
            raise

        def retire() -> None:
            earlier.wait(None)
            earlier.release()

        self._retiring.append(threading.Thread(target=retire, name="mtdense retire", daemon=True))
        self._retiring[-1].start()

    def load_first_backgrounds(self, kept: Mapping[str, ReferenceFrame]) -> None:
        """See BackgroundJobs.load_first, for every camera; kept: by the camera's name."""
        for name, camera in self.cameras.items():
            camera.background.load_first(kept.get(name))

    def references(self) -> dict[str, ReferenceFrame]:
        """The reference frames of the cameras that have one, by name, for a later session."""
        found = {name: camera.pipeline.background.reference for name, camera in self.cameras.items()}
        return {name: reference for name, reference in found.items() if reference is not None}

    def carry_over(self, earlier: Session) -> None:
        """Takes the reference frames of a session that was given up; a fault where these networks cannot."""
        for name, reference in earlier.references().items():
            self.cameras[name].background.restore(reference)

    def open(self) -> None:
        """Lets the cameras subscribe, from the next `refresh` on."""
        for camera in self.cameras.values():
            camera.inputs.open()

    def serve(self) -> None:
        """Lets frames be processed."""
        for camera in self.cameras.values():
            camera.processor.serving = True
            camera.background.capture_first()

    def refresh(self, enabled: bool) -> None:
        """See Camera.refresh, for every camera."""
        for camera in self.cameras.values():
            camera.refresh(enabled)

    def refresh_next(self, enabled: bool) -> None:
        """Camera.refresh for one camera, each in turn: to look for publishers costs an idle node the most, and so it costs no more for
        several cameras."""
        next(self._turns).refresh(enabled)

    def values(self, now_s: float) -> dict[str, dict[str, str]]:
        """For /diagnostics at this time (s, monotonic): what concerns all frames under "", and those of each camera under its name."""
        values: dict[str, dict[str, str]] = {"": {}}
        for name, camera in self.cameras.items():
            measured = {**camera.pipeline.scale.values(camera.pipeline.options), **camera.processor.care.values()}
            values[name] = {**camera.statistics.summary(now_s), **measured}
        values[""] |= {**self.budget.values(), **self._calls()}
        return values

    def _calls(self) -> dict[str, str]:
        """How often the encoder and each head were run."""
        networks, counters = self.networks, self.budget.counters()
        several = len(networks.predictors) > 1
        parts = [
            f"{name} {part}" if several else part
            for name, predictor in networks.predictors.items()
            for part in ("encoder", *predictor.card.outputs)
        ]
        return {f"calls {part}": str(counters[part]) for part in parts}

    def first_output(self) -> tuple[float, float] | None:
        """When the first frame of all was published, and when it had arrived (monotonic s); None before."""
        return min((camera.statistics.first for camera in self.cameras.values() if camera.statistics.first), default=None)

    def tick(self) -> None:
        """Regular upkeep: a capture without frames fails, a dead worker is replaced."""
        for camera in self.cameras.values():
            camera.tick()
        if self._worker.revive():
            again = f"and was started again, {self._worker.restarts} times so far"
            self._faults.report("worker restarted", f"the worker thread died ({self._last_error}) {again}")
            self._policy.died(time.monotonic())
        self._judge_failures(self._worker.busy_s)

    def _judge_failures(self, busy_s: float) -> None:
        """Whether the networks or the worker are to be given up, the present frame being in work for so long."""
        was_silent, self._silent = self._silent, busy_s > SILENCE_S
        if self._silent:
            self._faults.report("engine failed", f"a frame is in work for {busy_s:.1f} s: the engine hangs, or compiles for very long")
        elif was_silent:
            self._faults.clear("engine failed")
        worst = max((camera.processor for camera in self.cameras.values()), key=lambda processor: processor.failed_frames)
        timeout_s = worst.parameters.engine_timeout
        self.failure = self._policy.verdict(worst.failed_frames, worst.failed_by, busy_s, timeout_s, time.monotonic())

    def pause(self) -> None:
        """Publishes nothing more until `serve`. What is in flight is counted as dropped."""
        for camera in self.cameras.values():
            camera.pause()

    def stop(self) -> None:
        """The end of `open` and `serve`; the networks stay loaded."""
        for camera in self.cameras.values():
            camera.inputs.close()
        self.pause()

    def close(self, seconds: float = CLOSE_S) -> None:
        """Ends the worker, then removes the cameras' topics and closes the networks, those too that a budget had made.

        Where a frame or networks are still in work after this time (s, for each), the networks are closed by a thread as soon as
        nothing uses them any more.
        """
        seconds = seconds if self.failure is None else min(seconds, FAILED_CLOSE_S)
        self.pause()
        self.budget.close()
        ended = self._worker.stop(seconds)
        if not ended:
            self._logger.warning("the worker thread is still busy with its last frame; the networks are closed after it")
        if not self.budget.wait(seconds):
            self._logger.warning("networks for the budget are still being prepared; they are closed when they are ready")
            ended = False
        for thread in self._retiring:
            thread.join(seconds)
        for camera in self.cameras.values():
            camera.close()
        self._faults.divide(())
        if ended:
            self._release()
        else:
            threading.Thread(target=self._release, name="mtdense release", daemon=True).start()

    def _release(self) -> None:
        """Closes the networks when no frame is in work and none are being made. What engines still compile would hold up the
        process's end."""
        self._worker.stop(None)
        self.budget.wait(None)
        self.budget.release()

    def _died(self, error: BaseException) -> None:
        if not self._context.ok():  # a signal cut it off in the middle of publishing
            return
        self._last_error = f"{type(error).__name__}: {error}"
        if not self._traced:  # once: an error that comes with every frame would fill the disk
            self._traced = True
            self._logger.error("worker thread died: " + "".join(traceback.format_exception(error)))


def _take(item: tuple[FrameProcessor, ReceivedImage]) -> None:
    processor, image = item
    processor.take(image)


def _check(networks: MultiPredictor, parameters: Parameters) -> None:
    """The parameters must make sense for what the networks give. Raises ConfigError."""
    _check_depth(networks.depth, parameters, PipelineOptions.of(parameters))
    check_obstacle_classes(networks.label_space, parameters.obstacle_classes)


def _check_depth(spec: DepthSpec | None, parameters: Parameters, options: PipelineOptions) -> None:
    """The parameters must make sense for the depth that the networks give: a range that is one, and metres where they are needed."""
    if spec is None:
        return
    mode, kind = options.depth_scale_mode, spec.kind
    if kind == "inverse" and mode == "fixed":
        raise ConfigError("parameter depth.scale_mode: fixed has no shift, which inverse depth needs too; use range or camera_height")
    if kind != "metric" and mode == "none":
        if parameters.depth_encoding == "16UC1":
            raise ConfigError(f"parameter depth.encoding: 16UC1 is millimetres, the depth is {kind}; use 32FC1, or set depth.scale_mode")
        if parameters.depth_min or parameters.depth_max:
            found = f"are metres, the depth is {kind}"
            raise ConfigError(f"parameters depth.min and depth.max: {found}; leave them 0 or set depth.scale_mode")
        return
    low, high = depth_range(spec, options.limits)
    if low >= high:
        raise ConfigError(
            f"parameters depth.min and depth.max: {low:g} to {high:g} m is no range, with the weights' own "
            f"{spec.min_m} to {spec.max_m} m where they are 0; change one of them"
        )
