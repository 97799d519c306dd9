"""What every network of the package offers, whatever is inside it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from torch import Tensor, nn

from mtdense_ros.errors import ConfigError, InputError, known_names

TASKS = ("labels", "depth", "normals")
"""The tasks that read one image, in the order in which `tasks` lists them."""

RAW_OUTPUTS = (*TASKS, "foreground")
"""The keys of a network's raw outputs, in order."""

MAX_CLASSES = 255
"""Label ids are uint8, and 255 is the id of a pixel without a class."""

MAX_CHANNELS = 4096
"""More channels than any published network has at once; far more would only fail later, in the allocation."""

Background = Tensor | tuple[Tensor, ...]
"""A background image (B, 3, H, W), or what `encode_background` made of it."""


class DenseNetwork(nn.Module):
    """Base of all networks.

    Attributes: `config`, a JSON-able dict with which `create_model` builds the same network again; `encoder`, the module
    that turns an image into features; `heads`, one module per raw output, keyed by its name; `needs_background`, the raw
    outputs that do not exist without a background; `positive_depth`, whether raw depth is above zero whatever the weights.
    """

    needs_background: tuple[str, ...] = ("foreground",)
    positive_depth = False

    def __init__(self, **config: Any) -> None:
        super().__init__()
        self.config: dict[str, Any] = config
        self.heads = nn.ModuleDict()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The raw outputs that this network has: some of labels, depth, normals, foreground, in that order."""
        return tuple(key for key in RAW_OUTPUTS if key in self.heads)

    @abstractmethod
    def forward(self, image: Tensor, background: Background | None = None, outputs: Collection[str] | None = None) -> dict[str, Tensor]:
        """Raw outputs of image (B, 3, H, W), RGB, float, normalised as the card says.

        Without a background (see `Background`) `foreground` is absent. Only `outputs` are computed, or all where it is None.
        Returns (B, C, h, w) per key: labels are logits, depth is in the network's unit, normals are not normalised,
        foreground is a logit. Raises InputError for an output that the network lacks or an image that it cannot take.
        """

    def encode_background(self, image: Tensor) -> tuple[Tensor, ...]:
        """The features of a background image (B, 3, H, W), to be cached and passed as `background`."""
        raise InputError(f"{type(self).__name__}: has no foreground output, so it takes no background; choose a network with one")

    def chosen(self, outputs: Collection[str] | None) -> tuple[str, ...]:
        """`outputs` in the network's order, all of them for None. Raises InputError on a name that the network lacks."""
        if outputs is None:
            return self.outputs
        unknown = sorted(set(outputs) - set(self.outputs))
        if unknown:
            raise InputError(f"{type(self).__name__}: no output {', '.join(unknown)}; it has {', '.join(self.outputs)}")
        return tuple(key for key in self.outputs if key in outputs)


def checked_tasks(tasks: Sequence[str]) -> tuple[str, ...]:
    """`tasks` as a tuple. Raises ConfigError unless they are a list of distinct, known names in the order of TASKS."""
    listed = isinstance(tasks, Sequence) and not isinstance(tasks, str)
    known = tuple(task for task in TASKS if listed and task in tasks)
    if not known or tuple(tasks) != known:
        raise ConfigError(f"tasks: found {tasks!r}; give one or more of {TASKS}, each once and in this order")
    return known


def task_channels(num_classes: int) -> dict[str, int]:
    """The channels of each task's raw output."""
    return {"labels": num_classes, "depth": 1, "normals": 3}


def check_sizes(**values: int) -> None:
    """Raises ConfigError, naming the field, unless every value is an int of 1 to MAX_CHANNELS."""
    for name, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_CHANNELS:
            raise ConfigError(f"{name}: found {value!r}; give a whole number from 1 to {MAX_CHANNELS}")


def check_widths(name: str, widths: Sequence[int], strides: Sequence[int]) -> None:
    """Raises ConfigError unless widths are a list with a size for each of the strides."""
    listed = isinstance(widths, Sequence) and not isinstance(widths, str)
    if not listed or len(widths) != len(strides):
        found = f"{len(widths)} values" if listed else repr(widths)
        raise ConfigError(f"{name}: found {found}; give a list of {len(strides)}, for strides {', '.join(map(str, strides))}")
    check_sizes(**{f"{name}[{i}]": width for i, width in enumerate(widths)})


def check_flags(**values: bool) -> None:
    """Raises ConfigError, naming the field, unless every value is a bool."""
    for name, value in values.items():
        if not isinstance(value, bool):
            raise ConfigError(f"{name}: found {value!r}; give true or false")


def check_choice(known: Iterable[str], **values: str) -> None:
    """Raises ConfigError, naming the field, unless every value is one of the known names."""
    names = list(known)
    for name, value in values.items():
        if value not in names:
            raise ConfigError(f"{name}: found {value!r}; {known_names(str(value), names)}")


def check_classes(num_classes: int) -> None:
    """Raises ConfigError unless num_classes is an int of 1 to MAX_CLASSES."""
    if isinstance(num_classes, int) and num_classes > MAX_CLASSES:
        raise ConfigError(f"num_classes: found {num_classes}; give at most {MAX_CLASSES}: label ids are uint8, and one is for no class")
    check_sizes(num_classes=num_classes)


def check_image(image: Tensor, what: str, smallest: int = 32) -> None:
    """Raises InputError unless image is a float tensor (B, 3, H, W) with sides of at least `smallest` pixels."""
    if image.ndim != 4 or image.shape[1] != 3:
        raise InputError(f"{what}: expected a tensor (B, 3, H, W), found {tuple(image.shape)}; pass RGB channels first, with a batch axis")
    if not image.is_floating_point():
        raise InputError(f"{what}: expected floats normalised as the card says, found {image.dtype}; normalise the image first")
    if min(image.shape[2:]) < smallest:
        raise InputError(f"{what}: {image.shape[3]}x{image.shape[2]} is too small; the network needs at least {smallest} pixels a side")


def check_same_features(frame: Tensor, background: Tensor) -> None:
    """Raises InputError unless two feature maps agree in channels, height and width."""
    if frame.shape[1:] != background.shape[1:]:
        found, expected = tuple(background.shape[1:]), tuple(frame.shape[1:])
        raise InputError(f"background: its features are {found}, the frame's {expected}; capture a background of the frame's size")
