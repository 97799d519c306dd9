"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARN, FAIL, SKIP = "ok", "warn", "fail", "skip"
"""fail: something does not work; warn: it works less well than it could; skip: could not be looked at."""


@dataclass(frozen=True)
class Finding:
    """One line of the report: the status, the check's name, what was found, and what to change (empty: nothing)."""

    status: str
    name: str
    text: str
    remedy: str = ""

    def line(self) -> str:
        """As it is printed."""
        return f"{self.status:<4}  {self.name}: {self.text}" + (f"; {self.remedy}" if self.remedy else "")
