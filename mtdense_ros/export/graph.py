"""A network in parts, and the ONNX model of a part."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mtdense_ros.errors import ExportError
from mtdense_ros.export.runtime import libraries, write_simplified
from mtdense_ros.models import DenseNetwork

OPSET = 17
"""Version of the ONNX operators, that of 2022: it has all that the networks need, and older runtimes still read it."""


_AXES = ("batch", "channels", "height", "width")


@dataclass(frozen=True)
class Part:
    """What becomes a file of its own: `module` takes the inputs in their order and returns a tuple of the outputs."""

    name: str
    module: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class BackgroundOf(nn.Module):
    """A network's `encode_background` as a module of its own."""

    def __init__(self, net: DenseNetwork) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return self.net.encode_background(image)


class FrameOf(nn.Module):
    """A network with some of its outputs in a tuple and the background's features as arguments."""

    def __init__(self, net: DenseNetwork, outputs: tuple[str, ...]) -> None:
        super().__init__()
        self.net, self.outputs = net, outputs

    def forward(self, image: Tensor, *background: Tensor) -> tuple[Tensor, ...]:
        raw = self.net(image, background or None, self.outputs)
        return tuple(raw[key] for key in self.outputs)


def parts_of(net: DenseNetwork, name: str, outputs: tuple[str, ...], image: Tensor) -> list[Part]:
    """`NAME_background`, from the background image to its features, where the outputs need one; and `NAME`, which takes those
    features as further inputs, so that a program computes them once. The last is always the network's own."""
    if set(outputs).isdisjoint(net.needs_background):
        return [Part(name, FrameOf(net, outputs).eval(), ("image",), outputs)]
    features = tuple(f"background_{i}" for i in range(len(net.encode_background(image))))
    background = Part(f"{name}_background", BackgroundOf(net).eval(), ("image",), features)
    return [background, Part(name, FrameOf(net, outputs).eval(), ("image", *features), outputs)]


def onnx_model(part: Part, examples: Mapping[str, Tensor], dynamic: bool, any_batch: bool = False) -> Any:
    """The ModelProto of a part, traced with its inputs in `examples`; dynamic: with height and width of every map open;
    any_batch: with the number of images and of backgrounds open too."""
    onnx, _ = libraries()
    with tempfile.TemporaryDirectory() as folder:
        traced, simplified = Path(folder) / "traced.onnx", Path(folder) / "simplified.onnx"
        _trace(part, examples, (0,) * any_batch + (2, 3) * dynamic, traced)
        write_simplified(traced, simplified)
        model = onnx.load(simplified)
    for imported in list(model.opset_import):  # onnxruntime lists every domain that it knows
        if imported.domain:
            model.opset_import.remove(imported)
    return model


def _trace(part: Part, examples: Mapping[str, Tensor], open_axes: tuple[int, ...], path: Path) -> None:
    """Writes torch's own graph. Traced, though torch calls this the older way: its exporter on torch.export gives the same operations
    in ten times the time, needs another package, and cannot leave the size of every network open."""
    axes = {name: {axis: f"{name}_{_AXES[axis]}" for axis in open_axes} for name in (*part.inputs, *part.outputs)}
    inputs = tuple(examples[name] for name in part.inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of this exporter, said once by torch and again by its own parts
        # What a network decides by the image's size becomes a constant. Whether that is right is compared at several sizes.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        try:
            torch.onnx.export(
                part.module, inputs, path, dynamo=False, opset_version=OPSET,
                input_names=list(part.inputs), output_names=list(part.outputs), dynamic_axes=axes,
            )  # fmt: skip
        except (RuntimeError, torch.onnx.OnnxExporterError) as error:
            raise ExportError(
                f"{part.name}: torch {torch.__version__} cannot write it as opset {OPSET} ({error}); "
                "use the versions that scripts/setup installs"
            ) from error
