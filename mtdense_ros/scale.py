"""The metric scale of one camera's depth over time, from its known height above the floor."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.geometry import RayTable
from mtdense_ros.ground import camera_height_scale
from mtdense_ros.workspace import Workspace

_WEIGHT_OF_NEW = 0.2


class SmoothedScale:
    """A factor on depth, smoothed over frames in the logarithm (an error of scale is a ratio).

    `value`: the factor, 1 until a floor was seen, which `measured` tells; `problem`: why the last frame gave none, empty where
    it did.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets what was measured."""
        self.value = 1.0
        self.problem = "no floor seen yet"
        self.measured = False

    def update(
        self,
        depth: NDArray[np.float32],
        rays: RayTable | None,
        floor: NDArray[np.bool_] | None,
        height_m: float,
        workspace: Workspace | None = None,
    ) -> None:
        """Measures in an unscaled depth map (H, W) of a camera with these rays, None where it is unknown.

        floor: (H, W) pixels of the floor, the lower half of the image where None.
        """
        if rays is None:
            self.problem = "no camera_info"
            return
        found = camera_height_scale(depth, rays, floor, height_m, workspace)
        self.problem = found.reason
        if found.scale is None:
            return
        weight = _WEIGHT_OF_NEW if self.measured else 1.0
        self.value = math.exp((1 - weight) * math.log(self.value) + weight * math.log(found.scale))
        self.measured = True
