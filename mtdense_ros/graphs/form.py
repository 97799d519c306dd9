"""The YAML file in which a person says of a network's file what the file itself does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mtdense_ros.utils.settings import load_settings


@dataclass(frozen=True)
class InputForm:
    """Of the image. tensor: needed where the file has several inputs; height, width in pixels and layout: where the file leaves them open.

    channels: rgb or bgr; mean, std: three values each, for values of 0..1; resize, multiple: see InputSpec, for networks of any size;
    background: the tensor that takes the reference frame.
    """

    tensor: str = ""
    height: int = 0
    width: int = 0
    layout: str = ""
    channels: str = "rgb"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    resize: str = "area"
    multiple: int = 32
    background: str = ""


@dataclass(frozen=True)
class OutputForm:
    """Of one output, by its role. tensor: needed where the file has several; kind, first_id, frame: see GraphOutput.

    min_m, max_m, focal_px: of metric depth, focal_px in pixels of the network's input, 0 where its depth holds for any camera;
    threshold: of the foreground.
    """

    tensor: str = ""
    kind: str = ""
    first_id: int = 0
    frame: str = "optical"
    min_m: float = 0.1
    max_m: float = 20.0
    focal_px: float = 0.0
    threshold: float = 0.5


@dataclass(frozen=True)
class CardForm:
    """Of the network: its input, its outputs by role (labels, depth, normals, foreground), what its classes are, whose it is."""

    input: InputForm = field(default_factory=InputForm)
    outputs: Mapping[str, OutputForm] = field(default_factory=dict)
    label_space: str = ""
    licence: str = ""
    attribution: str = ""
    data: tuple[str, ...] = ()


def read_form(path: Path | None) -> CardForm:
    """The form in a YAML file, an empty one without. Raises ConfigError on unknown keys and wrong types."""
    return load_settings(CardForm, path)
