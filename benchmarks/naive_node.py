"""The yardstick: the same outputs of the same weights, written the obvious way by somebody who reads the tutorials and measures nothing.

PyTorch eager in NCHW, normalising in float64, label scores resized with cubic splines and then argmax, a cloud from a meshgrid and a
structured array for each frame, the background encoded again with each frame, all in the image's callback behind a queue, over
the middleware as it comes. Nothing is slower than that on purpose.
"""

from __future__ import annotations

import sys
import time

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from benchmarks.common.helper import OUTPUTS, spin_until_the_end, stamp_of
from mtdense_ros.ros.tools.helper_node import tell
from mtdense_ros.weights import Card, load_weights

POINT = np.dtype([
    ("x", "f4"), ("y", "f4"), ("z", "f4"), ("rgb", "u4"), ("label", "u1"), ("confidence", "u1"), ("foreground", "u1"), ("unused", "u1")
])  # fmt: skip
FIELDS = [
    PointField(name=name, offset=POINT.fields[name][1], datatype=PointField.UINT8 if i > 3 else PointField.FLOAT32, count=1)
    for i, name in enumerate(POINT.names[:-1])
]

Results = dict[str, NDArray]


class NaiveNetwork:
    """RGB in, labels, confidence, depth, normals and foreground at its size out. size_hw: the network's input."""

    def __init__(self, weights: str, size_hw: tuple[int, int]) -> None:
        self.net, self.card = load_weights(weights)
        self.size_hw = size_hw
        self.background: torch.Tensor | None = None
        self.network_ms = 0.0

    def tensor(self, rgb: NDArray[np.uint8]) -> torch.Tensor:
        """(1, 3, h, w), normalised."""
        resized = cv2.resize(rgb, self.size_hw[::-1])
        normalised = (resized / 255.0 - np.array(self.card.input.mean)) / np.array(self.card.input.std)
        return torch.from_numpy(normalised.transpose(2, 0, 1)).unsqueeze(0).float()

    def __call__(self, rgb: NDArray[np.uint8], focal: float) -> Results:
        image = self.tensor(rgb)
        begin = time.perf_counter()
        with torch.no_grad():
            raw = self.net(image, self.background)
        self.network_ms = 1e3 * (time.perf_counter() - begin)
        maps = {name: resize(value[0].numpy(), rgb.shape[:2]) for name, value in raw.items()}
        return finish(maps, self.card, focal * self.size_hw[1] / rgb.shape[1])


def resize(chw: NDArray[np.float32], size_hw: tuple[int, int]) -> NDArray[np.float32]:
    """Every channel at this size: (H, W, C)."""
    resized = cv2.resize(chw.transpose(1, 2, 0), size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    return resized.reshape(*size_hw, -1)


def finish(maps: Results, card: Card, focal: float) -> Results:
    """What the outputs hold. focal: of the camera, in the network's pixels."""
    scores = np.exp(maps["labels"] - maps["labels"].max(axis=2, keepdims=True))
    depth = maps["depth"][..., 0] * focal / card.depth.focal_px
    depth[depth > card.depth.max_m] = np.inf
    depth[depth < card.depth.min_m] = -np.inf
    normals = maps["normals"].copy()
    normals[..., 2] = np.minimum(normals[..., 2], 0.0)  # surfaces that are seen face the camera
    results = {
        "labels": maps["labels"].argmax(axis=2).astype(np.uint8),
        "confidence": (scores / scores.sum(axis=2, keepdims=True)).max(axis=2),
        "depth": depth.astype(np.float32),
        "normals": normals / np.linalg.norm(normals, axis=2, keepdims=True),
    }
    if "foreground" in maps:
        probability = 1.0 / (1.0 + np.exp(-maps["foreground"][..., 0]))
        results["foreground"] = (probability >= card.foreground.threshold).astype(np.uint8) * 255
    return results


def cloud(rgb: NDArray[np.uint8], results: Results, k: NDArray[np.float64]) -> NDArray:
    """The points (H * W,) of POINT. k: the camera's fx 0 cx 0 fy cy 0 0 1."""
    height, width = rgb.shape[:2]
    u, v = np.meshgrid(np.arange(width), np.arange(height))
    z = np.where(np.isfinite(results["depth"]), results["depth"], np.nan)
    points = np.zeros((height, width), POINT)
    points["x"] = (u - k[2]) / k[0] * z
    points["y"] = (v - k[5]) / k[4] * z
    points["z"] = z
    r, g, b = (rgb[..., i].astype(np.uint32) for i in range(3))
    points["rgb"] = (r << 16) | (g << 8) | b
    points["label"] = results["labels"]
    points["confidence"] = np.round(results["confidence"] * 255)
    points["foreground"] = results.get("foreground", 0)
    return points.reshape(-1)


class NaiveNode(Node):
    """Work in the callback, behind a queue of the parameter `queue`."""

    def __init__(self) -> None:
        super().__init__("mtdense")
        queue = self.declare_parameter("queue", 10).value
        width, height = (int(side) for side in self.declare_parameter("size", "640x480").value.split("x"))
        self._network = NaiveNetwork(self.declare_parameter("weights", "mtdense_indoor").value, (height, width))
        self._k: NDArray[np.float64] | None = None
        self._capture_next = False
        self._outputs = {name: self.create_publisher(kind, f"~/{name}", queue) for name, kind in OUTPUTS.items()}
        self.create_service(Trigger, "~/background/capture", self._on_capture)
        self.create_subscription(CameraInfo, "camera_info", self._on_info, queue)
        self.create_subscription(Image, "image", self._on_image, queue)

    def _on_capture(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._capture_next = True
        response.success, response.message = True, "the next picture"
        return response

    def _on_info(self, message: CameraInfo) -> None:
        self._k = np.array(message.k)

    def _on_image(self, message: Image) -> None:
        begin = time.perf_counter()
        rgb = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
        if self._capture_next:
            self._capture_next = False
            self._network.background = self._network.tensor(rgb)
        if self._k is None or self._network.background is None:
            return
        results = self._network(rgb, self._k[0])
        for name, encoding in (("labels", "mono8"), ("depth", "32FC1"), ("normals", "32FC3"), ("foreground", "mono8")):
            self._outputs[name].publish(image_message(results[name], encoding, message.header))
        self._outputs["points"].publish(cloud_message(cloud(rgb, results, self._k), rgb.shape[:2], message.header))
        stages = {"network": self._network.network_ms, "node": 1e3 * (time.perf_counter() - begin)}
        tell(event="frame", at_ns=time.monotonic_ns(), stamp_ns=stamp_of(message), stages=stages)


def image_message(values: NDArray, encoding: str, header: Header) -> Image:
    message = Image(header=header, height=values.shape[0], width=values.shape[1], encoding=encoding)
    message.step = values.nbytes // values.shape[0]
    message.data = values.tobytes()
    return message


def cloud_message(points: NDArray, size_hw: tuple[int, int], header: Header) -> PointCloud2:
    message = PointCloud2(header=header, height=size_hw[0], width=size_hw[1], fields=FIELDS, point_step=POINT.itemsize)
    message.row_step = POINT.itemsize * size_hw[1]
    message.data = points.tobytes()
    return message


if __name__ == "__main__":
    sys.exit(spin_until_the_end(NaiveNode))
