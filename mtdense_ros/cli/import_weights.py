"""`mtdense weights import`: a checkpoint of an original implementation becomes weights with a card."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtdense_ros.cli.output_folder import OUT_HELP, output_folder
from mtdense_ros.errors import ConfigError, WeightsError
from mtdense_ros.imaging.label_spaces import load_label_spaces
from mtdense_ros.models import DenseNetwork, create_model
from mtdense_ros.utils.command_line import portable_command
from mtdense_ros.weights import DepthSpec, convert_state_dict, inferred_config, read_foreign, save_weights
from mtdense_ros.weights.card import DEPTH_KINDS
from mtdense_ros.weights.files import new_weights_path
from mtdense_ros.weights.importers.smoke_test import trial_run
from mtdense_ros.weights.input_statistics import input_statistics

_UNKNOWN = "as the source of the checkpoint"
_TRIAL_HW = (64, 96)
_LEAST_DEPTH_M = 0.1

# Input and output as the originals' own code defines them, and who made what they published.
_CARDS: dict[str, dict[str, Any]] = {
    "ffm": {
        "input": {"height": 128, "width": 160, "resize": "stretch", "multiple": 1},
        "licence": _UNKNOWN,
        "attribution": "network after Zhang et al., A Simple Baseline for Fast and Accurate Depth Estimation on Mobile Devices, CVPRW 2021",
    },
    "hydranet": {
        "input": {"height": 480, "width": 640, "resize": "native", "multiple": 1},
        "licence": "academic use only, as the original's checkpoints",
        "attribution": "Nekrasov et al., Real-Time Joint Semantic Segmentation and Depth Estimation (...), ICRA 2019",
    },
    "lraspp": {
        "input": {"height": 520, "width": 520, "resize": "shorter", "multiple": 1},
        "licence": "BSD-3-Clause, as torchvision",
        "attribution": "torchvision, Soumith Chintala and contributors; network after Howard et al., Searching for MobileNetV3, ICCV 2019",
        "data": "of torchvision's own weights: COCO with the labels of Pascal VOC, encoder from ImageNet; pictures under their own terms",
    },
    "mdeas": {
        "input": {"height": 224, "width": 224, "resize": "stretch", "multiple": 1},
        "licence": "MIT, as the original's repository",
        "attribution": "rohitrnath, Monocular-Depth-Estimation-and-Segmentation",
    },
    "mtdense": {
        "input": {"height": 192, "width": 256, "resize": "area", "multiple": 32},
        "licence": _UNKNOWN,
        "attribution": _UNKNOWN,
    },
}
IMPORTABLE = tuple(_CARDS)
_DEFAULT_SPACES = {("lraspp", 21): "voc21"}

# Depth ranges of HydraNet's training sets in m, and the focal lengths in pixels of their cameras.
_HYDRANET_DEPTH = {"nyud40": (0.1, 10.0, 518.9), "kitti6": (0.5, 80.0, 721.5)}


@dataclass(frozen=True)
class Facts:
    """What a card needs and the checkpoint does not hold; empty or None: the default of the architecture.

    label_space: name or path, several with "+" between them; licence: of the checkpoint; depth_kind: one of DEPTH_KINDS;
    focal_px: the focal length, in pixels of the network's input, for which metric depth holds; max_depth_m: its range.
    """

    label_space: str | None = None
    licence: str = ""
    depth_kind: str | None = None
    focal_px: float | None = None
    max_depth_m: float | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, with `run`, which takes them parsed."""
    parser.add_argument("file", type=Path, help="what torch.save wrote, also in the formats of torch 0.4 and Python 2, or safetensors")
    parser.add_argument("--arch", required=True, choices=IMPORTABLE, help="ffm and mtdense: state dicts in this package's own names")
    parser.add_argument("--name", required=True, help="of the new weights")
    parser.add_argument("--label-space", metavar="SPACE", help="name or path; several in the order of the logits: nyud40+kitti6 "
                        "(default: voc21 for lraspp with 21 classes, else none)")
    parser.add_argument("--licence", default="", help="of the checkpoint, when it is not the published one's")
    parser.add_argument("--depth-kind", choices=DEPTH_KINDS, help="default: metric for hydranet, and with --focal or --max-depth")
    parser.add_argument("--focal", type=float, metavar="PX", help="focal length, in pixels of the network's input, for which metric depth "
                        "holds (default for hydranet: that of the first label space's camera, 518.9 for nyud40, 721.5 for kitti6)")
    parser.add_argument("--max-depth", type=float, metavar="M", help="of metric depth (default for hydranet: 10 for nyud40, 80 for kitti6)")
    parser.add_argument("--out", type=Path, metavar="DIR", help=OUT_HELP)
    parser.add_argument("--force", action="store_true", help="replace weights of that name")
    parser.set_defaults(run=lambda o: import_checkpoint(
        o.file, o.arch, o.name, Facts(o.label_space, o.licence, o.depth_kind, o.focal, o.max_depth), output_folder(o.out), o.force
    ))


def import_checkpoint(file: Path, arch: str, name: str, facts: Facts, out: Path, force: bool = False) -> None:
    """Writes out/NAME.safetensors and its card from an original's checkpoint, after one run. Raises WeightsError, ConfigError."""
    target = new_weights_path(out, name, force=force)
    content = read_foreign(file)
    net = create_model(arch, **inferred_config(arch, content))
    net.load_state_dict(convert_state_dict(arch, content))
    trial_run(net, _TRIAL_HW, f"checkpoint {file}")
    space = facts.label_space or _DEFAULT_SPACES.get((arch, net.config.get("num_classes", 0)))
    if space is not None:
        check_classes(net, space, f"--label-space {space}")
    source = f"converted from {file.name}, sha256 {hashlib.sha256(file.read_bytes()).hexdigest()}"
    card = save_weights(target, net, {
        **_CARDS[arch],
        "input": {**_CARDS[arch]["input"], **dataclasses.asdict(input_statistics(net))},
        "arch": arch,
        "label_space": space,
        "depth": _depth(net, arch, facts, space),
        "foreground": {"threshold": 0.5} if "foreground" in net.outputs else None,
        "metrics": [],
        "data": [_CARDS[arch].get("data", "unknown to this package"), source],
        "licence": facts.licence or _CARDS[arch]["licence"],
        "commit": "",
        "command": _command(file, arch, name, facts),
    })
    facts_text = f"{arch}, {card.parameters} parameters, {', '.join(card.outputs)}"
    sys.stdout.write(f"{target}: {facts_text}; ran once, all outputs finite; licence: {card.licence}\n")
    if "labels" in net.outputs and space is None:
        sys.stdout.write("without a label space its classes have no names and colours; give --label-space, such as nyud40\n")


def check_classes(net: DenseNetwork, label_space: str, where: str) -> None:
    """Raises WeightsError, which begins with `where`, unless the label spaces together have the network's classes."""
    try:
        found = sum(len(space.classes) for space in load_label_spaces(label_space, net.config.get("num_classes")))
    except ConfigError as error:
        raise WeightsError(f"{where}: {error}") from error
    if "labels" not in net.outputs or found != net.config["num_classes"]:
        if "labels" not in net.outputs:
            raise WeightsError(f"{where}: the network has no labels; leave the label space out")
        due = net.config["num_classes"]
        raise WeightsError(f"{where}: has {found} classes, the network {due} classes; name the one that it was trained with")


def _depth(net: DenseNetwork, arch: str, facts: Facts, space: str | None) -> DepthSpec | None:
    """The meaning of depth: what the options say, completed by what is known of HydraNet's training sets. Raises WeightsError."""
    numbers = facts.max_depth_m is not None or facts.focal_px is not None
    if "depth" not in net.outputs:
        if numbers or facts.depth_kind:
            raise WeightsError("--depth-kind, --focal, --max-depth: the checkpoint has no depth; leave them out")
        return None
    without_unit = facts.depth_kind not in (None, "metric")
    if without_unit and numbers:
        raise WeightsError(f"--depth-kind {facts.depth_kind}: has neither unit nor range; leave --focal and --max-depth out")
    if without_unit or (facts.depth_kind is None and not numbers and arch != "hydranet"):
        return DepthSpec(facts.depth_kind or "relative")
    low, high, focal = _hydranet_depth(space) if arch == "hydranet" else (_LEAST_DEPTH_M, None, None)
    high = high if facts.max_depth_m is None else facts.max_depth_m
    focal = focal if facts.focal_px is None else facts.focal_px
    if high is None or focal is None:
        raise WeightsError(f"metric depth: a checkpoint of {arch} holds neither focal length nor range; give both --focal and --max-depth")
    return DepthSpec("metric", low, high, focal)


def _hydranet_depth(space: str | None) -> tuple[float, float, float]:
    """Lower and upper bound and focal length; of a joint network the bounds of both sets, and the focal length of the first."""
    sets = [_HYDRANET_DEPTH[part] for part in (space or "").split("+") if part in _HYDRANET_DEPTH] or [_HYDRANET_DEPTH["nyud40"]]
    return min(low for low, _, _ in sets), max(high for _, high, _ in sets), sets[0][2]


def _command(file: Path, arch: str, name: str, facts: Facts) -> str:
    words = ["mtdense", "weights", "import", file.name, "--arch", arch, "--name", name]
    options = {
        "--label-space": facts.label_space,
        "--licence": facts.licence,
        "--depth-kind": facts.depth_kind,
        "--focal": facts.focal_px,
        "--max-depth": facts.max_depth_m,
    }
    return portable_command([*words, *(word for key, value in options.items() if value not in (None, "") for word in (key, f"{value}"))])
