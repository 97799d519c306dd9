"""What the metric scale is measured against, as far as it comes by topics: the range image, and the camera's mount from TF."""

from __future__ import annotations

from rclpy.node import Node

from mtdense_ros.datatypes import ScaleReference
from mtdense_ros.geometry.camera_model import rectify_samples
from mtdense_ros.parameters import Parameters
from mtdense_ros.ros.camera_info import View
from mtdense_ros.ros.mount_input import MountInput
from mtdense_ros.ros.range_input import RangeInput

SCALE_FAULTS = ("scale implausible", "TF missing", "range missing")


class ScaleInputs:
    """Listens to what `depth.scale_mode` needs, while depth or points have a subscriber."""

    def __init__(self, node: Node, prefix: str = "") -> None:
        """prefix: stands before the topics of a camera that has a name."""
        self._range = RangeInput(node, prefix)
        self._mount = MountInput(node)

    def update(self, parameters: Parameters, depth_wanted: bool) -> None:
        """Makes or removes subscriptions, in the executor's thread."""
        mode = parameters.depth_scale_mode
        self._range.update(depth_wanted and mode == "range", parameters.reliability)
        self._mount.update(depth_wanted and mode == "camera_height" and parameters.camera_height == 0.0)

    def close(self) -> None:
        """Removes all subscriptions."""
        self._range.close()
        self._mount.close()

    def forget(self) -> None:
        """Drops range images, as after a jump of the clock."""
        self._range.forget()

    def reference(
        self, parameters: Parameters, stamp_ns: int, frame_id: str, size_hw: tuple[int, int], view: View | None
    ) -> ScaleReference | None:
        """What there is for a frame, in the worker's thread; None where its scale needs no topic. view: the camera, if known."""
        if parameters.depth_scale_mode == "range":
            samples, lack = self._range.near(stamp_ns, size_hw)
            if samples is not None and view is not None and view.rectify:
                samples = rectify_samples(samples, view.model)
            return ScaleReference(ranges=samples, lack=lack)
        if parameters.depth_scale_mode == "camera_height" and parameters.camera_height == 0.0:
            mount, lack = self._mount.mount(parameters.base_frame, frame_id)
            return ScaleReference(mount=mount, lack=lack)
        return None

    def tolerates(self, fault: str) -> bool:
        """Whether the cause of a fault is still normal."""
        return fault == "range missing" and not self._range.overdue
