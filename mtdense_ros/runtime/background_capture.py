"""Collecting the frames of a new reference: the next usable one, or the median of some seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError

PATIENCE_S = 2.0
"""A capture fails when it is not complete this long after it could have been."""

MOST_FRAMES = 31
"""Enough for a median, and a bound on memory."""

Usable = Callable[[NDArray[np.uint8]], bool]


class Capture:
    """One request for a reference of `seconds` (0: one frame) from the time `now` on (s, monotonic); `done` gets its answer.

    It fails when it is not complete `patience_s` after it could have been. usable: which frames (H, W, 3) may be taken.
    """

    def __init__(self, seconds: float, now: float, patience_s: float = PATIENCE_S, usable: Usable | None = None) -> None:
        self.done: Future[str] = Future()
        self.frames: list[NDArray[np.uint8]] = []
        self._complete_at = now + seconds
        self._patience_s = patience_s
        self._usable = usable
        self._spacing = seconds / (MOST_FRAMES - 1)
        self._next_at = now

    def offer(self, rgb: NDArray[np.uint8], now: float) -> bool:
        """Takes a usable frame, or passes it over when enough of this moment are there; True when the capture is complete.

        A frame of another size starts the collection again: the camera was switched.
        """
        if self.frames and self.frames[0].shape != rgb.shape:
            self.frames.clear()
        if now >= self._next_at and (self._usable is None or self._usable(rgb)):
            self.frames.append(rgb.copy())
            self._next_at = max(self._next_at + self._spacing, now)
        return bool(self.frames) and now >= self._complete_at

    def expired(self, now: float) -> bool:
        """Whether no frame completed it in time."""
        return now > self._complete_at + self._patience_s


class Captures:
    """The capture under way, if any. Methods may be called from any thread; whoever takes a capture off answers it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._current: Capture | None = None

    @property
    def active(self) -> bool:
        """Whether frames are needed."""
        return self._current is not None

    def start(self, seconds: float, patience_s: float = PATIENCE_S, usable: Usable | None = None) -> Future[str]:
        """Begins a capture, in place of one that was under way; see Capture."""
        capture = Capture(seconds, self._clock(), patience_s, usable)
        self.abandon("a newer request came")
        with self._lock:
            self._current = capture
        return capture.done

    def offer(self, rgb: NDArray[np.uint8]) -> Capture | None:
        """Shows a usable frame (H, W, 3) to the capture; returns it, taken off, when it is complete."""
        with self._lock:
            capture = self._current
            if capture is None or not capture.offer(rgb, self._clock()):
                return None
            self._current = None
            return capture

    def expire(self) -> None:
        """Fails a capture that got no frame in time."""
        with self._lock:
            late = self._current is not None and self._current.expired(self._clock())
        if late:
            self.abandon(f"no usable frame came within {PATIENCE_S:g} s; is the camera running? /diagnostics names the fault")

    def abandon(self, reason: str) -> None:
        """Fails the capture under way, if any."""
        with self._lock:
            capture, self._current = self._current, None
        if capture is not None:
            capture.done.set_exception(InputError(f"background capture: {reason}"))
