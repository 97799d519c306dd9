"""Two functions in parallel: NumPy and OpenCV release the interpreter lock while they work on large arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TypeVar

First = TypeVar("First")
Second = TypeVar("Second")

_threads: ContextVar[int] = ContextVar("threads", default=0)


@contextmanager
def limit_threads(threads: int) -> Iterator[None]:
    """Within it the calling thread does not run work in parallel where threads is 1; 0: no limit of its own."""
    token = _threads.set(threads or _threads.get())
    try:
        yield
    finally:
        _threads.reset(token)


def run_in_parallel(first: Callable[[], First], second: Callable[[], Second], worthwhile: bool = True) -> tuple[First, Second]:
    """The results of two functions; the second runs in another thread where that is worthwhile, allowed, and there are two processors.

    They must not share a buffer pool. The handover costs about 50 us. If the other thread has not begun when the first function
    ends, the second one runs here. Raises what they raise, after both have ended.
    """
    other = _handed_over(second) if worthwhile and _threads.get() != 1 and len(os.sched_getaffinity(0)) > 1 else None
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
    """None where no thread can be started: the main thread has ended, or the system allows no more."""
    try:
        return _helper().submit(work)
    except RuntimeError:
        _helper.cache_clear()  # the next one must not begin with this work, which is done here
        return None


@lru_cache(maxsize=1)
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="parallel")


os.register_at_fork(after_in_child=_helper.cache_clear)  # its thread is not in the child; what waits for it would never go
