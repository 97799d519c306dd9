"""The way of one camera frame: message -> picture -> pipeline -> messages."""

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
from mtdense_ros.errors import DeviceError, InputError
from mtdense_ros.geometry.camera_model import ray_table, rectify
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.imaging.encodings import MessageBuffers, UnknownEncoding
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.pipeline import RESULTS, Pipeline, Results
from mtdense_ros.ros.camera_info import CameraCache, DistortedCamera, View
from mtdense_ros.ros.messages import camera_info_message, make_header, rgb_of, stamp_ns
from mtdense_ros.ros.publishers import Context, Outputs, results_of
from mtdense_ros.runtime.background_capture import Captures
from mtdense_ros.runtime.faults import Faults
from mtdense_ros.runtime.frame_age import Age, AgeGate
from mtdense_ros.runtime.frame_statistics import Statistics
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.utils.timing import Stopwatch


class NoCamera(InputError):  # noqa: N818
    """Images that are to be rectified, and no camera_info to do it with."""


@dataclass(frozen=True)
class Arrived:
    """An image message as it came in: its topic, whether that carries rectified images, when (ns, monotonic), and its number."""

    message: Any
    topic: str
    rectified: bool
    at_ns: int
    sequence: int = 0


class FramePath:
    """Takes frames one at a time, in the worker's thread. clock_ns: the ROS clock; serving: whether to publish still."""

    def __init__(
        self,
        pipeline: Pipeline,
        outputs: Outputs,
        cameras: CameraCache,
        faults: Faults,
        statistics: Statistics,
        budget: BudgetKeeper,
        clock_ns: Callable[[], int],
    ) -> None:
        self.parameters = Parameters()
        self.serving = False
        self.info_expected = False
        self.captures = Captures()
        self.size_hw: tuple[int, int] | None = None
        self._pipeline = pipeline
        self._outputs = outputs
        self._cameras = cameras
        self._faults = faults
        self._statistics = statistics
        self._budget = budget
        self._clock_ns = clock_ns
        self._ages = AgeGate()
        self._memory = MessageBuffers()

    def take(self, arrived: Arrived) -> None:
        """One frame; what makes it unusable is reported by its own name and costs this frame only."""
        try:
            self._process(arrived)
        except UnknownEncoding as error:
            self._refuse("unknown encoding", arrived.topic, error)
        except DistortedCamera as error:
            self._refuse("distorted camera", arrived.topic, error)
        except NoCamera:  # reported where the camera_info was looked for
            self._statistics.count("refused")
        except InputError as error:
            self._refuse("size mismatch", arrived.topic, error)
        except DeviceError as error:
            self._refuse("GPU lost", arrived.topic, error)

    def _process(self, arrived: Arrived) -> None:
        """From message to messages, in the order of the method."""
        self._watch_clocks(arrived)
        if self._late(arrived):
            return
        watch = Stopwatch()
        rgb = rgb_of(arrived.message, self._memory, self.parameters.max_image_pixels)
        heard = self._outputs.heard()
        view = self._view(arrived, rgb, any(output.needs_camera for output in heard))
        frame = self._frame(arrived, rgb, view)
        watch.lap("decode")
        self._faults.clear("unknown encoding")
        self._offer_capture(frame)
        if not heard:
            self._statistics.count("unheard")
            return
        setting, wanted = self._budget.setting, results_of(heard)
        results = self._pipeline.process(frame, wanted, _rays(view), self._memory)
        self._report_gaps(results, frame, view)
        watch.lap("pipeline")
        if not self.serving:
            return
        late = self._late(arrived)
        if not late:
            self._outputs.publish(heard, results, self._context(frame, view))
            watch.lap("publish")
            self._finish(arrived, {**watch.laps, **results.timings})
        self._budget.observe(_sample(arrived, watch, results), setting, wanted, image_size(frame.rgb))

    def _watch_clocks(self, arrived: Arrived) -> None:
        stamp, clock = stamp_ns(arrived.message.header), self._clock_ns()
        if self._ages.jumped(stamp, clock):
            self._statistics.reset_ages()
            self._faults.clear("clock mismatch")
            self._faults.report("clock jump", f"{arrived.topic}: header.stamp or the clock ran back; ages start anew")
        age = self._age(arrived)
        if age.mismatch:
            self._faults.report(
                "clock mismatch",
                f"{arrived.topic}: header.stamp is {age.stamp_s:.1f} s old, expected 0 to 10 s; "
                "a bag needs use_sim_time and --clock, two hosts need synchronised clocks",
            )

    def _age(self, arrived: Arrived) -> Age:
        waited_ns = time.monotonic_ns() - arrived.at_ns
        p = self.parameters
        return AgeGate.judge(waited_ns, stamp_ns(arrived.message.header), self._clock_ns(), p.max_age, p.max_age_from)

    def _late(self, arrived: Arrived) -> bool:
        """Whether the frame is too old to begin with, or its results to be of use; counted and reported."""
        age, p = self._age(arrived), self.parameters
        if age.late:
            self._statistics.count("late")
            old = age.stamp_s if p.max_age_from == "stamp" else age.arrival_s
            self._faults.report(
                "late frames",
                f"{arrived.topic}: {old:.2f} s old since its {p.max_age_from}, expected max_age {p.max_age:g} s at most; dropped. "
                "Raise max_age, or use a smaller size or fewer outputs",
            )
        return age.late

    def _view(self, arrived: Arrived, rgb: NDArray[np.uint8], needed: bool) -> View | None:
        self.size_hw = image_size(rgb)
        rectifies = self.parameters.camera_model == "rectify" and not arrived.rectified
        if needed or rectifies:
            self._cameras.require(wait=self.info_expected, rectifies=rectifies)
        return self.view_of(rgb, arrived.message.header.frame_id, arrived.rectified)

    def view_of(self, rgb: NDArray[np.uint8], frame_id: str, is_rectified: bool) -> View | None:
        """The camera of an image, None where it is not known. Raises NoCamera where the image is to be rectified with it."""
        mode = self.parameters.camera_model
        view = self._cameras.view(image_size(rgb), frame_id, is_rectified, mode)
        if view is None and mode == "rectify" and not is_rectified:
            raise NoCamera("camera_model is 'rectify' and there is no usable camera_info for this image; publish one, or set it to rays")
        return view

    def _frame(self, arrived: Arrived, rgb: NDArray[np.uint8], view: View | None) -> Frame:
        header = arrived.message.header
        frame_id = self.parameters.frame_id or header.frame_id
        if view is None:
            return Frame(rgb, stamp_ns(header), frame_id)
        return Frame(rectified(rgb, view, self._memory), stamp_ns(header), frame_id, view.model.intrinsics, view.rectify)

    def _offer_capture(self, frame: Frame) -> None:
        capture = self.captures.offer(frame.rgb)
        if capture is None:
            return
        try:
            self._pipeline.background.capture_median(capture.frames, frame.frame_id, frame.stamp_ns, frame.rectified)
        except Exception as error:
            capture.done.set_exception(error)
            raise
        count, (height, width) = len(capture.frames), frame.rgb.shape[:2]
        capture.done.set_result(f"reference frame {width}x{height} of {count} {'frame' if count == 1 else 'frames'}")

    def _report_gaps(self, results: Results, frame: Frame, view: View | None) -> None:
        """What was wanted and could not be made; the lack of a camera was reported with its own reason."""
        for name, reason in results.missing.items():
            if name != "points" or view is not None:
                self._faults.report(self._fault_of(name, frame), f"~/{name}: {reason}")
        for name, reason in results.warnings.items():
            self._faults.report("doubtful output", f"~/{name}: {reason}")

    def _fault_of(self, result: str, frame: Frame) -> str:
        background, size_hw = self._pipeline.background, image_size(frame.rgb)
        if not self._pipeline.networks.needs_background(RESULTS[result]) or not background.mismatch(size_hw, frame.rectified):
            return "output not available"
        return "no background" if background.rgb is None or image_size(background.rgb) == size_hw else "size mismatch"

    def _context(self, frame: Frame, view: View | None) -> Context:
        header = make_header(frame.stamp_ns, frame.frame_id)
        info = None if view is None else camera_info_message(view.info, header, view.rectify)
        return Context(header, (frame.rgb.shape[0], frame.rgb.shape[1]), info, self.parameters, self._memory.part("messages"))

    def _finish(self, arrived: Arrived, stages_ms: dict[str, float]) -> None:
        self._faults.clear("GPU lost")
        age = self._age(arrived)
        self._statistics.finish(time.monotonic(), age.arrival_s, age.stamp_s, stages_ms)

    def _refuse(self, fault: str, topic: str, error: Exception) -> None:
        self._statistics.count("refused")
        self._faults.report(fault, f"{topic}: {error}")


def rectified(rgb: NDArray[np.uint8], view: View | None, buffers: BufferPool | None = None) -> NDArray[np.uint8]:
    """The picture as the outputs show it: rectified where the view says so. Raises InputError when it is of another size."""
    return rectify(rgb, view.model, buffers) if view is not None and view.rectify else rgb


def _sample(arrived: Arrived, watch: Stopwatch, results: Results) -> Sample:
    """What the budget is to know of a frame; one that came out too late to be published took its time, too."""
    work_ms, network_ms = sum(watch.laps.values()), results.timings.get("network", 0.0)
    return Sample(arrived.at_ns * 1e-9, time.monotonic(), arrived.sequence, work_ms, network_ms, len(results) > 0)


def _rays(view: View | None) -> RayTable | None:
    """Where the pixels of a distorted camera look; None leaves it to the intrinsics."""
    if view is None or view.rectify or not view.model.is_distorted:
        return None
    return ray_table(view.model)
