"""The legend: all that decodes a recording of the outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.inference.predictor import Predictor


def legend_of(networks: MultiPredictor, depth_scale_mode: str, depth_scale: float = 1.0) -> dict[str, Any]:
    """Classes, outputs, and the networks that make them, ready for JSON.

    `networks` describes each with the outputs that it makes; model, arch, weights_sha256 and input_size are those of the first.
    `depth_kind` says what ~/depth holds: "metric" (m; so is relative depth with a scale), "relative", "inverse" (both
    without unit; inverse depth is greater where nearer) or None;
    `depth_factor` by what a fixed scale has multiplied it, None in the other modes.
    """
    space = networks.label_space
    described = [_network(networks, name, predictor) for name, predictor in networks.predictors.items()]
    return {
        "classes": [{"id": c.id, "name": c.name, "color": list(c.color)} for c in (space.classes if space is not None else ())],
        "label_space": None if space is None else space.name,
        "unlabelled": UNLABELLED,
        "outputs": list(networks.outputs),
        **{key: value for key, value in described[0].items() if key != "outputs"},
        "networks": described,
        "depth_kind": _depth_kind(networks, depth_scale_mode),
        "depth_scale": depth_scale_mode,
        "depth_factor": depth_scale if depth_scale_mode == "fixed" else None,
    }


def _network(networks: MultiPredictor, name: str, predictor: Predictor) -> Mapping[str, Any]:
    card = predictor.card
    (height, width), resize = predictor.input_size
    return {
        "model": name,
        "arch": card.arch,
        "weights_sha256": card.sha256,
        "input_size": {"height": height, "width": width, "resize": resize},
        "outputs": list(networks.made_by(name)),
    }


def _depth_kind(networks: MultiPredictor, depth_scale_mode: str) -> str | None:
    if networks.depth is None:
        return None
    return "metric" if depth_scale_mode != "none" else networks.depth.kind
