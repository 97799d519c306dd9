"""Everything that lives between the frames of one camera."""

from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.pipeline.pipeline import Pipeline

__all__ = ["Pipeline", "PipelineOptions"]
