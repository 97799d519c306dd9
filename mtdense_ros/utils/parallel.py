"""Two pieces of work at the same time: NumPy and OpenCV let go of the interpreter while they work on large arrays."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache
from typing import TypeVar

First = TypeVar("First")
Second = TypeVar("Second")

_allowed = True


def use_threads(threads: int) -> None:
    """Whether the process may work on two things at once from now on: not with 1 thread. 0: as many as there are processors."""
    global _allowed
    _allowed = threads != 1


def run_in_parallel(first: Callable[[], First], second: Callable[[], Second], worthwhile: bool = True) -> tuple[First, Second]:
    """What both give; the second works in a thread of its own, unless that is forbidden or not worthwhile, or there is but one processor.

    They must not share a buffer pool. A handover costs some 50 us. When the other thread is late and has not begun by the end of
    the first, the second is done here. Raises what they raise, after both have ended.
    """
    other = _handed_over(second) if worthwhile and _allowed and len(os.sched_getaffinity(0)) > 1 else None
    if other is None:
        return first(), second()
    try:
        mine = first()
    finally:
        here = other.cancel()
        if not here:
            wait([other])
    return mine, second() if here else other.result()


def _handed_over(work: Callable[[], Second]) -> Future[Second] | None:
    """None where there can be no other thread: the main one has ended while this one goes on, or the system gives no more."""
    try:
        return _helper().submit(work)
    except RuntimeError:
        _helper.cache_clear()  # the next one must not begin with this work, which is done here
        return None


@lru_cache(maxsize=1)
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="side by side")


os.register_at_fork(after_in_child=_helper.cache_clear)  # its thread is not in the child; what waits for it would never go
