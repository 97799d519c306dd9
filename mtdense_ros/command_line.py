"""How every command of the package ends: what went wrong is one line, not a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from mtdense_ros.errors import MtdenseError


def exit_code(command: Callable[[], object]) -> int:
    """Runs a command: 0, 2 after an error of ours that was told in one line, 130 after Ctrl-C."""
    try:
        command()
    except MtdenseError as error:
        sys.stderr.write(f"mtdense: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nmtdense: interrupted\n")
        return 130
    return 0
