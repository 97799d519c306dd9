"""Weights to ONNX files, in memory: nothing leaves here that was not compared with torch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import torch

from mtdense_ros.export.comparison import Size, largest_differences, random_image
from mtdense_ros.export.graph import onnx_model, parts_of
from mtdense_ros.export.runtime import libraries
from mtdense_ros.models import DenseNetwork
from mtdense_ros.weights import Card

CARD_KEY = "mtdense_card"
"""The metadata entry with the card of the weights, as JSON."""

# Height and width of the example that a graph of any size is traced from. A multiple of nothing: an even one would hide the
# padding and cropping that other sizes need.
_TRACED = (75, 101)
_OTHER_SIZES = ((96, 64), (111, 85))


@dataclass(frozen=True)
class OnnxFile:
    """name: without ".onnx"; content: of the file; differences: from torch, per output, as comparison.difference measures."""

    name: str
    content: bytes
    inputs: tuple[str, ...]
    differences: dict[str, float]


def export_onnx(net: DenseNetwork, card: Card, size: Size | None = None, outputs: Collection[str] | None = None) -> list[OnnxFile]:
    """The files of a network in evaluation mode: `NAME_background` where the outputs need one, and last `NAME`.

    size: (height, width) of the images; None leaves both open. outputs: these only (None: all). `image` is (1, 3, height,
    width) float32, normalised as the card says; the features that NAME_background makes are `background_0`, `background_1`
    and so on. Raises ExportError when a file does not compute what torch computes, DependencyError where onnx or
    onnxruntime is missing, and InputError for an output that the network lacks or a size that it cannot take.
    """
    values = {"image": random_image(card.input, size or _TRACED)}
    with torch.no_grad():
        parts = parts_of(net, card.name, net.chosen(outputs), values["image"])
        contents = []
        for part in parts:
            contents.append(_content(onnx_model(part, values, dynamic=size is None), card))
            values.update(zip(part.outputs, part.module(*(values[name] for name in part.inputs)), strict=True))
        sizes = [size] if size else [(card.input.height, card.input.width), *_OTHER_SIZES]
        differences = largest_differences(parts, contents, card.input, sizes)
    return [OnnxFile(p.name, content, p.inputs, found) for p, content, found in zip(parts, contents, differences, strict=True)]


def _content(model: Any, card: Card) -> bytes:
    """A model that describes itself, as the bytes of its file."""
    onnx, _ = libraries()
    model.graph.name = card.name
    model.doc_string = f"image: RGB (1, 3, height, width), value / 255, minus mean, over std: `input` of {CARD_KEY} in the metadata"
    onnx.helper.set_model_props(model, {CARD_KEY: card.to_json()})
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content
