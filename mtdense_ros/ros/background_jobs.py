"""The reference frame of one camera as services and messages set it: capture, clear, save, load."""

from __future__ import annotations

from concurrent.futures import Future
from math import inf
from pathlib import Path
from typing import Any

from rclpy.impl.rcutils_logger import RcutilsLogger

from mtdense_ros.datatypes import image_size
from mtdense_ros.errors import ConfigError, DeviceError, EngineError, InputError, MtdenseError
from mtdense_ros.pipeline.background_files import ReferenceFrame
from mtdense_ros.pipeline.blocked_camera import covered
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.registration.reduction import reduced
from mtdense_ros.ros.camera_info import CameraCache
from mtdense_ros.ros.frame_processor import FrameProcessor
from mtdense_ros.ros.messages import rgb_of, stamp_ns
from mtdense_ros.runtime.background_capture import PATIENCE_S
from mtdense_ros.runtime.faults import Faults
from mtdense_ros.runtime.worker import Worker

BACKGROUND_FAULTS = ("no background", "background unusable")


class BackgroundJobs:
    """Requests about a camera's reference frame. Any thread asks; the worker does it between two frames.

    camera is the camera's name, which the file of a named one has at its end; is_rectified: its topic carries rectified images.
    """

    def __init__(
        self,
        camera: str,
        pipeline: Pipeline,
        processor: FrameProcessor,
        infos: CameraCache,
        faults: Faults,
        worker: Worker,
        logger: RcutilsLogger,
        is_rectified: bool,
    ) -> None:
        self._camera = camera
        self._pipeline = pipeline
        self._processor = processor
        self._infos = infos
        self._faults = faults
        self._worker = worker
        self._logger = logger
        self._is_rectified = is_rectified
        processor.recapture = self.recapture

    def capture(self) -> Future[str]:
        """Begins to collect a new reference; answered when its features are cached, failed when no frame comes."""
        if not self._processor.serving:
            raise InputError("background capture: the node is not active or not enabled; activate it, or call ~/enable")
        return self._processor.captures.start(self._processor.parameters.background_seconds)

    def capture_first(self) -> None:
        """Where background.capture_on_start says so and there is no reference, the first frame that shows something becomes it."""
        if self._processor.parameters.background_capture_on_start and not self._pipeline.background.is_set:
            self._capture_unasked("captured at the start", inf)

    def recapture(self) -> None:
        """Takes a new reference, as the answer to a moved camera or another light."""
        self._capture_unasked("captured anew", PATIENCE_S)

    def clear(self) -> Future[Any]:
        """Forgets the reference."""
        return self._worker.submit(self._clear)

    def save(self) -> Future[Any]:
        """Writes the reference to background.path."""
        return self._worker.submit(self._save)

    def load(self) -> Future[Any]:
        """Reads the reference from background.path."""
        return self._worker.submit(self._load)

    def load_first(self, kept: ReferenceFrame | None) -> None:
        """Before the first frame: the reference from background.path, when that is set, else the one that an earlier session kept.

        What is wrong with the file is a fault.
        """
        if self._processor.parameters.background_path:
            try:
                self._logger.info(self._load())
                return
            except InputError as error:
                self._faults.report("background unusable", f"parameter background.path: {error}", lasting=True)
        if kept is not None:
            self.restore(kept)

    def restore(self, kept: ReferenceFrame) -> None:
        """Takes the reference of another session, which these networks encode anew; a fault where they cannot."""
        try:
            self._pipeline.background.restore(kept)
            self._logger.info("the reference frame of before is used again")
        except MtdenseError as error:
            self._faults.report("background unusable", str(error), lasting=True)

    def receive(self, message: Any, topic: str) -> None:
        """Sets the reference frame from a message."""
        self._worker.submit(lambda: self._set(message, topic))

    def _capture_unasked(self, why: str, patience_s: float) -> None:
        """A capture that nobody waits for. A black or covered picture, as cameras send at first, is no reference."""

        def log(done: Future[str]) -> None:
            error = done.exception()
            self._logger.info(f"{self._camera and self._camera + ': '}{error or f'{why}: {done.result()}'}")

        seconds = self._processor.parameters.background_seconds
        self._processor.captures.start(seconds, patience_s, lambda rgb: not covered(reduced(rgb))).add_done_callback(log)

    def _set(self, message: Any, topic: str) -> None:
        try:
            rgb = rgb_of(message, max_pixels=self._processor.parameters.max_image_pixels)
            expected = self._processor.size_hw
            if expected is not None and image_size(rgb) != expected:
                found = f"{rgb.shape[1]}x{rgb.shape[0]}"
                raise InputError(
                    f"background: fields width x height are {found}, expected the camera's {expected[1]}x{expected[0]}; not used"
                )
            frame_id, mode = message.header.frame_id, self._processor.parameters.camera_model
            view = self._infos.view(image_size(rgb), frame_id, self._is_rectified, mode)
            self._pipeline.background.adapt(view.model if view is not None and view.rectify else None)
            self._pipeline.background.capture(rgb, frame_id, stamp_ns(message.header))
            self._faults.clear(*BACKGROUND_FAULTS)
        except (DeviceError, EngineError) as error:
            self._processor.note_failure(topic, error)
        except MtdenseError as error:
            self._faults.report("background unusable", f"{topic}: {error}", lasting=True)
        except Exception as error:  # nobody awaits this job
            self._logger.error(f"{topic}: the reference frame could not be set: {type(error).__name__}: {error}")

    def _clear(self) -> str:
        self._pipeline.background.clear()
        self._faults.clear("background unusable")
        return "no reference frame"

    def _save(self) -> str:
        path = self._path()
        self._pipeline.background.save(path)
        return f"saved {path}"

    def _load(self) -> str:
        path = self._path()
        remark = self._pipeline.background.load(path, self._processor.parameters.max_image_pixels)
        self._faults.clear(*BACKGROUND_FAULTS)
        return f"reference frame loaded from {path}{remark and '; '}{remark}"

    def _path(self) -> Path:
        given = self._processor.parameters.background_path
        if not given:
            raise ConfigError("parameter background.path: is empty; set it to a .png file that save writes and load reads")
        path = Path(given).expanduser()
        return path.with_name(f"{path.stem}_{self._camera}{path.suffix}") if self._camera else path
