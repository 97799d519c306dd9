"""Settings of the whole process that engines in several threads hold at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock


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
