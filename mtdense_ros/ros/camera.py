"""One camera of the node: all that is its own, from its topics to its background."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from mtdense_ros.budget.keeper import BudgetKeeper
from mtdense_ros.geometry.calibration import is_rectified_topic
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.pipeline.results import OF_DEPTH
from mtdense_ros.ros.background_jobs import BackgroundJobs
from mtdense_ros.ros.camera_info import CameraCache
from mtdense_ros.ros.camera_inputs import CameraInputs
from mtdense_ros.ros.frame_processor import FrameProcessor, ReceivedImage
from mtdense_ros.ros.publishers import Publishers
from mtdense_ros.ros.scale_inputs import SCALE_FAULTS, ScaleInputs
from mtdense_ros.ros.subscriptions import camera_info_topic
from mtdense_ros.runtime.faults import Faults
from mtdense_ros.runtime.frame_statistics import Statistics
from mtdense_ros.runtime.worker import Worker

FIRST_INFO_S = 0.25
"""How long the first frame waits for its camera_info, which may be delivered after it."""


class Camera:
    """A camera with the topics `NAME/image` and `~/NAME/labels`, or `image` and `~/labels` where it has no name.

    The executor's thread deposits its frames and asks; the worker, which all cameras share, computes and publishes. numbers counts
    the frames of all cameras.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        pipeline: Pipeline,
        faults: Faults,
        worker: Worker,
        budget: BudgetKeeper,
        numbers: Iterator[int],
    ) -> None:
        prefix, logger, clock = topic_prefix(name), node.get_logger(), node.get_clock()
        self.name = name
        self.pipeline = pipeline
        self.faults = faults
        self.statistics = Statistics()
        self.publishers = Publishers(node, prefix)
        self.infos = CameraCache(faults, camera_info_topic(node, prefix), logger.warning)
        self.scale_inputs = ScaleInputs(node, prefix)
        self.processor = FrameProcessor(
            name,
            pipeline,
            self.publishers,
            self.infos,
            self.scale_inputs,
            faults,
            self.statistics,
            budget,
            lambda: clock.now().nanoseconds,
        )
        is_rectified = is_rectified_topic(node.resolve_topic_name(f"{prefix}image"))
        self.background = BackgroundJobs(name, pipeline, self.processor, self.infos, faults, worker, logger, is_rectified)
        self.inputs = CameraInputs(node, prefix, self.infos, faults, self.receive, self.receive_info, self.background.receive)
        self._worker = worker
        self._budget = budget
        self._numbers = numbers
        self._info_published = False
        self._held: ReceivedImage | None = None
        self._held_until_s = 0.0

    def receive(self, message: Any, topic: str) -> None:
        """Deposits the newest image."""
        self.statistics.count("received")
        image = ReceivedImage(message, topic, is_rectified_topic(topic), time.monotonic_ns(), next(self._numbers))
        if self._must_wait():
            self._hold(image)
        else:
            self._deposit(image)

    def receive_info(self, message: CameraInfo, _: str = "") -> None:
        """Takes a camera_info, and lets the frame go on that waited for it."""
        self.infos.update(message)
        self._release()

    def apply(self, parameters: Parameters) -> None:
        """Takes new parameters, from the next frame on."""
        before, self.processor.parameters = self.processor.parameters, parameters
        if parameters.camera_model != before.camera_model:
            self.faults.clear("distorted camera")
        if (parameters.max_age, parameters.max_age_from) != (before.max_age, before.max_age_from):
            self.faults.clear("late frames")
        if parameters.depth_scale_mode != before.depth_scale_mode:
            self.faults.clear(*SCALE_FAULTS)

    def refresh(self, enabled: bool) -> None:
        """Makes, changes or removes the subscriptions as subscribers, publishers and parameters demand. enabled: frames are processed."""
        subscribed = self.publishers.subscribed()
        wanted = enabled and (bool(subscribed) or self.processor.captures.active)
        if not wanted:
            self._budget.forget(self.name)
        self._info_published = self.inputs.update(self.processor.parameters, enabled, wanted)
        depth_wanted = enabled and any(output.result in OF_DEPTH for output in subscribed)
        self.scale_inputs.update(self.processor.parameters, depth_wanted)

    def tick(self) -> None:
        """Regular upkeep: a capture without frames fails, and a frame waits for its camera_info no longer than FIRST_INFO_S."""
        self.processor.captures.expire()
        if self._held is not None and time.monotonic() >= self._held_until_s:
            self.infos.trust()
            self._release()

    def pause(self) -> None:
        """Publishes nothing more until `processor.serving` is set again. What is in flight is counted as dropped."""
        self.processor.serving = False
        waited, self._held = self._held is not None, None
        if self._worker.discard(self.name) or waited:
            self.statistics.count("dropped")
        self.processor.captures.abandon("the node was deactivated or disabled")
        self.scale_inputs.close()

    def close(self) -> None:
        """Removes subscriptions and publishers."""
        self.inputs.close()
        self.scale_inputs.close()
        self.publishers.close()

    def _must_wait(self) -> bool:
        """Whether a frame needs a camera_info that is published and may be delivered after it. Here, as the worker serves all cameras."""
        if self.infos.trusted or not self._info_published:
            return False
        rectifies = self.processor.parameters.camera_model == "rectify"
        return rectifies or any(output.needs_camera for output in self.publishers.subscribed())

    def _hold(self, image: ReceivedImage) -> None:
        """Keeps the newest frame until `receive_info` comes, or since the first one FIRST_INFO_S have passed."""
        if self._held is None:
            self._held_until_s = time.monotonic() + FIRST_INFO_S
        else:
            self.statistics.count("dropped")
        self._held = image

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._deposit(held)

    def _deposit(self, image: ReceivedImage) -> None:
        if self._worker.put((self.processor, image), self.name):
            self.statistics.count("dropped")


def topic_prefix(camera: str) -> str:
    """What stands before a camera's topics, below the node's namespace or name: "front/"; nothing for the unnamed one."""
    return f"{camera}/" if camera else ""
