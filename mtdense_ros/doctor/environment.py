"""Whose environment variables count: those of the node that runs, else those of this shell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NODE_PROGRAMS = (b"mtdense_node", b"mtdense_ros.ros.node")


@dataclass(frozen=True)
class Surroundings:
    """Environment variables, and of whom: "the node that runs (PID)" or "this shell"."""

    whose: str
    variables: Mapping[str, str]

    @property
    def is_node(self) -> bool:
        """Whether they are a running node's."""
        return self.whose != "this shell"


def surroundings(processes: Path = Path("/proc")) -> Surroundings:
    """Of the first node of ours that runs and whose variables may be read."""
    for folder in sorted(processes.glob("[0-9]*")):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if any(word.endswith(NODE_PROGRAMS) for word in words[:4]):
                return Surroundings(f"the node that runs ({folder.name})", _variables((folder / "environ").read_bytes()))
        except OSError:  # ended meanwhile, or somebody else's
            continue
    return Surroundings("this shell", dict(os.environ))


def _variables(block: bytes) -> dict[str, str]:
    pairs = (entry.decode(errors="replace").partition("=") for entry in block.split(b"\0") if entry)
    return {name: value for name, _, value in pairs}
