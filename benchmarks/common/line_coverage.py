"""Which lines of one file a piece of work runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any


class LineCoverage:
    """Of a module's functions: `executable` lines, and those that were `run` within `measuring`. What runs at import is in neither."""

    def __init__(self, module: ModuleType) -> None:
        assert module.__file__ is not None
        self._path = module.__file__
        top = compile(Path(self._path).read_text(encoding="utf-8"), self._path, "exec")
        lines = ((code, line) for code in _functions(top) for _, _, line in code.co_lines())
        self.executable = frozenset(line for code, line in lines if line and line != code.co_firstlineno)
        self.run: set[int] = set()

    @property
    def share(self) -> float:
        """Of the executable lines that were run."""
        return len(self.run & self.executable) / len(self.executable)

    @property
    def missed(self) -> list[int]:
        """The numbers of the others."""
        return sorted(self.executable - self.run)

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Notes the lines that this thread runs."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._note if frame.f_code.co_filename == self._path else None

    def _note(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self.run.add(frame.f_lineno)
        return self._note


def _functions(code: CodeType) -> Iterator[CodeType]:
    """The functions in a code object; the bodies of classes run at import."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & 0x02:  # CO_NEWLOCALS: a function, where a class body has none
                yield constant
            yield from _functions(constant)
