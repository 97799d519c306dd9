"""What the speed of an engine depends on: the processor, its cores, the GPU and the versions of the engines."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

DISTRIBUTIONS: Mapping[str, tuple[str, ...]] = {
    "torch": ("torch",),
    "openvino": ("openvino",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino"),
}
"""The packages that each engine comes in."""


@dataclass(frozen=True)
class Machine:
    """The CPU model, how many cores this process may use, the first CUDA device ("" without one), and the versions of the engines
    ("" where one is not installed)."""

    cpu: str
    cores: int
    gpu: str
    versions: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """The fields as a JSON file gives them back."""
        return asdict(self)

    @property
    def text(self) -> str:
        """For people."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items() if version)
        return f"{self.cpu}, {self.cores} cores{f', {self.gpu}' if self.gpu else ''}; {versions}"


@cache
def this_machine() -> Machine:
    """Of the machine, container or affinity that this process lives in."""
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
    return Machine(cpu_name(), len(os.sched_getaffinity(0)), gpu, {name: engine_version(name) for name in DISTRIBUTIONS})


def cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name and number of its model, such as "AMD EPYC, family 25 model 17"; its architecture where that is unknown."""
    fields: dict[str, str] = {}
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.machine()
    for line in text.partition("\n\n")[0].splitlines():  # of the first core
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    if "model name" not in fields:
        return platform.machine()
    number = f", family {fields['cpu family']} model {fields['model']}" if {"cpu family", "model"} <= fields.keys() else ""
    return fields["model name"] + number


def engine_version(engine: str) -> str:
    """The installed version of an engine, "" without one; nothing is imported."""
    for distribution in DISTRIBUTIONS[engine]:
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""
