"""Checkpoints of the original implementations: read without executing anything, and renamed strictly."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mtdense_ros.errors import WeightsError
from mtdense_ros.hints import known_names
from mtdense_ros.models import create_model

_COUNTER = "num_batches_tracked"
_WRAPPER = "state_dict"
_PARALLEL_PREFIX = "module."

# Text of our entry names -> the originals', replaced in this order.
_HYDRANET = {
    "encoder.": "",
    ".expand.": ".output.0.",
    ".depthwise.": ".output.1.",
    ".project.": ".output.2.",
    "decoder.reduce.layer": "conv",
    **{f"decoder.crp.stride{2 ** (n + 1)}.stages.{k}.": f"crp{n}.0.{k + 1}_outvar_dimred." for n in (1, 2, 3, 4) for k in range(4)},
    **{f"decoder.adapt.stride{2 ** (n + 1)}.": f"conv_adapt{n}." for n in (2, 3, 4)},
    **{f"heads.{ours}.scale.": f"pre_{theirs}." for ours, theirs in (("labels", "segm"), ("depth", "depth"), ("normals", "normal"))},
    **{f"heads.{ours}.predict.": f"{theirs}." for ours, theirs in (("labels", "segm"), ("depth", "depth"), ("normals", "normal"))},
}
_MDEAS = {
    "stem_background.": "InitBlock_1.",
    "stem_frame.": "InitBlock_2.",
    **{f"encoder.blocks.{k}.": f"DenseBlock_{k + 1}." for k in range(3)},
    **{f"bottleneck.dilated.{k}.": f"BottleNeck.DilationBlock_{k + 1}." for k in range(4)},
    "bottleneck.reduce.": "BottleNeck.one.",
    "bottleneck.to_mask.": "BottleNeck.one1.",
    "bottleneck.to_depth.": "BottleNeck.one2.",
    **{f"heads.depth.blocks.{k}.": f"DepthDecoder.DecoderBlock_{k + 1}.DenseBlock." for k in range(4)},
    **{f"heads.foreground.blocks.{k}.": f"MaskDecoder.DecoderBlock_{k + 1}.DenseBlock." for k in range(4)},
    "heads.depth.predict.": "DepthDecoder.LastDepthBlock.0.",
    "heads.foreground.predict.": "MaskDecoder.LastMaskBlock.0.",
    **{f".convs.{k}.": f".DepthConvBlock{k + 1}." for k in range(3)},
    ".project.": ".one.",
}
_NAMES = {"hydranet": _HYDRANET, "mdeas": _MDEAS}


def convert_state_dict(arch: str, state_dict: Mapping[str, Any]) -> dict[str, Tensor]:
    """A new state dict in our names, for create_model(arch, **inferred_config(arch, state_dict)).

    arch: "hydranet" or "mdeas". state_dict: the original's entries, also inside {"state_dict": ...} and with `module.`
    before each name; BatchNorm counters that old torch versions did not write are filled with 0. Raises WeightsError, naming
    the entry, for anything else that is missing, extra or of another shape.
    """
    entries = _entries(arch, state_dict)
    with torch.device("meta"):  # names and shapes are all that is needed
        expected = create_model(arch, **_config(arch, entries)).state_dict()
    original = {name: original_name(arch, name) for name in expected}
    for name in entries:
        if name not in original.values():
            raise WeightsError(f"{arch} checkpoint: entry '{name}' is not part of the original network; name the file's own architecture")
    return {name: _converted(arch, entries, original[name], value) for name, value in expected.items()}


def inferred_config(arch: str, state_dict: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration for create_model(arch, ...), from the entries and their shapes. Raises WeightsError."""
    return _config(arch, _entries(arch, state_dict))


def read_foreign(path: str | Path) -> dict[str, Any]:
    """What torch.save wrote to a file, tensors and plain containers only: pickled code is refused, never executed.

    Raises WeightsError for a missing or damaged file and for one that holds anything else.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"checkpoint {path}: the file does not exist; correct the path")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        reason = f"loading it would run code ('{named[1]}')" if named else "it is damaged or holds more than tensors"
        raise WeightsError(f"checkpoint {path}: refused, {reason}; where you trust its source, save only its state_dict() there") from error
    except Exception as error:  # a file that is no checkpoint fails in any way
        reason = f"{type(error).__name__}: {error}".partition(". ")[0]
        raise WeightsError(f"checkpoint {path}: not a file of torch.save, or damaged ({reason}); download it again") from error
    if not isinstance(content, Mapping):
        raise WeightsError(f"checkpoint {path}: holds a {type(content).__name__}, no state_dict; save the network's state_dict()")
    return dict(content)


def _entries(arch: str, state_dict: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors by the original's plain names."""
    if arch not in _NAMES:
        raise WeightsError(f"checkpoint of architecture '{arch}': cannot be converted; {known_names(arch, _NAMES)}")
    if isinstance(state_dict.get(_WRAPPER), Mapping):
        state_dict = state_dict[_WRAPPER]
    entries = {}
    for name, value in state_dict.items():
        if not isinstance(value, Tensor):
            raise WeightsError(f"{arch} checkpoint: entry '{name}' is a {type(value).__name__}, no tensor; pass the network's state_dict")
        plain = str(name).removeprefix(_PARALLEL_PREFIX)
        if plain in entries:
            twice = f"entry '{plain}' is there with and without '{_PARALLEL_PREFIX}' before its name"
            raise WeightsError(f"{arch} checkpoint: {twice}; keep the one that was trained")
        entries[plain] = value
    return entries


def _config(arch: str, entries: Mapping[str, Tensor]) -> dict[str, Any]:
    if arch == "mdeas":
        return {}
    tasks = [task for task, theirs in (("labels", "segm"), ("depth", "depth"), ("normals", "normal"))
             if any(name.startswith((f"{theirs}.", f"pre_{theirs}.")) for name in entries)]
    if not tasks:
        raise WeightsError(f"{arch} checkpoint: entry 'segm.weight' is missing, and so is every other head; is it another network's?")
    if "labels" not in tasks:
        return {"tasks": tasks}
    scores = entries.get("segm.weight")
    if scores is None or scores.ndim != 4 or scores.shape[0] < 1:
        found = "is missing" if scores is None else f"is {list(scores.shape)}, not [classes, 256, 3, 3]"
        raise WeightsError(f"{arch} checkpoint: entry 'segm.weight' {found}; use the original's complete state_dict")
    return {"num_classes": scores.shape[0], "tasks": tasks}


def original_name(arch: str, name: str) -> str:
    """The original's name of an entry of ours."""
    for ours, theirs in _NAMES[arch].items():
        name = name.replace(ours, theirs)
    return name


def _converted(arch: str, entries: Mapping[str, Tensor], name: str, expected: Tensor) -> Tensor:
    """A copy of the original's entry `name` in the type of ours."""
    if name not in entries:
        if name.endswith(_COUNTER):
            return torch.zeros(expected.shape, dtype=expected.dtype)
        raise WeightsError(f"{arch} checkpoint: entry '{name}' is missing; use the original's complete state_dict")
    value = entries[name]
    if value.shape != expected.shape or value.is_floating_point() != expected.is_floating_point():
        found, due = (f"{tensor.dtype} {list(tensor.shape)}" for tensor in (value, expected))
        raise WeightsError(f"{arch} checkpoint: entry '{name}' is {found}, the network has {due}; use a checkpoint of this architecture")
    return value.detach().to(expected.dtype, copy=True)
