"""How every command of the package ends: what went wrong is one line, not a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from mtdense_ros.errors import MtdenseError


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
