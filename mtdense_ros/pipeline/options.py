"""What can be set on a pipeline at run time."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from mtdense_ros.geometry.obstacles import ObstacleLimits
from mtdense_ros.inference.postprocess import OutputOptions
from mtdense_ros.parameters import Parameters, height_width


@dataclass(frozen=True)
class PipelineOptions:
    """The parameters of the same names (their units, ranges and texts stand in `parameters`), with the same defaults.

    Raises ConfigError on a value, or a pair of values, that cannot work.
    """

    every_labels: int = Parameters.every_labels
    every_depth: int = Parameters.every_depth
    every_normals: int = Parameters.every_normals
    every_foreground: int = Parameters.every_foreground
    labels_upsampling: str = Parameters.labels_upsampling
    foreground_threshold: float = Parameters.foreground_threshold
    depth_min: float = Parameters.depth_min
    depth_max: float = Parameters.depth_max
    depth_scale_mode: str = Parameters.depth_scale_mode
    depth_scale: float = Parameters.depth_scale
    scale_limit: float = Parameters.scale_limit
    camera_height: float = Parameters.camera_height
    camera_pitch: float = Parameters.camera_pitch
    points_min: float = Parameters.points_min
    points_max: float = Parameters.points_max
    obstacle_classes: tuple[str, ...] = Parameters.obstacle_classes
    obstacles_min_height: float = Parameters.obstacles_min_height
    obstacles_max_height: float = Parameters.obstacles_max_height
    obstacles_range: float = Parameters.obstacles_range
    obstacles_voxel_size: float = Parameters.obstacles_voxel_size
    edge_threshold: float = Parameters.edge_threshold
    nav_size: str = Parameters.nav_size
    changes_min_pixels: int = Parameters.changes_min_pixels
    staggered: bool = False
    """No parameter: whether normals come on other frames than labels, which shortens the longest frame."""

    def __post_init__(self) -> None:
        Parameters(**{name: value for name, value in dataclasses.asdict(self).items() if name != "staggered"})  # the checks live there

    @classmethod
    def of(cls, parameters: Parameters) -> PipelineOptions:
        """The part of the parameters that a pipeline uses."""
        return cls(**{field.name: getattr(parameters, field.name) for field in dataclasses.fields(cls) if field.name != "staggered"})

    def every(self, output: str) -> int:
        """An output of datatypes.OUTPUTS is computed on every n-th frame."""
        by_output = {"depth": self.every_depth, "normals": self.every_normals, "foreground": self.every_foreground}
        return by_output.get(output, self.every_labels)

    def due(self, output: str, frame: int) -> bool:
        """Whether an output of datatypes.OUTPUTS is computed on this frame, counted from 0 among those that are processed."""
        return (frame + (self.staggered and output == "normals")) % self.every(output) == 0

    @property
    def obstacle_limits(self) -> ObstacleLimits:
        """What counts as an obstacle."""
        return ObstacleLimits(self.obstacles_min_height, self.obstacles_max_height, self.obstacles_range, self.obstacles_voxel_size)

    @property
    def nav_hw(self) -> tuple[int, int] | None:
        """(height, width) of the topics ~/nav, None for the default."""
        return height_width(self.nav_size)

    @property
    def points_range(self) -> tuple[float, float]:
        """Nearest and farthest points of organised clouds, in m."""
        return self.points_min, self.points_max or math.inf

    @property
    def limits(self) -> OutputOptions:
        """The same for the predictor; what is 0 here stands on the card."""
        return OutputOptions(self.labels_upsampling, self.depth_min or None, self.depth_max or None, self.foreground_threshold or None)

    @property
    def for_outputs(self) -> OutputOptions:
        """`limits`, but a depth that is to be scaled keeps its values: its range applies to the result."""
        if self.depth_scale_mode == "none":
            return self.limits
        return dataclasses.replace(self.limits, depth_min=0.0, depth_max=math.inf)
