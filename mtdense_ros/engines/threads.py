"""How many threads the process's torch operations on the CPU use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch


def use_threads(threads: int) -> None:
    """Makes them use this many; 0: as many as torch itself chose."""
    chosen_by_torch = _default_threads()
    _set(threads or chosen_by_torch)


@contextmanager
def one_thread() -> Iterator[None]:
    """They run in the caller's thread meanwhile: torch's pool would spin beside that of another engine."""
    _default_threads()
    before = torch.get_num_threads()
    _set(1)
    try:
        yield
    finally:
        _set(before)


def _set(threads: int) -> None:
    if threads != torch.get_num_threads():
        torch.set_num_threads(threads)


@lru_cache(maxsize=1)
def _default_threads() -> int:
    """How many threads torch chose, asked before anything sets another number: torch itself forgets it."""
    return torch.get_num_threads()
