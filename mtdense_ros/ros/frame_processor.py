"""What is done with one camera frame: message -> picture -> pipeline -> messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.budget.costs import Sample
from mtdense_ros.budget.keeper import BudgetKeeper
from mtdense_ros.datatypes import Frame, image_size
from mtdense_ros.errors import DeviceError, EngineError, InputError
from mtdense_ros.geometry.camera_model import ray_table, rectify
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.imaging.compressed import BadImage
from mtdense_ros.imaging.encodings import MessageBuffers, UnknownEncoding
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline import background_care
from mtdense_ros.pipeline.background_care import BackgroundCare, CareSettings
from mtdense_ros.pipeline.pipeline import RESULTS, Pipeline, Results
from mtdense_ros.pipeline.results import METRIC
from mtdense_ros.ros.camera_info import CameraCache, UnusableCamera, View
from mtdense_ros.ros.messages import camera_info_message, make_header, rgb_of, stamp_ns
from mtdense_ros.ros.publishers import Context, Output, Publishers, results_of
from mtdense_ros.ros.scale_inputs import SCALE_FAULTS, ScaleInputs
from mtdense_ros.runtime.background_capture import Captures
from mtdense_ros.runtime.faults import Faults
from mtdense_ros.runtime.frame_statistics import Statistics
from mtdense_ros.runtime.staleness import Age, ClockWatch
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.utils.timing import Stopwatch

CAMERA_FAULTS = ("size mismatch", "no camera_info", "distorted camera")


@dataclass(frozen=True)
class ReceivedImage:
    """An image message, its topic, whether that carries rectified images, when it arrived (ns, monotonic), and its number."""

    message: Any
    topic: str
    rectified: bool
    at_ns: int
    sequence: int = 0

    @property
    def stamp_ns(self) -> int:
        """The stamp of its header."""
        return stamp_ns(self.message.header)


class FrameProcessor:
    """Processes one frame at a time, in the worker's thread. While `serving` is False it publishes nothing.

    camera is the camera's name; clock_ns returns the time of the ROS clock. failed_frames: those since the last published one that
    the engine failed on, the last of them under the fault failed_by; a background counts too.
    recapture is called when a new reference is due.
    """

    def __init__(
        self,
        camera: str,
        pipeline: Pipeline,
        publishers: Publishers,
        cameras: CameraCache,
        scale_inputs: ScaleInputs,
        faults: Faults,
        statistics: Statistics,
        budget: BudgetKeeper,
        clock_ns: Callable[[], int],
    ) -> None:
        self.parameters = Parameters()
        self.serving = False
        self.captures = Captures()
        self.care = BackgroundCare(pipeline.background)
        self.recapture: Callable[[], object] = lambda: None
        self.size_hw: tuple[int, int] | None = None
        self.failed_frames = 0
        self.failed_by = ""
        self._camera_name = camera
        self._pipeline = pipeline
        self._publishers = publishers
        self._cameras = cameras
        self._scale_inputs = scale_inputs
        self._faults = faults
        self._statistics = statistics
        self._budget = budget
        self._clock_ns = clock_ns
        self._clocks = ClockWatch()
        self._memory = MessageBuffers()
        self._gaps: dict[str, str] = {}
        self._doubtful: set[str] = set()

    def take(self, image: ReceivedImage) -> None:
        """Processes one frame. What makes it unusable is reported by its own name, and costs this frame only.

        Every frame is counted under exactly one outcome, whatever is raised.
        """
        outcome = "refused"
        try:
            outcome = self._process(image)
        except UnusableCamera:  # reported where the camera_info was judged
            pass
        except UnknownEncoding as error:
            self._faults.report("unknown encoding", f"{image.topic}: {error}")
        except BadImage as error:
            self._faults.report("bad image", f"{image.topic}: {error}")
        except InputError as error:
            self._faults.report("output not available", f"{image.topic}: {error}")
        except (DeviceError, EngineError) as error:
            self.note_failure(image.topic, error)
        finally:
            self._statistics.count(outcome)

    def _process(self, image: ReceivedImage) -> str:
        """From message to messages, in the order of the method. Returns the frame's outcome."""
        age = self._age(image)
        self._watch_clocks(image, age)
        if self._stale(image, age):
            return "late"
        watch = Stopwatch()
        rgb = self._decode(image)
        subscribed = self._publishers.subscribed()
        view = self._camera(image, rgb, subscribed)
        frame = self._frame(image, rgb, view)
        self._pipeline.background.adapt(view.model if view is not None and view.rectify else None)
        watch.lap("decode")
        self._offer_capture(rgb, frame)
        self._take_care(image, rgb)
        watch.lap("background")
        if not subscribed:
            return "unheard"
        setting, wanted = self._budget.setting, results_of(subscribed)
        results = self._pipeline.process(frame, wanted, _rays(view), self._memory)
        self._report_gaps(wanted, results, frame, view)
        watch.lap("pipeline")
        if not self.serving:
            return "dropped"
        stale = self._stale(image, self._age(image))
        if not stale:
            self._publishers.publish(subscribed, results, self._context(frame, view))
            watch.lap("publish")
            self._note_published(image, {**watch.laps, **results.timings})
        self._budget.observe(_sample(image, watch, results), setting, wanted, image_size(frame.rgb), self._camera_name)
        return "late" if stale else "processed"

    def _decode(self, image: ReceivedImage) -> NDArray[np.uint8]:
        """The picture. Raises UnknownEncoding and BadImage."""
        try:
            rgb = rgb_of(image.message, self._memory, self.parameters.max_image_pixels)
        except UnknownEncoding:
            raise
        except InputError as error:
            raise BadImage(str(error)) from error
        self._faults.clear("unknown encoding", "bad image")
        return rgb

    def _age(self, image: ReceivedImage) -> Age:
        return Age.of(time.monotonic_ns() - image.at_ns, image.stamp_ns, self._clock_ns())

    def _watch_clocks(self, image: ReceivedImage, age: Age) -> None:
        if self._clocks.jumped(image.stamp_ns, self._clock_ns()):
            self._statistics.reset_ages()
            self._pipeline.forget_scene()
            self._scale_inputs.forget()
            self._faults.report("clock jump", f"{image.topic}: header.stamp or the clock ran back; ages are counted from here")
        if age.mismatch:
            self._faults.report(
                "clock mismatch",
                f"{image.topic}: header.stamp is {age.stamp_s:.1f} s old, expected 0 to 10 s; "
                "a bag needs use_sim_time and --clock, two hosts need synchronised clocks",
            )
        else:
            self._faults.clear("clock mismatch")

    def _stale(self, image: ReceivedImage, age: Age) -> bool:
        """Whether the frame is too old to begin with, or its results too old to be of use, which is reported."""
        max_age, source = self.parameters.max_age, self.parameters.max_age_from
        stale = age.is_stale(max_age, source)
        if stale:
            self._faults.report(
                "late frames",
                f"{image.topic}: {age.since(source):.2f} s old since its {source}, expected max_age {max_age:g} s at most; dropped. "
                "Raise max_age, or use a smaller size or fewer outputs",
            )
        return stale

    def _camera(self, image: ReceivedImage, rgb: NDArray[np.uint8], subscribed: tuple[Output, ...]) -> View | None:
        """The camera of an image, None where it is not known. Raises UnusableCamera."""
        self.size_hw = image_size(rgb)
        mode = self.parameters.camera_model
        rectifies = mode == "rectify" and not image.rectified
        spatial = any(output.needs_camera for output in subscribed)
        if spatial:
            self._cameras.check_frame(self.parameters.frame_id or image.message.header.frame_id)
        with self._faults.judging(*CAMERA_FAULTS):
            if rectifies or spatial:
                self._cameras.require(rectifies)
            return self._cameras.view(self.size_hw, image.message.header.frame_id, image.rectified, mode)

    def _frame(self, image: ReceivedImage, rgb: NDArray[np.uint8], view: View | None) -> Frame:
        frame_id = self.parameters.frame_id or image.message.header.frame_id
        reference = self._scale_inputs.reference(self.parameters, image.stamp_ns, frame_id, image_size(rgb), view)
        if view is None:
            return Frame(rgb, image.stamp_ns, frame_id, reference=reference)
        return Frame(rectified(rgb, view, self._memory), image.stamp_ns, frame_id, view.model.intrinsics, view.rectify, reference)

    def _offer_capture(self, rgb: NDArray[np.uint8], frame: Frame) -> None:
        """Shows a raw image to the capture under way, if any."""
        capture = self.captures.offer(rgb)
        if capture is None:
            return
        try:
            self._pipeline.background.capture_median(capture.frames, frame.frame_id, frame.stamp_ns)
        except Exception as error:
            capture.done.set_exception(error)
            raise
        self._faults.clear("no background", "background unusable")
        count, (height, width) = len(capture.frames), frame.rgb.shape[:2]
        capture.done.set_result(f"reference frame {width}x{height} of {count} {'frame' if count == 1 else 'frames'}")

    def _take_care(self, image: ReceivedImage, rgb: NDArray[np.uint8]) -> None:
        """Looks, now and then, whether the camera and the light are as they were when the background was taken."""
        settings = CareSettings.of(self.parameters)
        report = self.care.observe(rgb, image.stamp_ns, image.at_ns * 1e-9, settings)
        if report is None:
            return
        with self._faults.judging(*background_care.FAULTS):
            for fault, message in report.faults.items():
                self._faults.report(fault, f"{image.topic}: {message}")
        if report.recapture and not self.captures.active:
            self.recapture()

    def _report_gaps(self, wanted: frozenset[str], results: Results, frame: Frame, view: View | None) -> None:
        """What was wanted and could not be made, or is doubtful; and the end of what was so before.

        A result that is not due on this frame says nothing, so each result keeps its fault until it is made or no longer wanted.
        """
        named = {*self._report_named(results), self._pipeline.background.suspended}
        before = set(self._gaps.values())
        self._gaps = {name: fault for name, fault in self._gaps.items() if name in wanted and name not in results}
        for name, reason in results.missing.items():
            if reason in named:
                self._gaps.pop(name, None)
            # the lack of a camera was reported with its own reason, and so was what has a name of its own
            if (name not in METRIC or view is not None) and reason not in named:
                self._gaps[name] = self._fault_of(name, frame)
                self._faults.report(self._gaps[name], f"{self._publishers.topic(name)}: {reason}")
        self._faults.clear(*(before - set(self._gaps.values())))
        doubtful_before = self._doubtful
        doubts = {name: reason for name, reason in results.warnings.items() if reason not in named}
        self._doubtful = {name for name in self._doubtful if name in wanted and name not in results} | set(doubts)
        for name, reason in doubts.items():
            self._faults.report("doubtful output", f"{self._publishers.topic(name)}: {reason}")
        if doubtful_before and not self._doubtful:
            self._faults.clear("doubtful output")

    def _report_named(self, results: Results) -> set[str]:
        """Reports what the pipeline found by the names that it gave, and the end of what it did not find. Returns the messages."""
        with self._faults.judging(*SCALE_FAULTS):
            for name, message in results.faults.items():
                if not self._scale_inputs.tolerates(name):
                    self._faults.report(name, message)
        return set(results.faults.values())

    def _fault_of(self, result: str, frame: Frame) -> str:
        background = self._pipeline.background
        if not self._pipeline.networks.needs_background(RESULTS[result]) or not background.mismatch(image_size(frame.rgb), frame.rectified):
            return "output not available"
        return "background unusable" if background.is_set else "no background"

    def _context(self, frame: Frame, view: View | None) -> Context:
        header = make_header(frame.stamp_ns, frame.frame_id)
        info = None if view is None else camera_info_message(view.info, header, view.rectify)
        space = self._pipeline.networks.label_space
        return Context(header, image_size(frame.rgb), info, self.parameters, space, self._memory.part("messages"))

    def note_failure(self, topic: str, error: DeviceError | EngineError) -> None:
        """The engine failed on a message of this topic."""
        self.failed_by = "GPU lost" if isinstance(error, DeviceError) else "engine failed"
        self.failed_frames += 1
        self._faults.report(self.failed_by, f"{topic}: {error}")

    def _note_published(self, image: ReceivedImage, stages_ms: dict[str, float]) -> None:
        if self.failed_frames:
            self.failed_frames = 0
            self._faults.clear("GPU lost", "engine failed")
        age = self._age(image)
        self._statistics.published(time.monotonic(), age.arrival_s, age.stamp_s, stages_ms)


def rectified(rgb: NDArray[np.uint8], view: View | None, buffers: BufferPool | None = None) -> NDArray[np.uint8]:
    """The picture as the outputs show it: rectified where the view says so. Raises InputError when it is of another size."""
    return rectify(rgb, view.model, buffers) if view is not None and view.rectify else rgb


def _sample(image: ReceivedImage, watch: Stopwatch, results: Results) -> Sample:
    """What the budget must know of a frame; one that came out too late to be published took its time, too."""
    work_ms, network_ms = sum(watch.laps.values()), results.timings.get("network", 0.0)
    return Sample(image.at_ns * 1e-9, time.monotonic(), image.sequence, work_ms, network_ms, len(results) > 0)


def _rays(view: View | None) -> RayTable | None:
    """Where the pixels of a distorted camera look; None leaves it to the intrinsics."""
    if view is None or view.rectify or not view.model.is_distorted:
        return None
    return ray_table(view.model)
