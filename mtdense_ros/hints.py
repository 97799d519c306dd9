"""Wording shared by errors about unknown names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def known_names(name: str, known: Iterable[str]) -> str:
    """The remedy part of an unknown-name error: the nearest known name, if any is near, and the full list."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    listed = ", ".join(names) if names else "none"
    return f"did you mean '{near[0]}'? known: {listed}" if near else f"known: {listed}"
