"""The maps at the size for navigation: what costmap layers take, of one width and height, each pixel that of one camera pixel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Prediction
from mtdense_ros.geometry.depth import RayTable, apply_range
from mtdense_ros.geometry.point_cloud import POINT_STEP, pack_cloud
from mtdense_ros.utils.buffers import BufferPool, Value

DEFAULT_WIDTH = 320

Size = tuple[int, int]


def nav_size(camera_hw: Size, chosen_hw: Size | None) -> Size:
    """(height, width) of the maps: the chosen one, else DEFAULT_WIDTH wide in the camera's aspect; never larger than the camera's."""
    height, width = camera_hw
    if chosen_hw is not None:
        return min(height, chosen_hw[0]), min(width, chosen_hw[1])
    return max(1, round(height * min(1.0, DEFAULT_WIDTH / width))), min(width, DEFAULT_WIDTH)


@lru_cache(maxsize=8)
def resized_rays(rays: RayTable, size_hw: Size) -> RayTable:
    """Where the pixel centres of the image resized to (height, width) look; matches `Intrinsics.scaled`."""
    x, y = (cv2.resize(np.ascontiguousarray(v), size_hw[::-1], interpolation=cv2.INTER_LINEAR) for v in (rays.x, rays.y))
    return RayTable(np.asarray(x, np.float32), np.asarray(y, np.float32))


@dataclass(frozen=True, eq=False)
class NavMaps:
    """One frame at (height, width) `size_hw`, computed when first asked for: the nearest camera pixel of every map, nothing mixed.

    edges (H, W) are the camera pixels that make no point, None: none. Points outside points_range in m are NaN.
    """

    rgb: NDArray[np.uint8]
    prediction: Prediction
    edges: NDArray[np.bool_] | None
    rays: RayTable | None
    points_range: tuple[float, float]
    size_hw: Size
    buffers: BufferPool

    @cached_property
    def labels(self) -> NDArray[np.uint8] | None:
        """Class ids (h, w)."""
        return self._nearest("labels", self.prediction.labels)

    @cached_property
    def confidence(self) -> NDArray[np.float32] | None:
        """The probability (h, w) of each."""
        return self._nearest("confidence", self.prediction.confidence)

    @cached_property
    def points(self) -> NDArray[np.uint8] | None:
        """The bytes (h, w, POINT_STEP) of an organised cloud as point_cloud.pack_cloud makes it."""
        depth = self._nearest("depth", self.prediction.depth)
        if depth is None or self.rays is None:
            return None
        edges = self._nearest("edges", self.edges)
        if edges is not None:
            depth[edges] = np.nan
        depth = apply_range(depth, *self.points_range, self.buffers)
        small = self.buffers.array("rgb", (*self.size_hw, 3), np.uint8)
        cv2.resize(self.rgb, self.size_hw[::-1], dst=small, interpolation=cv2.INTER_AREA)
        foreground = self._nearest("foreground", self.prediction.foreground)
        rays = resized_rays(self.rays, self.size_hw)
        packed = pack_cloud(depth, rays, small, self.labels, self.confidence, foreground, self.buffers)
        return packed.reshape(*self.size_hw, POINT_STEP)

    def _nearest(self, name: str, values: NDArray[Value] | None) -> NDArray[Value] | None:
        """A map (H, W) at the small size, in this frame's buffers."""
        if values is None:
            return None
        out = self.buffers.array(f"nav {name}", self.size_hw, values.dtype.type)
        plain, target = (_plain(v) for v in (values, out))
        cv2.resize(plain, self.size_hw[::-1], dst=target, interpolation=cv2.INTER_NEAREST_EXACT)
        return out


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """OpenCV knows no bool."""
    return values.view(np.uint8) if values.dtype == np.bool_ else values
