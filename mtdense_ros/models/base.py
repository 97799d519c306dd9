"""What every network of the package offers, whatever is inside it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

from torch import Tensor, nn

from mtdense_ros.errors import ConfigError, InputError

TASKS = ("labels", "depth", "normals")
"""The tasks that read one image, in the order in which `tasks` lists them."""

RAW_OUTPUTS = (*TASKS, "foreground")
"""The keys of a network's raw outputs, in order."""

MOST_CLASSES = 255
"""Label ids are uint8, and 255 is the id of a pixel without a class."""

Background = Tensor | tuple[Tensor, ...]
"""A background image (B, 3, H, W), or what `encode_background` made of it."""


class DenseNetwork(nn.Module):
    """Base of all networks.

    Attributes: `config`, a JSON-able dict with which `create_model` builds the same network again; `encoder`, the module
    that turns an image into features; `heads`, one module per raw output, keyed by its name; `needs_background`, the raw
    outputs that do not exist without a background.
    """

    needs_background: tuple[str, ...] = ("foreground",)

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

        background: see `Background`; without one `foreground` is absent. outputs: compute these only (None: all).
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


def check_positive(**values: int) -> None:
    """Raises ConfigError, naming the field, unless every value is an int of at least 1."""
    for name, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ConfigError(f"{name}: found {value!r}; give a whole number of at least 1")


def check_classes(num_classes: int) -> None:
    """Raises ConfigError unless num_classes is an int of at most MOST_CLASSES."""
    check_positive(num_classes=num_classes)
    if num_classes > MOST_CLASSES:
        raise ConfigError(f"num_classes: found {num_classes}; give at most {MOST_CLASSES}: label ids are uint8, and one is for no class")


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
