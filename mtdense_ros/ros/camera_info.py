"""The newest camera_info, and what it says of the images of a given size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sensor_msgs.msg import CameraInfo

from mtdense_ros.errors import InputError
from mtdense_ros.geometry.calibration import Calibration, camera_model_of, is_body_frame
from mtdense_ros.geometry.camera_model import CameraModel, require_undistorted
from mtdense_ros.runtime.faults import Faults


class UnusableCamera(InputError):  # noqa: N818
    """An image that camera_model does not allow without another camera_info. The fault has been reported."""


@dataclass(frozen=True)
class View:
    """A camera as it is used: the message it came from, its model, and whether its images are rectified here."""

    info: CameraInfo
    model: CameraModel
    rectify: bool


class CameraCache:
    """Keeps the newest camera_info; never looks for the one of a frame's stamp, for drivers stamp them differently."""

    def __init__(self, faults: Faults, topic: str, warn: Callable[[str], None]) -> None:
        self._faults = faults
        self._topic = topic
        self._warn = warn
        self._fresh = False
        self._info: CameraInfo | None = None
        self._warned_frames: tuple[str, str] | None = None
        self._checked_frames: set[str] = set()

    def update(self, info: CameraInfo) -> None:
        """Takes a new camera_info."""
        self._info = info
        self._fresh = True

    @property
    def known(self) -> bool:
        """Whether a camera_info has come."""
        return self._info is not None

    @property
    def trusted(self) -> bool:
        """Whether frames need not wait for a newer camera_info to be delivered."""
        return self._fresh

    def trust(self) -> None:
        """What is known, if anything, must do for the frames to come."""
        self._fresh = True

    def distrust(self) -> None:
        """Nobody listens from now on: the next frame that needs a camera_info gives a newer one a moment to be delivered."""
        self._fresh = False

    def require(self, rectifies: bool = False) -> None:
        """Reports the lack of a camera_info."""
        if self._info is not None:
            return
        if rectifies:
            self._faults.report("no camera_info", f"{self._topic}: nothing received; camera_model is 'rectify', so images are refused")
        else:
            lack = "nothing received; no points, and depth assumes the focal length of the weights"
            self._faults.report("no camera_info", f"{self._topic}: {lack}")

    def view(self, size_hw: tuple[int, int], frame_id: str, rectified: bool, mode: str) -> View | None:
        """The camera of an image of this size. None without a usable one; what is wrong with it is reported.

        rectified says whether the topic carries rectified images; mode is the parameter camera_model. Raises UnusableCamera for a distorted
        camera in the mode "refuse", and for a raw image without a camera in the mode "rectify".
        """
        view = self._find(size_hw, frame_id, rectified, mode)
        if view is None and mode == "rectify" and not rectified:
            raise UnusableCamera(
                "camera_model is 'rectify' and there is no usable camera_info for this image; publish one, or set it to rays"
            )
        return view

    def check_frame(self, frame_id: str) -> None:
        """Warns once of each frame of outputs that is by its name none of a camera's image."""
        if frame_id not in self._checked_frames and is_body_frame(frame_id):
            self._warn(
                f"frame_id '{frame_id}' is by its name no optical frame (x right, y down, z forward; REP 103): depth, normals and clouds "
                "would be turned wherever TF is asked; name the optical one in the driver, or by the parameter frame_id"
            )
        self._checked_frames.add(frame_id)

    def _find(self, size_hw: tuple[int, int], frame_id: str, rectified: bool, mode: str) -> View | None:
        info = self._info
        if info is None:
            return None
        calibration = Calibration.of(info)
        if (calibration.height, calibration.width) != size_hw:
            self._faults.report("size mismatch", f"{self._topic}: {_describe_size(info, calibration, size_hw)}")
            return None
        try:
            model = camera_model_of(info, rectified)
        except InputError as error:
            self._faults.report("no camera_info", f"{self._topic}: not used: {error}")
            return None
        if mode == "refuse":
            self._require_undistorted(model)
        self._compare_frames(info.header.frame_id, frame_id)
        return View(info, model, mode == "rectify" and model.is_distorted)

    def _require_undistorted(self, model: CameraModel) -> None:
        try:
            require_undistorted(model)
        except InputError as error:
            self._faults.report("distorted camera", f"{self._topic}: {error}")
            raise UnusableCamera(str(error)) from error

    def _compare_frames(self, info_frame: str, image_frame: str) -> None:
        if info_frame != image_frame and self._warned_frames != (info_frame, image_frame):
            self._warned_frames = (info_frame, image_frame)
            self._warn(f"{self._topic}: header.frame_id is '{info_frame}', expected the image's '{image_frame}'; outputs carry the image's")


def _describe_size(info: CameraInfo, calibration: Calibration, size_hw: tuple[int, int]) -> str:
    reduced = (calibration.width, calibration.height) != (info.width, info.height)
    found = f"fields width x height are {info.width}x{info.height}"
    found += f", roi and binning leave {calibration.width}x{calibration.height}" if reduced else ""
    return f"{found}, expected the image's {size_hw[1]}x{size_hw[0]}; not used until the driver sends the camera_info of this image"
