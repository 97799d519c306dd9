"""How many threads the process's torch operations on the CPU use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from threading import Lock

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


class Shared:
    """A context for several threads: the first one in enters what `make` gives, the last one out leaves it.

    If each entered its own, the first one out would put the settings back while the others still rely on them.
    """

    def __init__(self, make: Callable[[], AbstractContextManager[object]]) -> None:
        self._make = make
        self._lock = Lock()
        self._inside = 0
        self._held: AbstractContextManager[object] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._held is None:
                self._held = self._make()
                self._held.__enter__()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._held is not None:
                held, self._held = self._held, None
                held.__exit__(None, None, None)
