"""How many threads torch's operations on the CPU use, and how exact its convolutions on a GPU are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache

import torch

_lock = threading.Lock()
_inside = threading.local()
_users = 0
_outside = 1
"""The number of threads before the first of the current users set another one."""

_cudnn_lock = threading.Lock()
_cudnn_users = 0
_cudnn_flags = ExitStack()


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Within it the calling thread's operations use this many threads; 0: as many as torch itself chose.

    Torch has one number for the process, which each thread takes over with its first operation. So what is put back is the
    number from before anybody was inside, and not what another user's thread has set meanwhile.
    """
    global _users, _outside
    with _lock:
        chosen_by_torch = _default_threads()
        if _users == 0:
            _outside = torch.get_num_threads()
        _users += 1
    before = getattr(_inside, "threads", None)
    _inside.threads = threads or chosen_by_torch
    _set(_inside.threads)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
        _inside.threads = before
        _set(before or _outside)


@contextmanager
def exact_cudnn() -> Iterator[None]:
    """fp32 means fp32 within it, and kernels are tried out, as sizes stay the same.

    The flags are the process's: the first user sets them, and the last one puts them back.
    """
    global _cudnn_users
    with _cudnn_lock:
        if _cudnn_users == 0:
            _cudnn_flags.enter_context(torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False))
        _cudnn_users += 1
    try:
        yield
    finally:
        with _cudnn_lock:
            _cudnn_users -= 1
            if _cudnn_users == 0:
                _cudnn_flags.close()


def _set(threads: int) -> None:
    if threads != torch.get_num_threads():
        torch.set_num_threads(threads)


@lru_cache(maxsize=1)
def _default_threads() -> int:
    """How many threads torch chose, asked before anything here sets another number: torch itself forgets it."""
    return torch.get_num_threads()
