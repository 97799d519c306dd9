"""What a robot drives by: obstacles, free space and changes, made of one frame's outputs and of what was seen before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelSpace, Prediction
from mtdense_ros.errors import ConfigError
from mtdense_ros.geometry.camera_mount import pitched_mount
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.depth_edges import depth_edges
from mtdense_ros.geometry.free_space import clearing_points
from mtdense_ros.geometry.ground_plane import GroundPlane
from mtdense_ros.geometry.ground_tracker import GroundTracker, ground_of_mount
from mtdense_ros.geometry.obstacles import ClassRoles, SceneMaps, obstacle_cloud
from mtdense_ros.pipeline.changes import ChangeTracker
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.utils.buffers import BufferPool

COLUMNS = 320
"""About how many columns of a frame obstacles and free space are looked for in: at 5 m one of them is some 2 cm wide."""


@lru_cache(maxsize=8)
def class_roles(space: LabelSpace, obstacle_classes: tuple[str, ...]) -> ClassRoles:
    """The roles of a label space's classes by the parameter points.obstacle_classes. Raises ConfigError on an unknown class."""
    return ClassRoles.of(space, tuple(name for name in obstacle_classes if name))


def check_obstacle_classes(space: LabelSpace | None, obstacle_classes: tuple[str, ...]) -> None:
    """Raises ConfigError unless the parameter points.obstacle_classes names classes of the network's label space, or none."""
    if space is not None:
        class_roles(space, obstacle_classes)
    elif any(obstacle_classes):
        named = ", ".join(obstacle_classes)
        raise ConfigError(f"parameter points.obstacle_classes: these weights have no label space, so no class '{named}'; leave it empty")


class Navigation:
    """One camera's ground plane and changed regions from frame to frame."""

    def __init__(self) -> None:
        self._ground = GroundTracker()
        self._changes = ChangeTracker()

    def reset(self) -> None:
        """Forgets them."""
        self._ground.reset()
        self._changes.reset()

    def of_frame(
        self,
        prediction: Prediction,
        space: LabelSpace | None,
        rays: RayTable,
        options: PipelineOptions,
        buffers: BufferPool,
        stamp_ns: int = 0,
    ) -> NavigationFrame:
        """What can be made of a frame; nothing is computed yet."""
        return NavigationFrame(self._ground, self._changes, prediction, space, rays, options, buffers, stamp_ns)


@dataclass(frozen=True, eq=False)
class NavigationFrame:
    """One frame: what several results share is computed once, when the first of them is made. Its prediction has metric depth."""

    tracker: GroundTracker
    change_tracker: ChangeTracker
    prediction: Prediction
    space: LabelSpace | None
    rays: RayTable
    options: PipelineOptions
    buffers: BufferPool
    stamp_ns: int

    def obstacles(self) -> NDArray[np.void]:
        """The points (N,) of dtype geometry.obstacles.OBSTACLE."""
        return obstacle_cloud(self._maps, self._ground, self.options.obstacle_limits)

    def clearing(self) -> NDArray[np.float32]:
        """Points (N, 3) up to which the floor is known to be free; none without a ground plane."""
        if self._ground is None:
            return np.zeros((0, 3), np.float32)
        return clearing_points(self._maps, self._ground, self.options.obstacle_limits)

    def changes(self) -> NDArray[np.void] | None:
        """The changed regions (N,) of dtype changes.CHANGE; None without a mask."""
        if self.prediction.foreground is None:
            return None
        return self.change_tracker.update(self.prediction, self.rays, ~self.edges, self.stamp_ns, self.options.changes_min_pixels)

    @property
    def doubt(self) -> str:
        """Why obstacles and free space are less than they could be; empty where they are not."""
        if self.tracker.plane is not None:
            return ""
        if self._ground is not None:
            return "no floor plane seen yet: that of depth.camera_height and depth.camera_pitch is assumed"
        return "no floor plane seen yet: obstacles are chosen by class and mask alone, and nothing is published as free"

    @cached_property
    def edges(self) -> NDArray[np.bool_]:
        """The pixels (H, W) at depth edges."""
        assert self.prediction.depth is not None
        return depth_edges(self.prediction.depth, self.options.edge_threshold, self.buffers)

    @cached_property
    def _maps(self) -> SceneMaps:
        p = self.prediction
        assert p.depth is not None
        roles = None if self.space is None else class_roles(self.space, self.options.obstacle_classes)
        return SceneMaps(p.depth, self.rays, p.labels, roles, p.confidence, p.foreground, self.edges).subsampled(COLUMNS)

    @cached_property
    def _ground(self) -> GroundPlane | None:
        """The tracked plane, else that of a camera of known height and pitch."""
        plane, height_m = self.tracker.update(self._maps.depth, self._maps.rays, self._floor), self.options.camera_height
        return ground_of_mount(pitched_mount(height_m, self.options.camera_pitch)) if plane is None and height_m > 0 else plane

    @cached_property
    def _floor(self) -> NDArray[np.bool_] | None:
        """The floor's pixels of the maps, None where no class tells them."""
        maps = self._maps
        if maps.labels is None or maps.roles is None or not maps.roles.traversable.any():
            return None
        floor: NDArray[np.bool_] = maps.roles.traversable.view(np.bool_)[maps.labels]
        return floor
