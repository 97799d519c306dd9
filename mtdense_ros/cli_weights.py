"""`mtdense weights`: what is there, what it is, whether it is whole, and imports of original checkpoints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mtdense_ros.errors import WeightsError
from mtdense_ros.labels import load_label_space
from mtdense_ros.models import create_model
from mtdense_ros.resources import search_folders
from mtdense_ros.weights import convert_state_dict, inferred_config, list_weights, load_weights, read_card, read_foreign, save_weights

_IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}

# What the originals' own code says of their input and output.
_CARDS: dict[str, dict[str, Any]] = {
    "hydranet": {
        "input": {"height": 480, "width": 640, "resize": "native", "multiple": 1, **_IMAGENET},
        "licence": "academic use only, as the original's checkpoints",
        "attribution": "Nekrasov et al., Real-Time Joint Semantic Segmentation and Depth Estimation (...), ICRA 2019",
    },
    "mdeas": {
        "input": {"height": 224, "width": 224, "resize": "stretch", "multiple": 1, "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]},
        "licence": "as the source of the checkpoint",
        "attribution": "the authors of the MDEAS reference implementation",
    },
}
IMPORTABLE = tuple(_CARDS)

# Depth ranges of HydraNet's training sets in m, and the focal lengths in pixels of their cameras.
_HYDRANET_DEPTH = {"nyud40": (0.1, 10.0, 518.9), "kitti6": (0.5, 80.0, 721.5)}


def show_list() -> None:
    """Name, architecture, outputs and file of every weights that a name stands for."""
    found = list_weights()
    for name, path in found.items():
        card = read_card(path)
        sys.stdout.write(f"{name}  {card.arch}  {', '.join(card.outputs)}  {card.bytes / 1e6:.1f} MB  {path}\n")
    if not found:
        sys.stdout.write(f"no weights in {', '.join(str(folder) for folder in search_folders('weights'))}\n")


def show_card(name: str) -> None:
    """The card as JSON. Raises WeightsError."""
    sys.stdout.write(read_card(name).to_json())


def verify(name: str | None) -> None:
    """Loads one, or all, as strictly as the node does. Raises WeightsError on the first that fails."""
    for each in [name] if name is not None else list_weights():
        _, card = load_weights(each)
        sys.stdout.write(f"{card.name}: whole, sha256 {card.sha256}, {card.parameters} parameters\n")


def import_checkpoint(file: Path, arch: str, name: str, label_space: str | None, licence: str, out: Path) -> None:
    """Writes out/NAME.safetensors and its card from an original's checkpoint. Raises WeightsError, ConfigError."""
    content = read_foreign(file)
    net = create_model(arch, **inferred_config(arch, content))
    net.load_state_dict(convert_state_dict(arch, content))
    _check_classes(net.config.get("num_classes") if "labels" in net.outputs else None, label_space)
    spaced = f"--label-space {label_space}" if label_space else ""
    card = save_weights(out / name, net, {
        **_CARDS[arch],
        "arch": arch,
        "label_space": label_space,
        "depth": _depth(arch, label_space) if "depth" in net.outputs else None,
        "foreground": {"threshold": 0.5} if "foreground" in net.outputs else None,
        "metrics": [],
        "data": [f"unknown to this package; converted from {file.name}"],
        "licence": licence or _CARDS[arch]["licence"],
        "commit": "",
        "command": f"mtdense weights import {file.name} --arch {arch} --name {name} {spaced}".rstrip(),
    })
    facts = f"{arch}, {card.parameters} parameters, {', '.join(card.outputs)}"
    sys.stdout.write(f"{out / name}.safetensors: {facts}; licence: {card.licence}\n")


def _check_classes(classes: int | None, label_space: str | None) -> None:
    """A label space must fit; a network with labels may go without one, and then has no names and colours."""
    if label_space is None:
        return
    found = len(load_label_space(label_space).classes)
    if found != classes:
        due = "no labels" if classes is None else f"{classes} classes"
        raise WeightsError(f"--label-space {label_space}: has {found} classes, the checkpoint {due}; name the one that it was trained with")


def _depth(arch: str, label_space: str | None) -> dict[str, Any]:
    if arch == "mdeas":
        return {"kind": "relative"}
    low, high, focal = _HYDRANET_DEPTH.get(label_space or "", _HYDRANET_DEPTH["nyud40"])
    return {"kind": "metric", "min_m": low, "max_m": high, "focal_px": focal}
