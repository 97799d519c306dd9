"""What onnxruntime computes of the files, against what torch computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from mtdense_ros.errors import ExportError
from mtdense_ros.export.graph import Part
from mtdense_ros.export.runtime import session
from mtdense_ros.weights import InputSpec

TOLERANCE = 1e-4
"""The largest difference that passes, measured as `difference` does."""

Floats = NDArray[np.float32]
Size = tuple[int, int]

_SMOOTH = 8
_REMEDY = "nothing was written; use the versions that scripts/setup installs, and --size where --dynamic fails"


def largest_differences(
    parts: Sequence[Part], contents: Sequence[bytes], spec: InputSpec, sizes: Sequence[Size]
) -> list[dict[str, float]]:
    """Per part and output the largest `difference` at any of the sizes, (height, width) each.

    The parts run one after the other, as a user runs them: each side's second part gets what that side's first made of another
    image. Raises ExportError where a file cannot run, or where more than TOLERANCE lies between.
    """
    sessions = [session(content) for content in contents]
    worst: list[dict[str, float]] = [dict.fromkeys(part.outputs, 0.0) for part in parts]
    for size in sizes:
        ours: dict[str, Tensor] = {}
        theirs: dict[str, Floats] = {}
        for seed, (part, runner, largest) in enumerate(zip(parts, sessions, worst, strict=True)):
            ours["image"] = random_image(spec, size, seed)
            theirs["image"] = ours["image"].numpy()
            ours.update(zip(part.outputs, part.module(*(ours[name] for name in part.inputs)), strict=True))
            theirs.update(_run(part, runner, theirs, size))
            for output in part.outputs:
                largest[output] = max(largest[output], _passed(part, output, difference(theirs[output], ours[output].numpy()), size))
    return worst


def difference(found: Floats, expected: Floats) -> float:
    """The largest |found - expected| as a part of the largest |expected|; inf where the shapes differ."""
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), np.finfo(np.float32).tiny))


def random_image(spec: InputSpec, size: Size, seed: int = 0) -> Tensor:
    """Noise in the range of normalised images, (1, 3, height, width) float32.

    Smooth over a few pixels, as pictures are: in white noise the last bit of a resize's coordinates, which is nobody's fault,
    makes a difference of 2.6e-4 at 1919x1079.
    """
    coarse = np.random.default_rng(seed).random((1, 3, *(side // _SMOOTH + 1 for side in size)), np.float32)
    rgb = F.interpolate(torch.from_numpy(coarse), size=size, mode="bilinear")
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (spec.mean, spec.std))
    return (rgb - mean) / std


def _run(part: Part, runner: Any, values: Mapping[str, Floats], size: Size) -> dict[str, Floats]:
    try:
        return dict(zip(part.outputs, runner.run(part.outputs, {name: values[name] for name in part.inputs}), strict=True))
    except Exception as error:  # the exceptions of onnxruntime have no common base below this
        raise ExportError(f"{part.name}: onnxruntime fails at {size[1]}x{size[0]} ({' '.join(str(error).split())}); {_REMEDY}") from error


def _passed(part: Part, output: str, found: float, size: Size) -> float:
    if found <= TOLERANCE:  # which NaN is not
        return found
    where = f"{part.name}: '{output}' at {size[1]}x{size[0]}"
    raise ExportError(f"{where} differs from torch by {found:.1e}, {TOLERANCE:.0e} is allowed; {_REMEDY}")
