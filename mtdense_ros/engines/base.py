"""What every engine offers: a network, ready to run somewhere, arrays in and arrays out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

Features = tuple[Any, ...]
"""What an engine's `encode_background` made: of use to that engine only, which knows where it lies and in what format."""

PRECISIONS = ("auto", "fp32", "fp16", "bf16")


@dataclass(frozen=True)
class EngineOptions:
    """How a network is to be executed.

    The engine is one of create.ENGINES, the precision one of PRECISIONS. The device is "auto" (CUDA where there is one and the
    engine can use it), "cpu", "cuda" or "cuda:N". The number of CPU threads is the engine's choice where it is 0.
    """

    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0


class Engine(Protocol):
    """Runs one network. One caller at a time.

    The name is one of create.ENGINES, the precision one of PRECISIONS but "auto", and str(device) "cpu", "cuda" or "cuda:N".
    `rule` says, for the log, why this engine was chosen. `counters` count the images that "encoder" and each head have worked on.
    may_stall says whether the first run with another set of outputs may wait until that is compiled. If not, more than what is asked
    for is computed meanwhile, and the counters show it. torch compiles nothing and computes just what is asked for either way;
    on a GPU its first run with another set takes longer all the same, by a few runs without a CUDA graph.
    """

    name: str
    device: Any
    precision: str
    rule: str
    may_stall: bool
    counters: Counter[str]

    def encode_background(self, image: Floats) -> Features:
        """The features of a normalised background image (1, 3, h, w) float32. Raises InputError where the network takes none."""

    def concatenate(self, backgrounds: Sequence[Features]) -> Features:
        """The features of several backgrounds as those of one batch, in this order."""

    def run(self, images: Floats, background: Features | None = None, outputs: Collection[str] | None = None) -> dict[str, Floats]:
        """Raw maps of normalised images (B, 3, h, w) float32, each (B, C, h', w') float32, in memory that is the caller's.

        The background features are one result of `encode_background` for the whole batch, or `concatenate` of one per image;
        without them, what needs them is absent. Only `outputs` are computed, or all where it is None.
        """

    def close(self) -> None:
        """Gives back memory and threads; the engine is of no use afterwards."""


SUPPORTED_PRECISIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("torch", "cpu"): ("fp32", "bf16"),
    ("torch", "cuda"): ("fp32", "bf16", "fp16"),
    ("openvino", "cpu"): ("fp32", "bf16"),
    ("onnxruntime", "cpu"): ("fp32",),
    ("onnxruntime", "cuda"): ("fp32",),
}
"""By engine and device ("cpu", "cuda"). Whether a processor has bf16 shows when the engine is made."""
