"""sensor_msgs/CameraInfo -> the camera of the images that belong to it: the rules of ROS for topics, K or P, binning and ROI.

Messages are taken by their fields, so that those of rclpy and those that are read from a bag serve alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.geometry.camera_model import CameraModel


def camera_info_topic(image_topic: str) -> str:
    """The topic of the camera_info that belongs to an image topic: its sibling of that name."""
    return image_topic.removesuffix("/compressed").rpartition("/")[0] + "/camera_info"


def is_rectified_topic(image_topic: str) -> bool:
    """Whether a topic's name says, as usual in ROS, that its images are rectified: image_rect, image_rect_color ..."""
    return "rect" in image_topic.removesuffix("/compressed").rpartition("/")[2].split("_")


def is_body_frame(frame_id: str) -> bool:
    """Whether a frame's name says that it is not optical: x forward, y left, z up (REP 103, REP 105) instead of x right, y down, z forward.

    Drivers call both frames of a camera by one stem, camera_link or camera_frame and camera_optical_frame. Any other name says nothing.
    """
    name = frame_id.strip("/").rpartition("/")[2]
    if "optical" in name:
        return False
    return name in ("map", "odom", "world", "earth") or name.startswith("base_") or name.endswith(("_link", "_frame", "_body"))


@dataclass(frozen=True)
class Calibration:
    """Size (pixels), K (9 numbers) and P (12 numbers), row by row, of the images as they are sent.

    A CameraInfo describes the sensor at full resolution, and which part of it is sent (roi) in which pixels (binning).
    """

    width: int
    height: int
    k: tuple[float, ...]
    p: tuple[float, ...]

    @classmethod
    def of(cls, info: Any) -> Calibration:
        """The calibration after the region of interest and binning, by the rules of image_geometry::PinholeCameraModel.

        A roi of size 0 is the full image, a binning of 0 is 1. The offset is subtracted from the principal point, then focal
        lengths, principal point and the translation in P are divided by the binning.
        """
        bin_x, bin_y, roi = max(1, int(info.binning_x)), max(1, int(info.binning_y)), info.roi
        left, top = int(roi.x_offset), int(roi.y_offset)
        width, height = int(roi.width) or int(info.width) - left, int(roi.height) or int(info.height) - top
        k, p = [float(v) for v in info.k], [float(v) for v in info.p]
        for matrix, columns in ((k, 3), (p, 4)):
            matrix[2] -= left
            matrix[columns + 2] -= top
            matrix[:columns] = [v / bin_x for v in matrix[:columns]]
            matrix[columns : 2 * columns] = [v / bin_y for v in matrix[columns : 2 * columns]]
        return cls(width // bin_x, height // bin_y, tuple(k), tuple(p))

    def is_calibrated(self, rectified: bool) -> bool:
        """Whether there are focal lengths; an uncalibrated driver sends zeros."""
        fx, fy, _, _ = self._pinhole(rectified)
        return fx > 0.0 and fy > 0.0

    def intrinsics(self, rectified: bool) -> Intrinsics:
        """Of the raw images (K), or of those that the driver has rectified (P, or K where P is empty).

        Raises InputError where it is not calibrated.
        """
        return Intrinsics(self.width, self.height, *self._pinhole(rectified))

    def _pinhole(self, rectified: bool) -> tuple[float, float, float, float]:
        """fx, fy, cx, cy."""
        if rectified and self.p[0] > 0.0:
            return self.p[0], self.p[5], self.p[2], self.p[6]
        return self.k[0], self.k[4], self.k[2], self.k[5]


def camera_model_of(info: Any, rectified: bool) -> CameraModel:
    """The camera of an image topic's images. Raises InputError on what no camera has, and on unknown distortion models."""
    intrinsics = Calibration.of(info).intrinsics(rectified)
    return CameraModel(intrinsics) if rectified else CameraModel(intrinsics, info.distortion_model, tuple(float(v) for v in info.d))
