"""Networks that are files of other programs: what a card says of one, so that it runs like a network of this package.

On the card, `arch` is GRAPH and `config` holds the fields of GraphSpec. The file itself (ONNX, TFLite, OpenVINO's IR) lies beside the card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mtdense_ros.errors import WeightsError, known_names
from mtdense_ros.utils.settings import build_settings

GRAPH = "graph"

GRAPH_SUFFIXES = (".onnx", ".tflite", ".xml")

LAYOUTS = ("nchw", "nhwc")
CHANNELS = ("rgb", "bgr")
FRAMES = ("optical", "opengl")

KINDS: Mapping[str, tuple[str, ...]] = {
    "labels": ("logits", "probabilities", "ids"),
    "depth": ("metric", "relative", "inverse"),
    "normals": ("vectors",),
    "foreground": ("logits", "probabilities"),
}
"""What the values of an output may be, by its role, which is one of models.RAW_OUTPUTS."""

OUTPUT_CHANNELS: Mapping[str, int] = {"depth": 1, "normals": 3, "foreground": 1}
"""How many an output has, by its role; labels have one per class."""


@dataclass(frozen=True)
class GraphInput:
    """The tensor that takes the image, (batch, 3, height, width) or (batch, height, width, 3), and its numpy type.

    background: the tensor that takes the reference frame, "" without one. any_size: whether it takes other heights and widths than the
    card's; any_batch: whether it takes several images at once.
    """

    tensor: str
    layout: str
    channels: str
    dtype: str
    any_size: bool
    any_batch: bool
    background: str = ""

    def __post_init__(self) -> None:
        _check("input.layout", self.layout, LAYOUTS)
        _check("input.channels", self.channels, CHANNELS)


@dataclass(frozen=True)
class GraphOutput:
    """A tensor of the file in a role.

    kind: see KINDS; channel_axis: where its channels are, -1 for a map without any; first_id: the class of channel 0, or what is added
    to an id: a class below 0 is none; frame: the axes of normals, opengl's with y up and z backward.
    """

    tensor: str
    kind: str
    channel_axis: int
    first_id: int = 0
    frame: str = "optical"

    def __post_init__(self) -> None:
        _check(f"frame of {self.tensor}", self.frame, FRAMES)


@dataclass(frozen=True)
class GraphSpec:
    """How a file is run. num_classes: of its labels, without one that means none; 0 without labels. data_sha256: of the .bin beside IR."""

    input: GraphInput
    outputs: Mapping[str, GraphOutput]
    num_classes: int = 0
    data_sha256: str = ""

    def __post_init__(self) -> None:
        for role, output in self.outputs.items():
            _check("outputs", role, KINDS)
            _check(f"outputs.{role}.kind", output.kind, KINDS[role])

    @classmethod
    def of_config(cls, config: Any) -> GraphSpec:
        """The spec on a card. Raises WeightsError."""
        return build_settings(cls, config, "config", WeightsError)

    @property
    def gives_ids(self) -> bool:
        """Whether its labels are ids already: without confidence, and never interpolated."""
        return "labels" in self.outputs and self.outputs["labels"].kind == "ids"


def _check(key: str, value: str, known: Any) -> None:
    if value not in known:
        raise WeightsError(f"{key}: '{value}' is unknown; {known_names(value, known)}")
