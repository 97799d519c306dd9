"""The published losses by name, each from raw outputs and truths to terms with weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from mtdense_ros.errors import ConfigError, known_names
from mtdense_ros.training.config import LossConfig, TeacherConfig
from mtdense_ros.training.losses import berhu, depth_loss, foreground_loss, labels_loss, mdeas_loss, normals_loss

SOFT_LABELS, FEATURES = "soft_labels", "features"
"""The terms of a teacher; see teacher.Teacher."""

Maps = Mapping[str, Tensor]


@dataclass(frozen=True)
class Recipe:
    """terms: the losses of raw outputs and truths of any sizes, by name; weights: of each; strides: of the truths (1 if not named).

    needs: the targets without which it cannot be computed; log_depth: depth is compared by its logarithm. Terms without a weight
    are shown only.
    """

    terms: Callable[[Maps, Maps], dict[str, Tensor]]
    weights: Mapping[str, float]
    strides: Mapping[str, int] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    log_depth: bool = False

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum."""
        return torch.stack([weight * terms[name] for name, weight in self.weights.items() if name in terms]).sum()


def _of_each(losses: Mapping[str, Callable[[Tensor, Tensor], Tensor]]) -> Callable[[Maps, Maps], dict[str, Tensor]]:
    """Terms that are one loss per output; a map of one channel loses its channel axis."""

    def terms(raw: Maps, truth: Maps) -> dict[str, Tensor]:
        return {key: losses[key](_planes(at_size(value, truth[key]), key), truth[key]) for key, value in raw.items()}

    return terms


def _mdeas(raw: Maps, truth: Maps) -> dict[str, Tensor]:
    """Probabilities, worked out in float32 whatever the autocast, against shares; and relative depth. Only `total` has a weight."""
    depth, mask = (at_size(raw[key], truth[key]) for key in ("depth", "foreground"))
    return mdeas_loss(depth, mask.float().sigmoid(), truth["depth"][:, None], truth["foreground"][:, None])


def at_size(raw: Tensor, truth: Tensor) -> Tensor:
    """A raw output (N, C, h, w) at the height and width of its truth, bilinear."""
    if raw.shape[-2:] == truth.shape[-2:]:
        return raw
    return F.interpolate(raw.float(), size=truth.shape[-2:], mode="bilinear", align_corners=False)


def _planes(raw: Tensor, key: str) -> Tensor:
    """A raw output without its channel axis where its truth has none."""
    return raw[:, 0] if key in ("depth", "foreground") else raw


_DENSE = {"labels": labels_loss, "depth": depth_loss, "normals": normals_loss, "foreground": foreground_loss}

RECIPES: dict[str, Recipe] = {
    "dense": Recipe(
        _of_each(_DENSE),
        {"foreground": 0.6, "labels": 1.3, "depth": 1.0, "normals": 1.0},
        {"labels": 4, "depth": 4, "normals": 4, "foreground": 2},
        log_depth=True,
    ),
    "hydranet": Recipe(_of_each({**_DENSE, "depth": berhu}), {"labels": 0.5, "depth": 0.5, "normals": 0.5}),
    "mdeas": Recipe(_mdeas, {"total": 1.0}, needs=("depth", "foreground")),
    "lraspp": Recipe(_of_each(_DENSE), {"labels": 1.0}, needs=("labels",)),
    "ffm": Recipe(_of_each(_DENSE), {"labels": 1.0, "depth": 1.0, "normals": 1.0}, log_depth=True),
}
"""dense: the package's own, at the stride of its heads; the others as published, on logits and depth enlarged to the picture."""


def recipe_of(config: LossConfig, teacher: TeacherConfig, targets: tuple[str, ...], positive_depth: bool) -> Recipe:
    """The recipe of a configuration for these targets of a network. Raises ConfigError where they do not go together.

    A teacher's soft labels take their share of the weight of the labels' loss.
    """
    recipe = RECIPES[config.recipe]
    missing = [key for key in recipe.needs if key not in targets]
    unweighted = [key for key in targets if key not in (*recipe.needs, *recipe.weights)]
    if missing or unweighted:
        problem = f"needs the targets {', '.join(missing)}" if missing else f"has no loss for {', '.join(unweighted)}"
        raise ConfigError(f"training: loss recipe '{config.recipe}' {problem}; change 'targets', or take another of {', '.join(RECIPES)}")
    if recipe.log_depth and "depth" in targets and not positive_depth:
        problem = "compares depth by its logarithm, and this network's can be negative, where it would not learn"
        raise ConfigError(f"training: loss recipe '{config.recipe}' {problem}; take another of {', '.join(RECIPES)}")
    for name in config.weights:
        if name not in recipe.weights:
            raise ConfigError(f"training: loss recipe '{config.recipe}' has no term '{name}'; {known_names(name, recipe.weights)}")
    weights = {**recipe.weights, **config.weights}
    taught = {SOFT_LABELS: teacher.labels * weights.get("labels", 0.0), FEATURES: teacher.features}
    own = {"labels": (1 - teacher.labels) * weights["labels"]} if "labels" in weights else {}
    return replace(recipe, weights={**weights, **own, **taught})
