"""The reference frame of one camera as services and messages set it: capture, clear, save, load."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

from rclpy.impl.rcutils_logger import RcutilsLogger

from mtdense_ros.datatypes import image_size
from mtdense_ros.errors import ConfigError, DeviceError, EngineError, InputError, MtdenseError
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.ros.camera_info import CameraCache
from mtdense_ros.ros.frame_processor import FrameProcessor, rectified
from mtdense_ros.ros.messages import rgb_of, stamp_ns
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

    def capture(self) -> Future[str]:
        """Begins to collect a new reference; answered when its features are cached, failed when no frame comes."""
        if not self._processor.serving:
            raise InputError("background capture: the node is not active or not enabled; activate it, or call ~/enable")
        return self._processor.captures.start(self._processor.parameters.background_seconds)

    def clear(self) -> Future[Any]:
        """Forgets the reference."""
        return self._worker.submit(self._clear)

    def save(self) -> Future[Any]:
        """Writes the reference to background.path."""
        return self._worker.submit(self._save)

    def load(self) -> Future[Any]:
        """Reads the reference from background.path."""
        return self._worker.submit(self._load)

    def load_first(self) -> None:
        """Reads the reference from background.path, when that is set, before the first frame. What is wrong with it is a fault."""
        if not self._processor.parameters.background_path:
            return
        try:
            self._logger.info(self._load())
        except InputError as error:
            self._faults.report("background unusable", f"parameter background.path: {error}", lasting=True)

    def receive(self, message: Any, topic: str) -> None:
        """Sets the reference frame from a message."""
        self._worker.submit(lambda: self._set(message, topic))

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
            straight = view is not None and view.rectify
            self._pipeline.background.capture(rectified(rgb, view), frame_id, stamp_ns(message.header), straight)
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
