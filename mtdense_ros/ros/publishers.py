"""The published topics: what each carries, which of them have subscribers, and the messages of one frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import Header, String

from mtdense_ros.datatypes import LabelSpace
from mtdense_ros.geometry.depth import millimetres
from mtdense_ros.imaging.transforms import confidence_byte, mask_byte
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.nav_maps import nav_size
from mtdense_ros.pipeline.results import METRIC
from mtdense_ros.ros.change_messages import Detection3DArray, changes_message, detections_message
from mtdense_ros.ros.messages import cloud_message, image_message, jpeg_message, points_message, scaled_camera_info
from mtdense_ros.ros.subscriptions import OUTPUT_QOS
from mtdense_ros.utils.buffers import BufferPool


@dataclass(frozen=True)
class Context:
    """What all messages of one frame share.

    info is the camera of these images, or None; space that of their labels, or None; buffers are for scratch arrays.
    """

    header: Header
    size_hw: tuple[int, int]
    info: CameraInfo | None
    parameters: Parameters
    space: LabelSpace | None
    buffers: BufferPool


@dataclass(frozen=True)
class Output:
    """One topic below `~/`: its message type, the pipeline's result that it shows (None: it needs none), and how it is built."""

    topic: str
    message_type: type
    result: str | None
    build: Callable[[NDArray[Any], Context], Any]

    @property
    def needs_camera(self) -> bool:
        """Whether it is wrong or impossible without a camera_info."""
        return self.result in (None, "depth", *METRIC)


def _mono8(values: NDArray[Any], c: Context) -> Image:
    """Ids and masks as they are; probabilities 0..1 as 0..255, bool as 0 and 255."""
    if values.dtype != np.uint8:
        convert, name = (mask_byte, "mask levels") if values.dtype == np.bool_ else (confidence_byte, "confidence levels")
        values = convert(values, c.buffers.array(f"{name} {values.shape[1]}", values.shape, np.uint8))
    return image_message(values, "mono8", c.header)


def _rgb8(values: NDArray[Any], c: Context) -> Image:
    return image_message(values, "rgb8", c.header)


def _jpeg(values: NDArray[Any], c: Context) -> CompressedImage:
    return jpeg_message(values, c.parameters.jpeg_quality, c.header, c.buffers)


def _depth(values: NDArray[Any], c: Context) -> Image:
    if c.parameters.depth_encoding == "32FC1":
        return image_message(values, "32FC1", c.header)
    return image_message(millimetres(values, c.buffers), "16UC1", c.header)


def _normals(values: NDArray[Any], c: Context) -> Image:
    return image_message(values, "32FC3", c.header)


def _points(values: NDArray[Any], c: Context) -> PointCloud2:
    return cloud_message(values, c.size_hw[1], c.size_hw[0], c.header)


def _thinned_points(values: NDArray[Any], c: Context) -> PointCloud2:
    return points_message(values, c.header)


def _changes(values: NDArray[Any], c: Context) -> String:
    return changes_message(values, c.space, c.header)


def _detections(values: NDArray[Any], c: Context) -> Any:
    return detections_message(values, c.space, c.header)


def _nav_points(values: NDArray[Any], c: Context) -> PointCloud2:
    height, width = values.shape[:2]
    return cloud_message(values, width, height, c.header)


def _nav_info(_: NDArray[Any], c: Context) -> CameraInfo | None:
    return None if c.info is None else scaled_camera_info(c.info, nav_size(c.size_hw, c.parameters.nav_hw))


OUTPUTS = (
    Output("labels", Image, "labels", _mono8),
    Output("confidence", Image, "confidence", _mono8),
    Output("labels_color", Image, "labels_color", _rgb8),
    Output("labels_color/compressed", CompressedImage, "labels_color", _jpeg),
    Output("depth", Image, "depth", _depth),
    Output("normals", Image, "normals", _normals),
    Output("normals_color", Image, "normals_color", _rgb8),
    Output("normals_color/compressed", CompressedImage, "normals_color", _jpeg),
    Output("foreground", Image, "foreground", _mono8),
    Output("foreground_overlay", Image, "foreground_overlay", _rgb8),
    Output("foreground_overlay/compressed", CompressedImage, "foreground_overlay", _jpeg),
    Output("camera_info", CameraInfo, None, lambda _, c: c.info),
    Output("points", PointCloud2, "points", _points),
    Output("obstacles", PointCloud2, "obstacles", _thinned_points),
    Output("clearing", PointCloud2, "clearing", _thinned_points),
    Output("nav/labels", Image, "nav/labels", _mono8),
    Output("nav/confidence", Image, "nav/confidence", _mono8),
    Output("nav/points", PointCloud2, "nav/points", _nav_points),
    Output("nav/camera_info", CameraInfo, None, _nav_info),
    Output("changes", String, "changes", _changes),
)
if Detection3DArray is not None:
    OUTPUTS += (Output("changes/detections", Detection3DArray, "changes", _detections),)
"""Every topic that carries something of each frame."""


class Publishers:
    """The publishers of OUTPUTS on a node, for one camera: `~/`, the prefix of its topics, and the output's name."""

    def __init__(self, node: Node, prefix: str = "") -> None:
        self._node = node
        self._prefix = prefix
        self._publishers: dict[str, Any] = {}
        try:
            for output in OUTPUTS:
                self._publishers[output.topic] = self._create(output)
        except BaseException:
            self.close()
            raise

    def _create(self, output: Output) -> Any:
        overridable = QoSOverridingOptions.with_default_policies()
        topic = self.topic(output.topic)
        return self._node.create_publisher(output.message_type, topic, OUTPUT_QOS, qos_overriding_options=overridable)

    def topic(self, name: str) -> str:
        """The topic of an output of this name."""
        return f"~/{self._prefix}{name}"

    def subscribed(self) -> tuple[Output, ...]:
        """The topics that have a subscriber now."""
        return tuple(o for o in OUTPUTS if self._publishers[o.topic].get_subscription_count() > 0)

    def publish(self, outputs: Iterable[Output], results: Mapping[str, NDArray[Any]], context: Context) -> None:
        """Publishes what can be made of a frame's results on these topics."""
        for output in outputs:
            if output.result is None and context.info is not None:
                self._publishers[output.topic].publish(output.build(np.empty(0), context))
            elif output.result in results:
                self._publishers[output.topic].publish(output.build(results[output.result], context))

    def close(self) -> None:
        """Removes the publishers."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
        self._publishers.clear()


def results_of(outputs: Iterable[Output]) -> frozenset[str]:
    """The pipeline's results that these topics need."""
    return frozenset(o.result for o in outputs if o.result is not None)
