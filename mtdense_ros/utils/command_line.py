"""How every command of the package ends, and how files tell of it: what went wrong is one line, not a traceback."""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Callable, Iterable

from mtdense_ros.errors import MtdenseError

_FOLDERS = re.compile(r"(?<![\w.~/-])/(?!\s)(?:[^/'\":,\[\]{}]+/)+(?=[^/'\":,\[\]{}])")
"""Of an absolute path anywhere in a word: of an option's value, of a setting, of a list of sources."""


def exit_code(command: Callable[[], object], name: str = "mtdense", failed: int = 2) -> int:
    """Runs a command: 0, or the code that it returns; `failed` after an error of ours, told in one line; 130 after Ctrl-C.

    name: stands before both.
    """
    try:
        code = command()
    except MtdenseError as error:
        sys.stderr.write(f"{name}: {error}\n")
        return failed
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{name}: interrupted\n")
        return 130
    return code if isinstance(code, int) else 0


def without_folders(word: str) -> str:
    """A word of a command without the folders of absolute paths: where a file lies is its machine's affair."""
    return _FOLDERS.sub("", word)


def portable_command(words: Iterable[str]) -> str:
    """A command as a file that leaves this machine tells it."""
    return shlex.join(map(without_folders, words))


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
