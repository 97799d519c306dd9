"""What a process takes of the machine, from /proc."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """Processor time (s) and resident memory (MB) of a process, at a time (s, monotonic)."""

    at_s: float
    cpu_s: float
    rss_mb: float

    @classmethod
    def of(cls, pid: int) -> Usage:
        """Now. Raises OSError when there is no such process."""
        folder = Path("/proc") / str(pid)
        # The name, in brackets, may hold blanks; user and system time are fields 14 and 15 of the line.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        pages = int((folder / "statm").read_text().split()[1])
        ticks = int(fields[11]) + int(fields[12])
        return cls(time.monotonic(), ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1e6)

    def cores_since(self, before: Usage) -> float:
        """How many cores were busy for it on average since then."""
        return (self.cpu_s - before.cpu_s) / (self.at_s - before.at_s)
