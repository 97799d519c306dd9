"""ImageNet classifiers as encoders: where training starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mtdense_ros.errors import WeightsError, known_names
from mtdense_ros.models.efficientnet_lite import EfficientNetLite
from mtdense_ros.models.mobilenet_v2 import STEM_CHANNELS, MobileNetV2
from mtdense_ros.models.mobilenet_v3 import MobileNetV3
from mtdense_ros.weights.importers.config_inference import mobilenet_v3_variant
from mtdense_ros.weights.importers.convert import copied, plain_entries, refuse_extra
from mtdense_ros.weights.importers.names import (
    efficientnet_lite_names,
    flat_v2_names,
    hydranet_encoder_names,
    numbered_blocks,
    torchvision_v2_names,
)

_V2_CLASSIFIER = ("features.18.", "classifier.")
_V3_CLASSIFIER = ("classifier.",)
_LITE_CLASSIFIER = ("_conv_head.", "_bn1.", "_fc.")
"""The beginnings of the names of the classifier, with which the encoder ends; the HydraNet authors' file has none."""


def convert_encoder_state_dict(kind: str, state_dict: Mapping[str, Any]) -> dict[str, Tensor]:
    """A new state dict for our encoder, from an ImageNet classifier's checkpoint.

    kind: "mobilenet_v2", MobileNetV2 in torchvision's names, older ones of the same layout, or the HydraNet authors';
    "mobilenet_v3_large" or "mobilenet_v3_small", MobileNetV3 in torchvision's names; "efficientnet_lite0" or "efficientnet_lite1",
    as their PyTorch checkpoints are published. state_dict: as for convert_state_dict; the classifier is left out.
    torchvision's MobileNetV2 lacks the first block's expansion: ours becomes an identity, exactly so in evaluation mode (in
    training mode its BatchNorm normalises as any other). Raises WeightsError, naming the entry, for anything else that is
    missing, extra or of another shape.
    """
    if kind not in _KINDS:
        raise WeightsError(f"encoder '{kind}': is unknown; {known_names(kind, _KINDS)}")
    return _KINDS[kind](kind, plain_entries(kind, state_dict))


def _mobilenet_v2(kind: str, entries: dict[str, Tensor]) -> dict[str, Tensor]:
    with torch.device("meta"):
        expected = MobileNetV2().state_dict()
    if not any(name.startswith("features.") for name in entries):
        return _renamed(kind, entries, expected, hydranet_encoder_names(expected))
    identity = _identity_expansion("layer2.0.expand", STEM_CHANNELS)
    expected = {name: value for name, value in expected.items() if name not in identity}
    original = torchvision_v2_names(expected)
    if "features.1.conv.0.weight" in entries:
        original = flat_v2_names(original)
    return {**identity, **_renamed(kind, _without(entries, _V2_CLASSIFIER), expected, original)}


def _mobilenet_v3(kind: str, entries: dict[str, Tensor]) -> dict[str, Tensor]:
    _, reduced_tail = mobilenet_v3_variant(kind, entries, "features.")
    with torch.device("meta"):
        expected = MobileNetV3(kind.removeprefix("mobilenet_v3_"), reduced_tail=reduced_tail).state_dict()
    return _renamed(kind, _without(entries, _V3_CLASSIFIER), expected, numbered_blocks(expected, "features."))


def _efficientnet_lite(kind: str, entries: dict[str, Tensor]) -> dict[str, Tensor]:
    with torch.device("meta"):
        expected = EfficientNetLite(kind.removeprefix("efficientnet_")).state_dict()
    return _renamed(kind, _without(entries, _LITE_CLASSIFIER), expected, efficientnet_lite_names(expected))


_KINDS: dict[str, Callable[[str, dict[str, Tensor]], dict[str, Tensor]]] = {
    "efficientnet_lite0": _efficientnet_lite,
    "efficientnet_lite1": _efficientnet_lite,
    "mobilenet_v2": _mobilenet_v2,
    "mobilenet_v3_large": _mobilenet_v3,
    "mobilenet_v3_small": _mobilenet_v3,
}


def _renamed(kind: str, entries: Mapping[str, Tensor], expected: Mapping[str, Tensor], original: Mapping[str, str]) -> dict[str, Tensor]:
    """The expected entries out of the original's; original: our name -> theirs."""
    refuse_extra(kind, entries, set(original.values()))
    return {name: copied(kind, entries, original[name], value) for name, value in expected.items()}


def _without(entries: Mapping[str, Tensor], beginnings: tuple[str, ...]) -> dict[str, Tensor]:
    return {name: value for name, value in entries.items() if not name.startswith(beginnings)}


def _identity_expansion(name: str, channels: int) -> dict[str, Tensor]:
    """Entries of a 1x1 convolution and a BatchNorm that change nothing: the variance and eps sum up to 1."""
    norm = nn.BatchNorm2d(channels)
    norm.running_var.fill_(1 - norm.eps)  # type: ignore[union-attr]
    kernel = torch.eye(channels).reshape(channels, channels, 1, 1)
    return {f"{name}.0.weight": kernel, **{f"{name}.1.{part}": value.detach() for part, value in norm.state_dict().items()}}
