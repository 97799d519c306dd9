"""What a command tells its user while it works."""

from __future__ import annotations

import sys
import time

PERIOD_S = 0.2


class Console:
    """Lines on the standard output, and one line of progress that rewrites itself on a terminal. name: the command's."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next = 0.0
        self._open_line = False

    def say(self, text: str) -> None:
        """One line."""
        self._end_progress()
        sys.stdout.write(f"{self._name}: {text}\n")
        sys.stdout.flush()

    def show(self, text: str) -> None:
        """Text without the command's name: results."""
        self._end_progress()
        sys.stdout.write(text)
        sys.stdout.flush()

    def progress(self, text: str) -> None:
        """How far it is, a few times per second; nothing when the output is no terminal."""
        if not sys.stdout.isatty() or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + PERIOD_S
        self._open_line = True
        sys.stdout.write(f"\r{self._name}: {text}\x1b[K")
        sys.stdout.flush()

    def _end_progress(self) -> None:
        if self._open_line:
            sys.stdout.write("\n")
            self._open_line = False
