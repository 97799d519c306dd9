"""What a file says and what a person says of it -> how the network is run. What neither says is named, not guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtdense_ros.errors import WeightsError, known_names
from mtdense_ros.graphs.description import Description, Dimension, Tensor
from mtdense_ros.graphs.form import CardForm, InputForm, OutputForm
from mtdense_ros.imaging.label_spaces import load_label_spaces
from mtdense_ros.weights import DepthSpec, ForegroundSpec, GraphSpec, InputSpec
from mtdense_ros.weights.graph import KINDS, OUTPUT_CHANNELS, GraphInput, GraphOutput

_BYTE_MEAN, _BYTE_STD = (0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)
"""Leave the values of an 8-bit image as they are."""


class IncompleteCardError(WeightsError):
    """Something that nobody has said; `unknown` lists it, each with its remedy."""

    def __init__(self, unknown: Sequence[str]) -> None:
        super().__init__("the file does not say everything; give a --card with " + "; ".join(unknown))
        self.unknown = tuple(unknown)


@dataclass(frozen=True)
class Resolved:
    """All of a card that says how a file is run."""

    input: InputSpec
    graph: GraphSpec
    label_space: str | None
    depth: DepthSpec | None
    foreground: ForegroundSpec | None


def resolve(description: Description, form: CardForm) -> Resolved:
    """Everything put together. Raises IncompleteCardError where something is missing, WeightsError where file and form contradict."""
    unknown: list[str] = []
    image = _image(description.inputs, form.input, unknown)
    layout = _layout(image, form.input, unknown) if image else ""
    spec = _input(image, layout, form.input, unknown) if image and layout else None
    outputs = _outputs(description, form, layout, unknown)
    if not form.licence:
        unknown.append("licence: under which terms the network may be used")
    if unknown or image is None or spec is None:
        raise IncompleteCardError(unknown)
    others = {tensor.name for tensor in description.inputs} - {image.name, form.input.background}
    if others:
        raise WeightsError(f"input {', '.join(sorted(others))}: only an image and a background are given; export the network without")
    any_size = None in image.shape[_rows(layout) : _rows(layout) + 2]
    graph_input = GraphInput(
        image.name, layout, form.input.channels, image.dtype, any_size, image.shape[0] is None, form.input.background
    )
    space = form.label_space or None
    graph = GraphSpec(graph_input, outputs, _num_classes(description, outputs, space))
    if "foreground" in outputs and not form.input.background:
        raise WeightsError("outputs.foreground: needs input.background, the tensor that takes the reference frame; name it")
    return Resolved(spec, graph, space if "labels" in outputs else None, _depth(form), _foreground(form))


def _image(inputs: Sequence[Tensor], form: InputForm, unknown: list[str]) -> Tensor | None:
    if form.tensor:
        return _named(form.tensor, inputs, "input.tensor")
    images = [tensor for tensor in inputs if len(tensor.shape) == 4 and tensor.name != form.background]
    if len(images) == 1:
        return images[0]
    if not images:
        found = ", ".join(tensor.text for tensor in inputs)
        raise WeightsError(f"the file has no input of four dimensions, only {found}; export one that takes images")
    unknown.append(f"input.tensor: the one of {', '.join(t.name for t in images)} that takes the image, and input.background for the other")
    return None


def _named(name: str, tensors: Sequence[Tensor], key: str) -> Tensor:
    for tensor in tensors:
        if tensor.name == name:
            return tensor
    raise WeightsError(f"{key}: the file has no '{name}'; {known_names(name, [tensor.name for tensor in tensors])}")


def _layout(image: Tensor, form: InputForm, unknown: list[str]) -> str:
    able = [name for name, axis in (("nchw", 1), ("nhwc", 3)) if image.shape[axis] in (3, None)]
    if form.layout:
        if form.layout not in able:
            raise WeightsError(f"input.layout: '{form.layout}' does not fit {image.text}; {known_names(form.layout, able)}")
        return form.layout
    certain = [name for name, axis in (("nchw", 1), ("nhwc", 3)) if image.shape[axis] == 3]
    if len(certain) == 1:
        return certain[0]
    unknown.append(f"input.layout: nchw or nhwc, {image.text} does not show where the three colours are")
    return ""


def _rows(layout: str) -> int:
    return 2 if layout == "nchw" else 1


def _input(image: Tensor, layout: str, form: InputForm, unknown: list[str]) -> InputSpec | None:
    rows, columns = image.shape[_rows(layout) : _rows(layout) + 2]
    sides = _side("height", rows, form.height, unknown), _side("width", columns, form.width, unknown)
    integer = np.issubdtype(np.dtype(image.dtype), np.integer)
    mean, std = form.mean or (_BYTE_MEAN if integer else ()), form.std or (_BYTE_STD if integer else ())
    if len(mean) != 3 or len(std) != 3:
        unknown.append(
            "input.mean and input.std: three values each, of colours from 0 to 1: [0.485, 0.456, 0.406] and [0.229, 0.224, 0.225] for many "
            "networks that began on ImageNet, [0.5, 0.5, 0.5] twice for -1 to 1, [0, 0, 0] and [1, 1, 1] for 0 to 1"
        )
        return None
    if None in sides:
        return None
    fixed = rows is not None and columns is not None
    resize, multiple = ("stretch", 1) if fixed else (form.resize, form.multiple)
    return InputSpec(int(sides[0] or 0), int(sides[1] or 0), resize, multiple, (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))


def _side(name: str, of_file: Dimension, of_form: int, unknown: list[str]) -> int | None:
    if of_file and of_form and of_file != of_form:
        raise WeightsError(f"input.{name}: {of_form}, and the file takes {of_file} only; correct it or leave it out")
    if not of_file and not of_form:
        unknown.append(f"input.{name}: in pixels, the file takes any")
    return of_file or of_form or None


def _outputs(description: Description, form: CardForm, layout: str, unknown: list[str]) -> dict[str, GraphOutput]:
    given = dict(form.outputs)
    if not given:
        tensors = ", ".join(tensor.text for tensor in description.outputs)
        roles = "; ".join(f"{role} ({' or '.join(kinds)})" for role, kinds in KINDS.items())
        only = description.outputs[0] if len(description.outputs) == 1 else None
        if only is not None and np.issubdtype(np.dtype(only.dtype), np.integer):
            given = {"labels": OutputForm(kind="ids")}
        else:
            unknown.append(f"outputs: the role and kind of {tensors}: {roles}")
    found = {}
    for role, output in given.items():
        if role not in KINDS:
            raise WeightsError(f"outputs: '{role}' is unknown; {known_names(role, KINDS)}")
        tensor = _output_tensor(role, output, description.outputs, unknown)
        kind = output.kind or (KINDS[role][0] if len(KINDS[role]) == 1 else "")
        if not kind:
            unknown.append(f"outputs.{role}.kind: {' or '.join(KINDS[role])}")
        elif tensor is not None:
            axis = _channel_axis(role, kind, tensor, layout)
            found[role] = GraphOutput(tensor.name, kind, axis, output.first_id, output.frame)
    return found


def _output_tensor(role: str, output: OutputForm, tensors: Sequence[Tensor], unknown: list[str]) -> Tensor | None:
    if output.tensor:
        return _named(output.tensor, tensors, f"outputs.{role}.tensor")
    if len(tensors) == 1:
        return tensors[0]
    unknown.append(f"outputs.{role}.tensor: one of {', '.join(tensor.text for tensor in tensors)}")
    return None


def _channel_axis(role: str, kind: str, tensor: Tensor, layout: str) -> int:
    """Where the channels of an output are; -1 for a map (batch, height, width)."""
    wanted = 1 if kind == "ids" else OUTPUT_CHANNELS.get(role)
    if len(tensor.shape) == 3 and wanted == 1:
        return -1
    if len(tensor.shape) != 4:
        raise WeightsError(f"outputs.{role}: {tensor.text} is no map of batch, channels, height and width; export it as one")
    usual = [1, 3] if layout == "nchw" else [3, 1]
    fitting = [axis for axis in usual if wanted is None or tensor.shape[axis] in (wanted, None)]
    if not fitting:
        raise WeightsError(f"outputs.{role}: {tensor.text} has no {wanted} channel(s); name another tensor or role")
    return fitting[0]


def _num_classes(description: Description, outputs: dict[str, GraphOutput], space: str | None) -> int:
    """The classes of the label space, which must be those of the network; without one, as many as the network can give."""
    if "labels" not in outputs:
        if space is not None:
            raise WeightsError(f"label_space: '{space}', and no output has the role labels; leave it out")
        return 0
    labels = outputs["labels"]
    shape = next(tensor.shape for tensor in description.outputs if tensor.name == labels.tensor)
    channels = None if labels.kind == "ids" or labels.channel_axis < 0 else shape[labels.channel_axis]
    last = None if channels is None else channels + labels.first_id
    if space is None:
        return 255 if last is None else last
    named = sum(len(each.classes) for each in load_label_spaces(space, last))
    if last is not None and last != named:
        found = f"channel 0 has id {labels.first_id}, so {channels} channels reach to id {last - 1}"
        raise WeightsError(f"label_space: '{space}' has {named} classes; {found}; correct first_id or name another label space")
    return named


def _depth(form: CardForm) -> DepthSpec | None:
    depth = form.outputs.get("depth")
    if depth is None:
        return None
    if depth.kind != "metric":
        return DepthSpec(depth.kind)
    return DepthSpec("metric", depth.min_m, depth.max_m, depth.focal_px or None)


def _foreground(form: CardForm) -> ForegroundSpec | None:
    return ForegroundSpec(form.outputs["foreground"].threshold) if "foreground" in form.outputs else None
