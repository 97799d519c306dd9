"""What all commands of the package share: exit codes, errors in one line instead of a traceback, progress, and how files quote them."""

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
    """Runs a command: 0, or the code that it returns; `failed` after an error of ours, which is written in one line; 130 after Ctrl-C.

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
    """A command as it is recorded in files that leave this machine."""
    return shlex.join(map(without_folders, words))


class ProgressLine:
    """One line on the standard error that rewrites itself; nothing where that is no terminal.

    period_s: texts that follow the one shown before sooner than this are left out. lines: where the standard error is no terminal,
    each text is a line of its own.
    """

    def __init__(self, period_s: float = 0.0, lines: bool = False) -> None:
        self._period_s = period_s
        self._lines = lines
        self._next = 0.0
        self._shown = False

    def show(self, text: str) -> None:
        """Replaces the line."""
        terminal = sys.stderr.isatty()
        if not (terminal or self._lines) or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._period_s
        self._shown = terminal
        sys.stderr.write(f"\r{text}\x1b[K" if terminal else f"{text}\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Removes the line, before anything else is written to the terminal."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False


class Console:
    """What a command says: messages with its name and results on the standard output, and a line of progress."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._progress = ProgressLine(period_s=0.2)

    def say(self, text: str) -> None:
        """One line."""
        self.show(f"{self._name}: {text}\n")

    def show(self, text: str) -> None:
        """Text without the command's name: results."""
        self._progress.clear()
        sys.stdout.write(text)
        sys.stdout.flush()

    def progress(self, text: str) -> None:
        """How far it is, for people at a terminal."""
        self._progress.show(f"{self._name}: {text}")
