"""The way of one camera frame: message -> picture -> pipeline -> messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.encodings import UnknownEncoding
from mtdense_ros.errors import DeviceError, InputError
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline import Pipeline, Results
from mtdense_ros.records import Frame
from mtdense_ros.rectify import rectify
from mtdense_ros.ros.ages import Age, AgeGate
from mtdense_ros.ros.cameras import CameraCache, DistortedCamera, View
from mtdense_ros.ros.capture import Captures
from mtdense_ros.ros.faults import Faults
from mtdense_ros.ros.frame_statistics import Statistics
from mtdense_ros.ros.messages import camera_info_message, make_header, rgb_of, stamp_ns
from mtdense_ros.ros.outputs import Context, Outputs, results_of


@dataclass(frozen=True)
class Arrived:
    """An image message as it came in: its topic, whether that carries rectified images, and when (ns, monotonic)."""

    message: Any
    topic: str
    rectified: bool
    at_ns: int


class FramePath:
    """Takes frames one at a time, in the worker's thread. clock_ns: the ROS clock; serving: whether to publish still."""

    def __init__(
        self,
        pipeline: Pipeline,
        outputs: Outputs,
        cameras: CameraCache,
        faults: Faults,
        statistics: Statistics,
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
        self._clock_ns = clock_ns
        self._ages = AgeGate()

    def take(self, arrived: Arrived) -> None:
        """One frame; what makes it unusable is reported by its own name and costs this frame only."""
        try:
            self._process(arrived)
        except UnknownEncoding as error:
            self._refuse("unknown encoding", arrived.topic, error)
        except DistortedCamera as error:
            self._refuse("distorted camera", arrived.topic, error)
        except InputError as error:
            self._refuse("size mismatch", arrived.topic, error)
        except DeviceError as error:
            self._refuse("GPU lost", arrived.topic, error)

    def _process(self, arrived: Arrived) -> None:
        """From message to messages, in the order of the method."""
        self._watch_clocks(arrived)
        if self._late(arrived):
            return
        watch = _StopWatch()
        rgb = rgb_of(arrived.message)
        view = self._view(arrived, rgb)
        frame = self._frame(arrived, rgb, view)
        watch.lap("decode")
        self._faults.clear("unknown encoding")
        self._offer_capture(frame.rgb)
        heard = self._outputs.heard()
        if not heard:
            self._statistics.count("unheard")
            return
        results = self._pipeline.process(frame, results_of(heard))
        self._report_missing(results)
        watch.lap("pipeline")
        if not self.serving or self._late(arrived):
            return
        self._outputs.publish(heard, results, self._context(frame, view))
        watch.lap("publish")
        self._finish(arrived, {**watch.laps_ms, **results.timings})

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
        late = self._age(arrived).late
        if late:
            self._statistics.count("late")
        return late

    def _view(self, arrived: Arrived, rgb: NDArray[np.uint8]) -> View | None:
        height, width = rgb.shape[:2]
        self.size_hw = (height, width)
        frame_id = arrived.message.header.frame_id
        return self._cameras.view((height, width), frame_id, arrived.rectified, self.parameters.camera_model, self.info_expected)

    def _frame(self, arrived: Arrived, rgb: NDArray[np.uint8], view: View | None) -> Frame:
        header = arrived.message.header
        frame_id = self.parameters.frame_id or header.frame_id
        if view is None:
            return Frame(rgb, stamp_ns(header), frame_id)
        picture = rectify(rgb, view.model) if view.rectify else rgb
        return Frame(picture, stamp_ns(header), frame_id, view.model.intrinsics)

    def _offer_capture(self, rgb: NDArray[np.uint8]) -> None:
        capture = self.captures.offer(rgb)
        if capture is None:
            return
        try:
            self._pipeline.background.capture_median(capture.frames)
        except Exception as error:
            capture.done.set_exception(error)
            raise
        capture.done.set_result(f"reference of {len(capture.frames)} frames, {rgb.shape[1]}x{rgb.shape[0]}")

    def _report_missing(self, results: Results) -> None:
        for name, reason in results.missing.items():
            no_background = name in ("foreground", "foreground_overlay") and not self._pipeline.background.is_set
            self._faults.report("no background" if no_background else "output not available", f"~/{name}: {reason}")

    def _context(self, frame: Frame, view: View | None) -> Context:
        header = make_header(frame.stamp_ns, frame.frame_id)
        info = None if view is None else camera_info_message(view.info, header, view.rectify)
        return Context(header, (frame.rgb.shape[0], frame.rgb.shape[1]), info, self.parameters)

    def _finish(self, arrived: Arrived, stages_ms: dict[str, float]) -> None:
        age = self._age(arrived)
        self._statistics.finish(time.monotonic(), age.arrival_s, age.stamp_s, stages_ms)

    def _refuse(self, fault: str, topic: str, error: Exception) -> None:
        self._statistics.count("refused")
        self._faults.report(fault, f"{topic}: {error}")


class _StopWatch:
    """Laps in ms, by name."""

    def __init__(self) -> None:
        self.laps_ms: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps_ms[name] = (now - self._last) * 1e3
        self._last = now
