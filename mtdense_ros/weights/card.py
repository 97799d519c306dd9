"""The model card: everything one must know to run a network's weights, and where they come from."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mtdense_ros.errors import WeightsError, known_names
from mtdense_ros.imaging.transforms import RESIZE_MODES
from mtdense_ros.models import list_models
from mtdense_ros.models.base import RAW_OUTPUTS
from mtdense_ros.utils.settings import build_settings
from mtdense_ros.weights.graph import GRAPH, GraphSpec
from mtdense_ros.weights.precision import PrecisionSpec

FORMAT = 1
"""The version of the card's layout that this package reads and writes."""

MAX_INPUT_PIXELS = 2**24
"""Of a network's input; more is a mistake, or an attempt to use up the machine's memory."""

NAME_LENGTH = 100

DEPTH_KINDS = ("metric", "relative", "inverse")


@dataclass(frozen=True)
class InputSpec:
    """How a camera image becomes the network's input.

    Height and width are in pixels; transforms.network_size explains resize and multiple; mean and std apply to RGB in [0, 1].
    """

    height: int
    width: int
    resize: str
    multiple: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        _require(min(self.height, self.width, self.multiple) >= 1, "input", "height, width and multiple must be at least 1")
        most = max(self.height * self.width, self.multiple**2)
        _require(most <= MAX_INPUT_PIXELS, "input", f"{self.width}x{self.height} in multiples of {self.multiple} needs too much memory")
        _require(self.resize in RESIZE_MODES, "input.resize", f"'{self.resize}' is unknown; use one of {', '.join(RESIZE_MODES)}")
        for name in ("mean", "std"):
            values = tuple(getattr(self, name))
            _require(len(values) == 3 and all(math.isfinite(v) for v in values), f"input.{name}", f"{values} must be three finite numbers")
            object.__setattr__(self, name, values)
        _require(min(self.std) > 0, "input.std", f"{self.std} must be positive")


@dataclass(frozen=True)
class DepthSpec:
    """What raw depth means.

    "metric": in m between min_m and max_m for the focal length focal_px (pixels of the network's input), null where it holds for any
    camera. Without unit, the three others null: "relative", a multiple of the depth; "inverse", a multiple of 1 / depth plus a shift,
    greater where nearer (as MiDaS, Ranftl et al., TPAMI 2022, and Depth Anything, Yang et al., CVPR 2024, give it).
    """

    kind: str
    min_m: float | None = None
    max_m: float | None = None
    focal_px: float | None = None

    def __post_init__(self) -> None:
        _require(self.kind in DEPTH_KINDS, "depth.kind", f"'{self.kind}' is unknown; use one of {', '.join(DEPTH_KINDS)}")
        if self.kind == "metric":
            known = [v for v in (self.min_m, self.max_m) if v is not None and math.isfinite(v)]
            _require(len(known) == 2, "depth", "metric depth needs finite min_m and max_m")
            _require(0 <= known[0] < known[1], "depth", f"{known} must satisfy 0 <= min_m < max_m")
            _require(self.focal_px is None or 0 < self.focal_px < math.inf, "depth.focal_px", f"{self.focal_px} must be finite and above 0")


@dataclass(frozen=True)
class ForegroundSpec:
    """From which probability on, in (0, 1), a pixel counts as changed."""

    threshold: float = 0.5

    def __post_init__(self) -> None:
        _require(0 < self.threshold < 1, "foreground.threshold", f"{self.threshold} must be between 0 and 1")


@dataclass(frozen=True)
class Card:
    """A model card, checked when it is built. Raises WeightsError.

    create_model(arch, **config) makes the network; where arch is GRAPH it is a file, and config says how it is run. sha256 and bytes
    describe its file; label_space is a name or path for label_spaces.load_label_space. Each metric names its data set and protocol;
    `data` is the provenance of the training data. Licence and attribution hold for these weights, which `command` made at `commit`.
    `precision` says what lower precisions cost; it is None where nobody has measured that.
    """

    name: str
    arch: str
    config: Mapping[str, Any]
    sha256: str
    bytes: int
    parameters: int
    input: InputSpec
    outputs: tuple[str, ...]
    label_space: str | None
    depth: DepthSpec | None
    foreground: ForegroundSpec | None
    metrics: tuple[Mapping[str, Any], ...]
    data: tuple[Any, ...]
    licence: str
    attribution: str
    commit: str
    command: str
    precision: PrecisionSpec | None = None
    format: int = FORMAT

    def __post_init__(self) -> None:
        _require(self.format == FORMAT, "format", f"{self.format!r} is not {FORMAT}; update mtdense_ros, or export the weights again")
        _require(0 < len(self.name) <= NAME_LENGTH and not set(self.name) & set("/\\\0"), "name", f"'{self.name}' is no name of a file")
        _require(len(self.label_space or "") <= NAME_LENGTH, "label_space", "is longer than any name")
        known = (*list_models(), GRAPH)
        _require(self.arch in known, "arch", f"'{self.arch}' is unknown; {known_names(str(self.arch), known)}")
        _require(re.fullmatch("[0-9a-f]{64}", self.sha256) is not None, "sha256", "must be 64 hexadecimal digits")
        for name in ("outputs", "metrics", "data"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for output in self.outputs:
            _require(output in RAW_OUTPUTS, "outputs", f"'{output}' is unknown; {known_names(str(output), RAW_OUTPUTS)}")
        for output, spec in (("depth", self.depth), ("foreground", self.foreground)):
            _require((spec is not None) == (output in self.outputs), output, f"must be given exactly when outputs has '{output}'")
        if self.arch == GRAPH:
            roles = tuple(self.graph.outputs)
            _require(set(roles) == set(self.outputs), "config.outputs", f"{roles} must be the card's outputs {self.outputs}")
        _require(bool(self.licence), "licence", "is empty; say under which terms the weights may be used")

    @cached_property
    def graph(self) -> GraphSpec:
        """How a network that is a file is run. Raises WeightsError for another network."""
        _require(self.arch == GRAPH, "arch", f"'{self.arch}' is a network of this package; only those that are files have a graph")
        return GraphSpec.of_config(self.config)

    def to_json(self) -> str:
        """The card as indented JSON, format first; `precision` only where it is known."""
        content = {key: value for key, value in dataclasses.asdict(self).items() if key != "precision" or value is not None}
        return json.dumps({"format": content.pop("format"), **content}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> Card:
        """The card in a JSON text; `where` names it in errors. Raises WeightsError on unknown, missing or mistyped fields."""
        try:
            return cls.from_fields(json.loads(text))
        except (json.JSONDecodeError, WeightsError) as error:
            raise WeightsError(f"card {where}: {error}") from error

    @classmethod
    def from_fields(cls, fields: Any) -> Card:
        """The card of a mapping as in its JSON. Raises WeightsError."""
        return build_settings(cls, fields, "fields", WeightsError)


def _require(good: bool, where: str, problem: str) -> None:
    if not good:
        raise WeightsError(f"{where}: {problem}")
