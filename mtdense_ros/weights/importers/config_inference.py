"""The configuration of a network from the names and shapes of its original's entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from mtdense_ros.errors import WeightsError
from mtdense_ros.models.base import TASKS
from mtdense_ros.models.mobilenet_v3 import VARIANTS

Entries = Mapping[str, Tensor]


def hydranet_config(entries: Entries) -> dict[str, Any]:
    """num_classes and tasks, by the heads that are there. Raises WeightsError."""
    tasks = [task for task, theirs in (("labels", "segm"), ("depth", "depth"), ("normals", "normal"))
             if any(name.startswith((f"{theirs}.", f"pre_{theirs}.")) for name in entries)]
    if not tasks:
        raise WeightsError("hydranet checkpoint: entry 'segm.weight' is missing, and so is every other head; is it another network's?")
    return {**({"num_classes": channels("hydranet", entries, "segm.weight")} if "labels" in tasks else {}), "tasks": tasks}


def mdeas_config(entries: Entries) -> dict[str, Any]:
    """MDEAS has one configuration."""
    return {}


def lraspp_config(entries: Entries) -> dict[str, Any]:
    """Every field but `dilated`, which no shape tells: the default, as in torchvision, is yes. Raises WeightsError."""
    backbone, reduced_tail = mobilenet_v3_variant("lraspp", entries, "backbone.")
    classes = channels("lraspp", entries, "classifier.low_classifier.weight")
    return {"num_classes": classes, "backbone": backbone, "reduced_tail": reduced_tail}


def ffm_config(entries: Entries) -> dict[str, Any]:
    """Every field, by our own names. Raises WeightsError."""
    tasks = _own_tasks("ffm", entries)
    config: dict[str, Any] = {
        "tasks": tasks,
        "backbone": mobilenet_v3_variant("ffm", entries, "encoder.features.")[0],
        "widths": [channels("ffm", entries, f"decoder.refine.{scale}.0.weight") for scale in range(5)],
    }
    return {"num_classes": channels("ffm", entries, "heads.labels.weight"), **config} if "labels" in tasks else config


def mtdense_config(entries: Entries) -> dict[str, Any]:
    """Every field, by our own names. Raises WeightsError."""
    tasks = _own_tasks("mtdense", entries)
    config: dict[str, Any] = {
        "tasks": tasks,
        "foreground": any(name.startswith("heads.foreground.") for name in entries),
        "backbone": _backbone(entries),
        "width": channels("mtdense", entries, "decoder.reduce.layer8.weight"),
        "head_width": channels("mtdense", entries, f"heads.{tasks[0]}.1.weight"),
    }
    if "labels" in tasks:
        config["num_classes"] = channels("mtdense", entries, "heads.labels.4.weight")
    if config["foreground"]:
        config["change_widths"] = [channels("mtdense", entries, f"heads.foreground.norm.{scale}.weight") for scale in range(4)]
    return config


def _backbone(entries: Entries) -> str:
    """Of mtdense: EfficientNet-Lite has no expansion in its first block; lite1 has more blocks than lite0."""
    if "encoder.layer2.0.expand.0.weight" in entries:
        return "mobilenet_v2"
    return "efficientnet_lite1" if "encoder.layer3.2.expand.0.weight" in entries else "efficientnet_lite0"


def mobilenet_v3_variant(arch: str, entries: Entries, prefix: str) -> tuple[str, bool]:
    """The variant of the MobileNetV3 whose features have their number after `prefix`, and whether its tail is reduced.

    Raises WeightsError.
    """
    lasts = {variant: f"{prefix}{len(blocks) + 1}.0.weight" for variant, blocks in VARIANTS.items()}
    variant = next((variant for variant, name in lasts.items() if name in entries), "large")
    return variant, channels(arch, entries, lasts[variant]) == 6 * VARIANTS[variant][-1].channels // 2


def channels(arch: str, entries: Entries, name: str) -> int:
    """The first size of an entry. Raises WeightsError, naming it, where it is missing or has none."""
    value = entries.get(name)
    if value is None or value.ndim < 1 or value.shape[0] < 1:
        found = "is missing" if value is None else f"is {list(value.shape)}, without output channels"
        raise WeightsError(f"{arch} checkpoint: entry '{name}' {found}; use the original's complete state_dict")
    return value.shape[0]


def _own_tasks(arch: str, entries: Entries) -> list[str]:
    tasks = [task for task in TASKS if any(name.startswith(f"heads.{task}.") for name in entries)]
    if not tasks:
        raise WeightsError(f"{arch} checkpoint: no entry begins with 'heads.'; use a state_dict of this package's own {arch}")
    return tasks


CONFIGS: dict[str, Callable[[Entries], dict[str, Any]]] = {
    "ffm": ffm_config,
    "hydranet": hydranet_config,
    "lraspp": lraspp_config,
    "mdeas": mdeas_config,
    "mtdense": mtdense_config,
}
"""Architecture -> what makes its configuration of a checkpoint's entries."""
