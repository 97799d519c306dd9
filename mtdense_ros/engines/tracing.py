"""A network prepared for graph compilers: folded, in parts, traced so that the result holds for any size and batch."""

from __future__ import annotations

import hashlib
import inspect
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from mtdense_ros import models
from mtdense_ros.engines.torch_engine import folded
from mtdense_ros.engines.torch_settings import torch_threads
from mtdense_ros.export.graph import Part, parts_of
from mtdense_ros.models import DenseNetwork

_SOURCES = tuple(Path(file).parent for file in (models.__file__, __file__, inspect.getfile(parts_of)))
"""The folders of all code that has a say in what tracing makes."""

_TRACED = (75, 101)  # height and width; a multiple of nothing, so that all padding and cropping is seen


def parts_to_trace(net: DenseNetwork) -> tuple[dict[str, Part], dict[str, Tensor]]:
    """The parts "frame" and, where the network takes one, "background", folded and with all outputs; and an example of every input."""
    net = folded(net).cpu()
    values = {"image": torch.randn(1, 3, *_TRACED, generator=torch.Generator().manual_seed(0))}
    *others, frame = parts_of(net, type(net).__name__, net.outputs, values["image"])
    for part in others:
        values.update(zip(part.outputs, part.module(values["image"]), strict=True))
    return dict(zip(("frame", "background"), (frame, *others), strict=False)), values


@contextmanager
def quiet_tracing() -> Iterator[None]:
    """In one thread, as torch's pool would compete with the engine's; without warnings of what is constant on purpose."""
    with torch_threads(1), warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        warnings.simplefilter("ignore", DeprecationWarning)  # of tracing itself
        yield


def digest(net: DenseNetwork, *versions: str) -> str:
    """A name for what tracing makes of a network: of its weights and configuration, of all code on the way, and the versions."""
    found = hashlib.sha256(json.dumps([type(net).__name__, net.config, torch.__version__, *versions]).encode())
    for path in (file for folder in _SOURCES for file in sorted(folder.glob("*.py"))):
        found.update(path.read_bytes())
    for name, value in net.state_dict().items():
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()
