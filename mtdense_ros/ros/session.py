"""What lives from configure to cleanup: the pipeline, its publishers, and the worker that drives it."""

from __future__ import annotations

import threading
import time
import traceback
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from rclpy.node import Node

from mtdense_ros.budget.keeper import BudgetKeeper
from mtdense_ros.datatypes import image_size
from mtdense_ros.errors import ConfigError, DeviceError, InputError, MtdenseError
from mtdense_ros.geometry.calibration import is_rectified_topic
from mtdense_ros.inference.postprocess import depth_range
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.pipeline import Pipeline, PipelineOptions
from mtdense_ros.ros.camera_info import CameraCache
from mtdense_ros.ros.frame_processor import FrameProcessor, ReceivedImage, rectified
from mtdense_ros.ros.messages import rgb_of, stamp_ns
from mtdense_ros.ros.publishers import Publishers
from mtdense_ros.ros.subscriptions import camera_info_topic
from mtdense_ros.runtime.faults import Faults
from mtdense_ros.runtime.frame_statistics import Statistics
from mtdense_ros.runtime.worker import Worker
from mtdense_ros.weights.card import DepthSpec

BACKGROUND_FAULTS = ("no background", "background unusable")

CLOSE_S = 10.0
"""How long `close` waits for the frame in work, and for networks that are being made."""


class Session:
    """One network at work on one camera. The executor's thread deposits and asks; the worker's computes and publishes."""

    def __init__(self, node: Node, pipeline: Pipeline, faults: Faults) -> None:
        self.pipeline = pipeline
        self.publishers = Publishers(node)
        self.cameras = CameraCache(faults, camera_info_topic(node), node.get_logger().warning)
        self.statistics = Statistics()
        self.budget = BudgetKeeper(pipeline, lambda job: self._worker.submit(job), faults, node.get_logger().info)
        clock = node.get_clock()
        self.processor = FrameProcessor(
            pipeline, self.publishers, self.cameras, faults, self.statistics, self.budget, lambda: clock.now().nanoseconds
        )
        self._received = 0
        self._faults = faults
        self._is_rectified = is_rectified_topic(node.resolve_topic_name("image"))
        self._logger = node.get_logger()
        self._context = node.context
        self._traced = False
        self._last_error = ""
        self._worker = Worker(self.processor.take, self._died, "mtdense worker")

    def receive(self, message: Any, topic: str) -> None:
        """Deposits the newest image."""
        self.statistics.count("received")
        self._received += 1
        if self._worker.put(ReceivedImage(message, topic, is_rectified_topic(topic), time.monotonic_ns(), self._received)):
            self.statistics.count("dropped")

    def receive_background(self, message: Any, topic: str) -> None:
        """Sets the reference frame from a message."""
        self._worker.submit(lambda: self._set_background(message, topic))

    def apply(self, parameters: Parameters) -> None:
        """Takes new parameters, from the next frame on. Raises ConfigError, with nothing taken, where they contradict the card."""
        options = PipelineOptions.of(parameters)
        _check_depth(self.pipeline.networks.depth, parameters, options)
        before, self.processor.parameters = self.processor.parameters, parameters
        self.budget.apply(parameters)
        if parameters.camera_model != before.camera_model:
            self._faults.clear("distorted camera")
        if (parameters.max_age, parameters.max_age_from) != (before.max_age, before.max_age_from):
            self._faults.clear("late frames")

    def capture(self) -> Future[str]:
        """Begins to collect a new reference; answered when its features are cached, failed when no frame comes."""
        if not self.processor.serving:
            raise InputError("background capture: the node is not active or not enabled; activate it, or call ~/enable")
        return self.processor.captures.start(self.processor.parameters.background_seconds)

    def clear_background(self) -> Future[Any]:
        """Forgets the reference."""
        return self._worker.submit(self._clear)

    def save_background(self) -> Future[Any]:
        """Writes the reference to background.path."""
        return self._worker.submit(self._save)

    def load_background(self) -> Future[Any]:
        """Reads the reference from background.path."""
        return self._worker.submit(self._load)

    def load_first_background(self) -> None:
        """Reads the reference from background.path, when that is set, before the first frame. What is wrong with it is a fault."""
        if not self.processor.parameters.background_path:
            return
        try:
            self._logger.info(self._load())
        except InputError as error:
            self._faults.report("background unusable", f"parameter background.path: {error}", lasting=True)

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
        self.processor.captures.expire()
        if self._worker.revive():
            again = f"and was started again, {self._worker.restarts} times so far"
            self._faults.report("worker restarted", f"the worker thread died ({self._last_error}) {again}")

    def pause(self) -> None:
        """Publishes nothing more until `processor.serving` is set again. What is in flight is counted as dropped."""
        self.processor.serving = False
        if self._worker.discard():
            self.statistics.count("dropped")
        self.processor.captures.abandon("the node was deactivated or disabled")

    def close(self, seconds: float = CLOSE_S) -> None:
        """Ends the worker, then removes the publishers and closes the networks, those too that a budget had made.

        Where a frame or networks are still in work after this time (s, for each), the networks are closed by a thread as soon as
        nothing uses them any more.
        """
        self.pause()
        self.budget.close()
        ended = self._worker.stop(seconds)
        if not ended:
            self._logger.warning("the worker thread is still busy with its last frame; the networks are closed after it")
        if not self.budget.wait(seconds):
            self._logger.warning("networks for the budget are still being prepared; they are closed when they are ready")
            ended = False
        self.publishers.close()
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

    def _set_background(self, message: Any, topic: str) -> None:
        try:
            rgb = rgb_of(message, max_pixels=self.processor.parameters.max_image_pixels)
            expected = self.processor.size_hw
            if expected is not None and image_size(rgb) != expected:
                found = f"{rgb.shape[1]}x{rgb.shape[0]}"
                raise InputError(
                    f"background: fields width x height are {found}, expected the camera's {expected[1]}x{expected[0]}; not used"
                )
            frame_id, mode = message.header.frame_id, self.processor.parameters.camera_model
            view = self.cameras.view(image_size(rgb), frame_id, self._is_rectified, mode)
            straight = view is not None and view.rectify
            self.pipeline.background.capture(rectified(rgb, view), frame_id, stamp_ns(message.header), straight)
            self._faults.clear(*BACKGROUND_FAULTS)
        except DeviceError as error:
            self._faults.report("GPU lost", f"{topic}: {error}")
        except MtdenseError as error:
            self._faults.report("background unusable", f"{topic}: {error}", lasting=True)
        except Exception as error:  # nobody awaits this job
            self._logger.error(f"{topic}: the reference frame could not be set: {type(error).__name__}: {error}")

    def _clear(self) -> str:
        self.pipeline.background.clear()
        self._faults.clear("background unusable")
        return "no reference frame"

    def _save(self) -> str:
        path = self._path()
        self.pipeline.background.save(path)
        return f"saved {path}"

    def _load(self) -> str:
        path = self._path()
        remark = self.pipeline.background.load(path, self.processor.parameters.max_image_pixels)
        self._faults.clear(*BACKGROUND_FAULTS)
        return f"reference frame loaded from {path}{remark and '; '}{remark}"

    def _path(self) -> Path:
        path = self.processor.parameters.background_path
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
