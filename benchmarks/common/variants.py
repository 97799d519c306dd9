"""The nodes that the benchmarks set against one another, and the environment in which each would be started."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any

import torch

from mtdense_ros.utils.processes import MALLOC, OPENMP, PROFILE_VARIABLES, ros_environment

TUNABLES = (*PROFILE_VARIABLES, "GLIBC_TUNABLES", *OPENMP)
WEIGHTS = "mtdense_indoor"


@dataclass(frozen=True)
class Variant:
    """module: what runs as the node; parameters: of it; tuned: whether node and sink have the launch file's environment;
    camera_tuned: the same of the camera, None: like the node; camera_depth: how many pictures its publisher keeps; needs: packages
    without which there is no such node, `cuda` for a GPU."""

    name: str
    module: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tuned: bool = True
    camera_tuned: bool | None = None
    camera_depth: int = 10
    needs: tuple[str, ...] = ()

    def missing(self) -> str:
        """Why this cannot run here, empty where it can."""
        if "cuda" in self.needs and not torch.cuda.is_available():
            return "no CUDA device here"
        absent = [name for name in self.needs if name != "cuda" and find_spec(name) is None]
        return f"{', '.join(absent)} not installed" if absent else ""


def ours(name: str, engine: str = "auto", precision: str = "fp32", **more: Any) -> Variant:
    """The package's node with this engine and precision."""
    needs = (engine,) if engine in ("openvino", "onnxruntime") else ()
    return Variant(name, "benchmarks.recorded_node", {"engine": engine, "precision": precision}, needs=needs, **more)


OURS = ours("fp32")
BF16 = ours("bf16", "openvino", "bf16")
CUDA = Variant("cuda fp16", "benchmarks.recorded_node", {"device": "cuda", "precision": "fp16"}, needs=("cuda",))
NAIVE = "benchmarks.naive_node"

VARIANTS = {
    v.name: v
    for v in (
        Variant("naive, queue 10", NAIVE, {"queue": 10}, tuned=False),
        Variant("naive, queue 1", NAIVE, {"queue": 1}, tuned=False),
        OURS,
        BF16,
        CUDA,
        *(replace(OURS, name=f"fp32, depth {depth}", camera_depth=depth) for depth in (1, 10)),
        replace(OURS, name="fp32, untuned camera", camera_tuned=False),
        Variant("relay", "benchmarks.relay_node"),
        *(ours(f"{engine} fp32", engine) for engine in ("torch", "onnxruntime", "openvino")),
    )
}
"""Every node by name: the yardstick, ours, ours under other conditions, one that does no work, and ours by engine."""


def environment(domain: str, tuned: bool) -> dict[str, str]:
    """Of a process in this ROS domain: as our launch file sets it, or with nothing set, as the middleware and the C library come."""
    bare = {k: v for k, v in ros_environment().items() if k not in TUNABLES} | {"ROS_DOMAIN_ID": domain}
    if not tuned:
        return bare
    profile = {name: ros_environment()[name] for name in PROFILE_VARIABLES if name in ros_environment()}
    return {**bare, **profile, "GLIBC_TUNABLES": os.environ.get("GLIBC_TUNABLES", MALLOC), **OPENMP}
