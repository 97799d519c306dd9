"""Every parameter of the node, once: the declaration, config/mtdense.yaml and the README table are made or checked from here."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mtdense_ros.errors import ConfigError

Effect = Literal["run time", "configure", "start"]
"""When a new value takes effect: with the next frame, with the next configure transition, or only when the process starts."""

SIZE_PATTERN = r"(\d+x\d+)?"
CAMERA_PATTERN = r"[A-Za-z](_?[A-Za-z0-9])*_?"
"""A token of a ROS name that is neither hidden nor has two underscores in a row."""


@dataclass(frozen=True)
class Spec:
    """One parameter: dotted name, default, meaning, unit, inclusive range or allowed words, and when it takes effect."""

    name: str
    default: bool | int | float | str | tuple[str, ...]
    text: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    effect: Effect = "run time"

    @property
    def kind(self) -> str:
        """The ROS type's name: bool, int, double, string or string array."""
        return _KINDS[type(self.default)]

    @property
    def allowed(self) -> str:
        """The range or the words, for people: '0 to 10', 'auto | cpu | cuda' or ''."""
        if self.choices:
            return " | ".join(self.choices)
        return "" if self.low is None else f"{self.low:g} to {self.high:g}"

    def check(self, value: Any) -> Any:
        """The value in the parameter's own type (a single string becomes a list of one); raises ConfigError."""
        value = self._typed(value)
        if self.choices and value not in self.choices:
            raise ConfigError(f"parameter {self.name}: '{value}' is not known; use one of {self.allowed}")
        if self.low is not None and self.high is not None and not self.low <= value <= self.high:
            raise ConfigError(f"parameter {self.name}: {value} is out of range; use {self.allowed}{self.unit and ' ' + self.unit}")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise ConfigError(f"parameter {self.name}: '{value}' is not WIDTHxHEIGHT; write for example 640x480, or nothing")
        return value

    def _typed(self, value: Any) -> Any:
        if isinstance(self.default, tuple):
            value = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (list, tuple)) else value
            if isinstance(value, tuple) and value and all(isinstance(v, str) for v in value):
                return value
        elif type(value) is type(self.default) and not (isinstance(value, float) and math.isnan(value)):
            return value
        if isinstance(self.default, tuple) and value == ():
            raise ConfigError(f"parameter {self.name}: the list is empty; name one at least")
        hint = f"; write {float(value)}" if self.kind == "double" and type(value) is int else "; give one"
        raise ConfigError(f"parameter {self.name}: {value!r} is no {self.kind}{hint}")


_KINDS = {bool: "bool", int: "int", float: "double", str: "string", tuple: "string array"}


def _parameter(name: str, default: Any, text: str, **more: Any) -> Any:
    return field(default=default, metadata={"spec": Spec(name, default, text, **more)})


@dataclass(frozen=True)
class Parameters:
    """The values of all parameters, checked together. Raises ConfigError on a value, or a pair of values, that cannot work."""

    # the network
    weights: tuple[str, ...] = _parameter(
        "weights",
        ("mtdense_indoor",),
        "name or path of the weights; with several, each output comes from the first network that has it",
    )
    outputs_labels: str = _parameter(
        "outputs.labels",
        "",
        "with several weights: those that give labels and confidence; empty: the first that have them",
        effect="configure",
    )
    outputs_depth: str = _parameter(
        "outputs.depth", "", "with several weights: those that give the depth; empty: the first that have it", effect="configure"
    )
    outputs_foreground: str = _parameter(
        "outputs.foreground", "", "with several weights: those that give the foreground; empty: the first that have it", effect="configure"
    )
    labels_space: str = _parameter(
        "labels.space", "", "label space to publish, if the network has several; empty: its first", effect="configure"
    )
    device: str = _parameter(
        "device", "auto", "where the network runs; auto: CUDA when there is one", choices=("auto", "cpu", "cuda"), effect="configure"
    )
    precision: str = _parameter(
        "precision",
        "auto",
        "precision of the network; auto: fp32, or a smaller one if the weights' card allows it, on CUDA or by mtdense bench --choose",
        choices=("auto", "fp32", "fp16", "bf16"),
        effect="configure",
    )
    engine: str = _parameter(
        "engine",
        "auto",
        "library that runs the network; auto: the choice of mtdense bench --choose, else PyTorch on CUDA, else the first that is installed",
        choices=("auto", "openvino", "onnxruntime", "torch"),
        effect="configure",
    )
    engine_fallback: str = _parameter(
        "engine_fallback",
        "none",
        "when the engine is given up. none: the node becomes unconfigured; cpu: PyTorch on the CPU in fp32 takes over",
        choices=("none", "cpu"),
    )
    engine_timeout: float = _parameter(
        "engine_timeout",
        30.0,
        "a frame that is in work for longer means that the engine hangs, and it is given up; 0: wait however long it takes",
        unit="s",
        low=0.0,
        high=3600.0,
    )
    threads: int = _parameter(
        "threads",
        0,
        "CPU threads of the network; 0: the engine's own choice, usually one per physical core; 1: the work around it has one thread too",
        low=0,
        high=256,
        effect="configure",
    )
    size: str = _parameter(
        "size", "", "network input as WIDTHxHEIGHT; empty: as the weights' card says", unit="px", pattern=SIZE_PATTERN, effect="configure"
    )
    warm_up: str = _parameter(
        "warm_up",
        "640x480",
        "camera size WIDTHxHEIGHT of the warm-up frame at configure; empty: none",
        unit="px",
        pattern=SIZE_PATTERN,
        effect="configure",
    )
    every_labels: int = _parameter("every.labels", 1, "compute labels on every n-th processed frame", unit="frames", low=1, high=1000)
    every_depth: int = _parameter("every.depth", 1, "compute depth on every n-th processed frame", unit="frames", low=1, high=1000)
    every_normals: int = _parameter("every.normals", 1, "compute normals on every n-th processed frame", unit="frames", low=1, high=1000)
    every_foreground: int = _parameter(
        "every.foreground", 1, "compute the foreground on every n-th processed frame", unit="frames", low=1, high=1000
    )
    budget_latency_ms: float = _parameter(
        "budget.latency_ms",
        0.0,
        "target for the time from a frame's arrival to its last output, kept for 90 % of the frames by lowering quality; 0: none",
        unit="ms",
        low=0.0,
        high=10000.0,
    )
    budget_rate_hz: float = _parameter(
        "budget.rate_hz",
        0.0,
        "target for the processed frames per second (at most the camera's rate), kept by lowering quality; 0: none",
        unit="Hz",
        low=0.0,
        high=1000.0,
    )

    # the camera
    cameras: tuple[str, ...] = _parameter(
        "cameras",
        ("",),
        "names of several cameras, which come before their topics: front/image, ~/front/labels; an empty name: one camera, image",
        effect="configure",
    )
    image_transport: str = _parameter(
        "image_transport",
        "raw",
        "raw: Image on the image topic; compressed: CompressedImage on it + /compressed",
        choices=("raw", "compressed"),
    )
    max_image_pixels: int = _parameter(
        "max_image_pixels",
        25_000_000,
        "compressed images that declare more than this are refused before they are decoded",
        unit="px",
        low=100_000,
        high=1_000_000_000,
    )
    reliability: str = _parameter(
        "reliability",
        "auto",
        "QoS of the camera subscriptions; auto: reliable when every publisher offers it",
        choices=("auto", "reliable", "best_effort"),
    )
    frame_id: str = _parameter("frame_id", "", "frame_id of all outputs; empty: the image's own")
    camera_model: str = _parameter(
        "camera_model",
        "rays",
        "lens distortion. rays: points lie along the true rays; rectify: image and all outputs are rectified; refuse: a fault",
        choices=("rays", "rectify", "refuse"),
    )
    max_age: float = _parameter(
        "max_age", 1.0, "frames older than this are dropped and counted; 0: no limit", unit="s", low=0.0, high=3600.0
    )
    max_age_from: str = _parameter(
        "max_age_from", "arrival", "age is measured from the arrival or from the time stamp", choices=("arrival", "stamp")
    )

    frozen_after: float = _parameter(
        "frozen_after",
        5.0,
        "a camera that has shown noise and then sends the same image, bit for bit, for this time is blocked; 0: never",
        unit="s",
        low=0.0,
        high=3600.0,
    )

    # the reference frame
    background_path: str = _parameter("background.path", "", "PNG file that save writes and load reads; it is loaded at configure")
    background_seconds: float = _parameter(
        "background.seconds",
        0.0,
        "capture takes the median of the frames of this time; 0: the next usable frame",
        unit="s",
        low=0.0,
        high=30.0,
    )
    foreground_threshold: float = _parameter(
        "background.threshold",
        0.0,
        "foreground probability from which a pixel counts as changed; 0: as the weights' card says",
        low=0.0,
        high=0.99,
    )

    background_capture_on_start: bool = _parameter(
        "background.capture_on_start", False, "capture the first usable frame after activation, if there is no background then"
    )
    background_on_motion: str = _parameter(
        "background.on_motion",
        "suspend",
        "while the camera is moved. suspend: no mask; compensate: up to 12 px, else no mask; report: a fault only; "
        "recapture: no mask, then a new background",
        choices=("suspend", "compensate", "report", "recapture"),
    )
    background_on_light: str = _parameter(
        "background.on_light",
        "report",
        "while the light is too different. report: a fault only; compensate: by gain and offset; recapture: then a new background",
        choices=("report", "compensate", "recapture"),
    )
    background_recapture_after: float = _parameter(
        "background.recapture_after",
        10.0,
        "recapture takes a new background when nothing has moved for this time",
        unit="s",
        low=1.0,
        high=3600.0,
    )
    background_absorb_after: float = _parameter(
        "background.absorb_after",
        0.0,
        "what has not moved for this time becomes part of the background; 0: never",
        unit="s",
        low=0.0,
        high=86400.0,
    )
    background_motion_px: float = _parameter(
        "background.motion_px",
        4.0,
        "mean displacement of the image from which the camera counts as moved",
        unit="px",
        low=0.5,
        high=100.0,
    )
    background_watch_rate: float = _parameter(
        "background.watch_rate",
        5.0,
        "how often a frame is looked at for motion, light and a blocked camera; 0: never",
        unit="Hz",
        low=0.0,
        high=30.0,
    )

    # depth, labels, cloud and pictures
    depth_min: float = _parameter(
        "depth.min", 0.0, "smaller depth becomes -Inf; 0: as the weights' card says", unit="m", low=0.0, high=1000.0
    )
    depth_max: float = _parameter(
        "depth.max", 0.0, "larger depth becomes +Inf; 0: as the weights' card says", unit="m", low=0.0, high=1000.0
    )
    depth_scale_mode: str = _parameter(
        "depth.scale_mode",
        "none",
        "fixed: depth times depth.scale; camera_height: the floor lies at the camera's height below it; range: fitted to the range image",
        choices=("none", "fixed", "camera_height", "range"),
    )
    depth_scale: float = _parameter(
        "depth.scale", 1.0, "factor of scale_mode fixed; 1 leaves metric depth as it is", unit="m per unit", low=1e-4, high=1e4
    )
    scale_limit: float = _parameter(
        "depth.scale_limit",
        5.0,
        "measured factors on metric depth above this, or below its inverse, are implausible and not taken",
        unit="times",
        low=1.0,
        high=1000.0,
    )
    camera_height: float = _parameter(
        "depth.camera_height",
        0.0,
        "height of the camera above the floor; 0: from TF, by the transform from depth.base_frame to the camera",
        unit="m",
        low=0.0,
        high=100.0,
    )
    camera_pitch: float = _parameter(
        "depth.camera_pitch",
        0.0,
        "how far the camera looks down, with depth.camera_height; 0: as the floor in the depth says (inverse depth: level)",
        unit="degrees",
        low=-90.0,
        high=90.0,
    )
    base_frame: str = _parameter("depth.base_frame", "base_footprint", "TF frame on the floor, for the camera's height from TF")
    depth_encoding: str = _parameter(
        "depth.encoding", "32FC1", "32FC1 metres, or 16UC1 millimetres with 0 for none", choices=("32FC1", "16UC1")
    )
    points_min: float = _parameter("points.min", 0.0, "points nearer than this are NaN; 0: no limit", unit="m", low=0.0, high=1000.0)
    points_max: float = _parameter("points.max", 0.0, "points farther than this are NaN; 0: no limit", unit="m", low=0.0, high=1000.0)
    labels_upsampling: str = _parameter(
        "labels.upsampling",
        "exact",
        "exact: argmax of the resized logits; fast: argmax first, then nearest-neighbour resizing",
        choices=("exact", "fast"),
    )
    # navigation
    obstacle_classes: tuple[str, ...] = _parameter(
        "points.obstacle_classes",
        ("",),
        "class names that are obstacles; an empty name: those that the label space flags as obstacles",
    )
    obstacles_min_height: float = _parameter(
        "obstacles.min_height",
        0.1,
        "what stands less high above the ground is floor; what lies deeper below it is a hole",
        unit="m",
        low=0.0,
        high=10.0,
    )
    obstacles_max_height: float = _parameter(
        "obstacles.max_height", 2.0, "what hangs higher above the ground is no obstacle", unit="m", low=0.01, high=100.0
    )
    obstacles_range: float = _parameter(
        "obstacles.range", 5.0, "farthest obstacles, and how far ~/clearing reaches", unit="m", low=0.1, high=1000.0
    )
    obstacles_voxel_size: float = _parameter(
        "obstacles.voxel_size", 0.05, "one obstacle or clearing point is kept per cube of this size; 0: all", unit="m", low=0.0, high=10.0
    )
    edge_threshold: float = _parameter(
        "obstacles.edge_threshold",
        0.08,
        "pixels whose depth differs from a neighbour's by more than this share are at an edge and no obstacle; 0: none are",
        low=0.0,
        high=10.0,
    )
    nav_size: str = _parameter(
        "nav.size",
        "",
        "size WIDTHxHEIGHT of the topics ~/nav, at most the camera's; empty: 320 wide in the camera's aspect",
        unit="px",
        pattern=SIZE_PATTERN,
    )
    changes_min_pixels: int = _parameter(
        "changes.min_pixels", 100, "smaller changed regions are not in ~/changes", unit="px", low=1, high=1_000_000_000
    )
    jpeg_quality: int = _parameter("jpeg_quality", 80, "JPEG quality of the /compressed topics", low=1, high=100)

    # the node
    diagnostics_period: float = _parameter(
        "diagnostics.period", 1.0, "time between two messages on /diagnostics", unit="s", low=0.1, high=60.0
    )
    autostart: bool = _parameter("autostart", True, "configure and activate by itself; false under a lifecycle manager", effect="start")

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, f.metadata["spec"].check(getattr(self, f.name)))
        _check_cameras(self.cameras)
        if self.frame_id and len(self.cameras) > 1:
            raise ConfigError("parameter frame_id: is one frame for several cameras; leave it empty, and let the drivers set their own")
        _check_order("depth.min", self.depth_min, "depth.max", self.depth_max)
        _check_order("points.min", self.points_min, "points.max", self.points_max)
        if self.nav_hw is not None and min(self.nav_hw) < 1:
            raise ConfigError(f"parameter nav.size: {self.nav_size} has no pixels; write for example 320x240, or nothing")
        _check_order("obstacles.min_height", self.obstacles_min_height, "obstacles.max_height", self.obstacles_max_height)

    @classmethod
    def from_names(cls, values: Mapping[str, Any]) -> Parameters:
        """Defaults with the values of dotted names put over them; raises ConfigError."""
        return cls().updated(values)

    def updated(self, values: Mapping[str, Any]) -> Parameters:
        """A copy with the values of dotted names changed together; raises ConfigError, naming the nearest known name."""
        for name in values:
            if name not in SPECS:
                raise ConfigError(unknown_parameter(name))
        return dataclasses.replace(self, **{_FIELDS[name]: SPECS[name].check(value) for name, value in values.items()})

    def as_names(self) -> dict[str, Any]:
        """All values by dotted name, in declaration order."""
        return {name: getattr(self, field_name) for name, field_name in _FIELDS.items()}

    @property
    def output_routes(self) -> dict[str, str]:
        """The weights that were chosen for an output, empty where the order decides."""
        return {"labels": self.outputs_labels, "depth": self.outputs_depth, "foreground": self.outputs_foreground}

    @property
    def size_hw(self) -> tuple[int, int] | None:
        """The network's input (height, width) in pixels, None for the card's."""
        return height_width(self.size)

    @property
    def warm_up_hw(self) -> tuple[int, int] | None:
        """The warm-up frame's (height, width) in pixels, None for no warm-up."""
        return height_width(self.warm_up)

    @property
    def nav_hw(self) -> tuple[int, int] | None:
        """(height, width) in pixels of the topics ~/nav, None for the default."""
        return height_width(self.nav_size)


SPECS: Mapping[str, Spec] = {f.metadata["spec"].name: f.metadata["spec"] for f in dataclasses.fields(Parameters)}
"""Every parameter by its dotted name, in declaration order."""

_FIELDS = {f.metadata["spec"].name: f.name for f in dataclasses.fields(Parameters)}


def unknown_parameter(name: str) -> str:
    """The message for a name that is no parameter, with the nearest one if any is near."""
    near = difflib.get_close_matches(name, SPECS, n=1)
    remedy = f"did you mean '{near[0]}'?" if near else "config/mtdense.yaml lists all of them"
    return f"parameter {name} is unknown; {remedy}"


def _check_order(low_name: str, low: float, high_name: str, high: float) -> None:
    if high and low >= high:
        raise ConfigError(f"parameter {low_name}: {low:g} is not below {high_name} {high:g}; change one of them")


def _check_cameras(names: tuple[str, ...]) -> None:
    for name in names:
        if name == "" and len(names) > 1:
            raise ConfigError("parameter cameras: a name is empty; name every camera, or leave one empty name for a single camera")
        if name and not re.fullmatch(CAMERA_PATTERN, name):
            raise ConfigError(f"parameter cameras: '{name}' cannot begin a topic's name; use letters, digits and _, a letter first")
        if names.count(name) > 1:
            raise ConfigError(f"parameter cameras: '{name}' comes twice; give every camera its own name")


def height_width(text: str) -> tuple[int, int] | None:
    """(height, width) of a WIDTHxHEIGHT, None of an empty text."""
    if not text:
        return None
    width, height = text.split("x")
    return int(height), int(width)
