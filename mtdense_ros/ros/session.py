"""What lives from configure to cleanup: the pipeline, its publishers, and the worker that drives it."""

from __future__ import annotations

import time
import traceback
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from rclpy.node import Node

from mtdense_ros.budget.keeper import BudgetKeeper
from mtdense_ros.errors import ConfigError, InputError, MtdenseError
from mtdense_ros.inference.postprocess import depth_range
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.pipeline import Pipeline, PipelineOptions
from mtdense_ros.ros.camera_info import CameraCache
from mtdense_ros.ros.frame_processor import Arrived, FramePath, NoCamera, rectified
from mtdense_ros.ros.messages import rgb_of, stamp_ns
from mtdense_ros.ros.publishers import Outputs
from mtdense_ros.ros.subscriptions import camera_info_topic, is_rectified_topic
from mtdense_ros.runtime.faults import Faults
from mtdense_ros.runtime.frame_statistics import Statistics
from mtdense_ros.runtime.worker import Worker
from mtdense_ros.weights.card import DepthSpec


class Session:
    """One network at work on one camera. The executor's thread deposits and asks; the worker's computes and publishes."""

    def __init__(self, node: Node, pipeline: Pipeline, faults: Faults) -> None:
        self.pipeline = pipeline
        self.outputs = Outputs(node)
        self.cameras = CameraCache(faults, camera_info_topic(node), node.get_logger().warning)
        self.statistics = Statistics()
        self.budget = BudgetKeeper(pipeline, lambda job: self._worker.submit(job), faults, node.get_logger().info)
        clock = node.get_clock()
        self.path = FramePath(pipeline, self.outputs, self.cameras, faults, self.statistics, self.budget, lambda: clock.now().nanoseconds)
        self._received = 0
        self._faults = faults
        self._is_rectified = is_rectified_topic(node.resolve_topic_name("image"))
        self._logger = node.get_logger()
        self._context = node.context
        self._traced = False
        self._last_error = ""
        self._worker: Worker[Arrived] = Worker(self.path.take, self._died, "mtdense worker")

    def receive(self, message: Any, topic: str) -> None:
        """Deposits the newest image."""
        self.statistics.count("received")
        self._received += 1
        if self._worker.put(Arrived(message, topic, is_rectified_topic(topic), time.monotonic_ns(), self._received)):
            self.statistics.count("dropped")

    def receive_background(self, message: Any, topic: str) -> None:
        """Sets the reference frame from a message."""
        self._worker.submit(lambda: self._set_background(message, topic))

    def apply(self, parameters: Parameters) -> None:
        """Takes new parameters, from the next frame on. Raises ConfigError, with nothing taken, where they contradict the card."""
        options = PipelineOptions.of(parameters)
        _check_depth(self.pipeline.networks.depth, parameters, options)
        self.path.parameters = parameters
        self.budget.apply(parameters)

    def capture(self) -> Future[str]:
        """Begins to collect a new reference; answered when its features are cached, failed when no frame comes."""
        if not self.path.serving:
            raise InputError("background capture: the node is not active or not enabled; activate it, or call ~/enable")
        return self.path.captures.start(self.path.parameters.background_seconds)

    def clear_background(self) -> Future[Any]:
        """Forgets the reference."""
        return self._worker.submit(self._clear)

    def save_background(self) -> Future[Any]:
        """Writes the reference to background.path."""
        return self._worker.submit(self._save)

    def load_background(self) -> Future[Any]:
        """Reads the reference from background.path."""
        return self._worker.submit(self._load)

    def counters(self) -> dict[str, str]:
        """How often the encoder and each head were run, for /diagnostics."""
        networks, counters = self.pipeline.networks, self.budget.counters()
        several = len(networks.predictors) > 1
        parts = [
            f"{name} {part}" if several else part
            for name, predictor in networks.predictors.items()
            for part in ("encoder", *predictor.card.outputs)
        ]
        return {f"calls {part}": str(counters[part]) for part in parts}

    def tick(self) -> None:
        """Regular upkeep: a capture without frames fails, a dead worker is replaced."""
        self.path.captures.expire()
        if self._worker.revive():
            again = f"and was started again, {self._worker.restarts} times so far"
            self._faults.report("worker restarted", f"the worker thread died ({self._last_error}) {again}")

    def pause(self) -> None:
        """Publishes nothing more until `path.serving` is set again."""
        self.path.serving = False
        self._worker.discard()
        self.path.captures.abandon("the node was deactivated or disabled")

    def close(self) -> bool:
        """Ends the worker, then removes the publishers; whether nothing uses the networks any more."""
        self.pause()
        self.budget.close()
        ended = self._worker.stop()
        if not ended:
            self._logger.warning("the worker thread is still busy with its last frame")
        if not self.budget.wait():
            self._logger.warning("networks for the budget are still being prepared; they will not be used")
            ended = False
        self.outputs.close()
        return ended

    def release(self) -> None:
        """Closes the networks, those too that a budget had made; after a `close` that said so."""
        self.budget.release()

    def _set_background(self, message: Any, topic: str) -> None:
        try:
            rgb = rgb_of(message, max_pixels=self.path.parameters.max_image_pixels)
            expected = self.path.size_hw
            if expected is not None and rgb.shape[:2] != expected:
                found = f"{rgb.shape[1]}x{rgb.shape[0]}"
                raise InputError(
                    f"background: fields width x height are {found}, expected the camera's {expected[1]}x{expected[0]}; not used"
                )
            view = self.path.view_of(rgb, message.header.frame_id, self._is_rectified)
            straight = view is not None and view.rectify
            self.pipeline.background.capture(rectified(rgb, view), message.header.frame_id, stamp_ns(message.header), straight)
        except NoCamera as error:
            self._faults.report("no camera_info", f"{topic}: {error}")
        except MtdenseError as error:
            self._faults.report("size mismatch", f"{topic}: {error}")
        except Exception as error:  # nobody awaits this job
            self._logger.error(f"{topic}: the reference frame could not be set: {type(error).__name__}: {error}")

    def _clear(self) -> str:
        self.pipeline.background.clear()
        return "no reference frame"

    def _save(self) -> str:
        path = self._path()
        self.pipeline.background.save(path)
        return f"saved {path}"

    def _load(self) -> str:
        path = self._path()
        self.pipeline.background.load(path, self.path.parameters.max_image_pixels)
        return f"loaded {path}"

    def _path(self) -> Path:
        path = self.path.parameters.background_path
        if not path:
            raise ConfigError("parameter background.path: is empty; set it to a .png file that save writes and load reads")
        return Path(path).expanduser()

    def _died(self, error: BaseException) -> None:
        if not self._context.ok():  # a signal cut it off in the middle of publishing
            return
        self._last_error = f"{type(error).__name__}: {error}"
        if not self._traced:  # once: an error that comes with every frame would fill the disk
            self._traced = True
            self._logger.error("worker thread died: " + "".join(traceback.format_exception(error)))


def _check_depth(spec: DepthSpec | None, parameters: Parameters, options: PipelineOptions) -> None:
    """The parameters must make sense for the depth that the networks give: a range that is one, and metres where they are needed."""
    if spec is None:
        return
    if spec.kind == "relative" and options.depth_scale_mode == "none":
        if parameters.depth_encoding == "16UC1":
            raise ConfigError("parameter depth.encoding: 16UC1 is millimetres, the depth is relative; use 32FC1, or set depth.scale_mode")
        if parameters.depth_min or parameters.depth_max:
            raise ConfigError("parameters depth.min and depth.max: are metres, the depth is relative; leave them 0 or set depth.scale_mode")
        return
    low, high = depth_range(spec, options.limits)
    if low >= high:
        raise ConfigError(
            f"parameters depth.min and depth.max: {low:g} to {high:g} m is no range, with the weights' own "
            f"{spec.min_m} to {spec.max_m} m where they are 0; change one of them"
        )
