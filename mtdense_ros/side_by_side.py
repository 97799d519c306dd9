"""Two pieces of work at the same time: NumPy and OpenCV let go of the interpreter while they work on large arrays."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache
from typing import TypeVar

First = TypeVar("First")
Second = TypeVar("Second")

_allowed = True


def use_threads(threads: int) -> None:
    """Whether the process may work on two things at once from now on: not with 1 thread. 0: as many as there are processors."""
    global _allowed
    _allowed = threads != 1


def both(first: Callable[[], First], second: Callable[[], Second], worthwhile: bool = True) -> tuple[First, Second]:
    """What both give; the second works in a thread of its own, unless that is forbidden or not worthwhile, or no processor is free.

    They must not share a workspace. A handover costs some 50 us. When the other thread is late and has not begun by the end of
    the first, the second is done here. Raises what they raise, after both have ended.
    """
    if not (worthwhile and _allowed and len(os.sched_getaffinity(0)) > 1):
        return first(), second()
    other = _helper().submit(second)
    try:
        mine = first()
    finally:
        here = other.cancel()
        if not here:
            wait([other])
    return mine, second() if here else other.result()


@lru_cache(maxsize=1)
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="side by side")
