"""A thread that always works on the newest items: queues of old frames are what makes nodes lag."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any


class Worker:
    """Calls `work` with the newest item of each source, in its own thread; submitted jobs run in order, before the next item.

    Where several sources have one, it is the turn of the one whose last turn is the longest ago, so each gets its fair share and
    none can delay the others by more than one item of its own. An exception out of `work` ends the thread after `on_death` was
    called with it; `revive` starts the next one and counts it.
    """

    def __init__(self, work: Callable[[Any], None], on_death: Callable[[BaseException], None], name: str = "worker") -> None:
        self.restarts = 0
        self._work = work
        self._on_death = on_death
        self._name = name
        self._changed = threading.Condition()
        self._items: dict[Hashable, Any] = {}
        self._turns: dict[Hashable, int] = {}
        self._jobs: deque[tuple[Callable[[], object], Future[object]]] = deque()
        self._stopping = False
        self._begun_s: float | None = None
        self._thread = self._start_thread()

    def put(self, item: Any, source: Hashable = None) -> bool:
        """Deposits the newest item of a source; True when it replaced one that was never worked on."""
        with self._changed:
            replaced = source in self._items
            self._items[source] = item
            self._changed.notify()
        return replaced

    def submit(self, job: Callable[[], object]) -> Future[object]:
        """Runs a job between two items; its result or exception arrives in the future. Cancelled when the worker stops first."""
        future: Future[object] = Future()
        with self._changed:
            if self._stopping:
                future.cancel()
            else:
                self._jobs.append((job, future))
                self._changed.notify()
        return future

    @property
    def busy_s(self) -> float:
        """How long the item or job in work has been there (s); 0 while there is none."""
        begun_s = self._begun_s
        return 0.0 if begun_s is None else time.monotonic() - begun_s

    def discard(self, source: Hashable = None) -> bool:
        """Forgets the item of a source that waits; whether there was one."""
        with self._changed:
            waited = source in self._items
            self._items.pop(source, None)
        return waited

    def revive(self) -> bool:
        """Starts a new thread if the last one died; True when it did."""
        if self._stopping or self._thread.is_alive():
            return False
        self.restarts += 1
        self._thread = self._start_thread()
        return True

    def stop(self, timeout: float | None = 10.0) -> bool:
        """Ends the thread after the item in work, forgets the rest and cancels the jobs.

        False when it did not end in time (s; None: however long it takes).
        """
        with self._changed:
            self._stopping = True
            self._items.clear()
            waiting, self._jobs = self._jobs, deque()
            self._changed.notify()
        for _, future in waiting:
            future.cancel()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _start_thread(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        try:
            while self._step():
                pass
        except BaseException as error:
            self._on_death(error)

    def _step(self) -> bool:
        """One job or one item; False when the worker is to stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._jobs or self._items)
            if self._stopping:
                return False
            if self._jobs:
                job, future = self._jobs.popleft()
            else:
                job, item = None, self._next_item()
        self._begun_s = time.monotonic()
        try:
            if job is not None:
                _finish(job, future)
            else:
                self._work(item)
        finally:
            self._begun_s = None
        return True

    def _next_item(self) -> Any:
        """Takes the item whose turn it is; with the lock."""
        source = min(self._items, key=lambda each: self._turns.get(each, 0))
        self._turns[source] = 1 + max(self._turns.values(), default=0)
        return self._items.pop(source)


def _finish(job: Callable[[], object], future: Future[object]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(job())
    except Exception as error:
        future.set_exception(error)
