"""Whose environment variables count: those of the node that runs, else those of this shell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NODE_PROGRAMS = (b"mtdense_node", b"mtdense_ros.ros.node")


@dataclass(frozen=True)
class Environment:
    """Environment variables and their owner: "the node that runs (PID)" or "this shell"."""

    owner: str
    variables: Mapping[str, str]

    @property
    def is_node(self) -> bool:
        """Whether they are a running node's."""
        return self.owner != "this shell"


def find_environment(processes: Path = Path("/proc")) -> Environment:
    """The variables of the first node of this package that runs and lets them be read, else of this shell."""
    for folder in sorted(processes.glob("[0-9]*")):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if any(word.endswith(NODE_PROGRAMS) for word in words[:4]):
                return Environment(f"the node that runs ({folder.name})", _variables((folder / "environ").read_bytes()))
        except OSError:  # it has ended meanwhile, or belongs to somebody else
            continue
    return Environment("this shell", dict(os.environ))


def _variables(block: bytes) -> dict[str, str]:
    pairs = (entry.decode(errors="replace").partition("=") for entry in block.split(b"\0") if entry)
    return {name: value for name, _, value in pairs}
