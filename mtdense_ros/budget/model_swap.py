"""Swapping the networks of running pipelines: others are prepared while they work, and take over between two frames."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.inference.multi_predictor import EncodedBackgrounds, MultiPredictor
from mtdense_ros.pipeline.pipeline import Pipeline

Key = tuple[str, float]
"""The dtype, "" for the networks' own, and the fraction of the input's sides; see Setting.networks."""

OWN: Key = ("", 1.0)

Encoded = tuple[NDArray[np.uint8], EncodedBackgrounds]
"""A reference frame and what networks made of it."""


class ModelSwap:
    """Keeps the pipelines, which share their networks, at those that are wanted; what was made once is kept until `forget`.

    make returns the networks of a key, warmed up. submit runs a job between two frames. taken is called there with the key that is
    in use from now on; failed is called with a key whose networks could not be made, and the reason. Methods may be called from any
    thread.
    """

    def __init__(
        self,
        pipelines: Sequence[Pipeline],
        submit: Callable[[Callable[[], object]], Future[object]],
        make: Callable[[MultiPredictor, Key], MultiPredictor],
        taken: Callable[[Key], None],
        failed: Callable[[Key, Exception], None],
    ) -> None:
        self.in_use = OWN
        self._pipelines = pipelines
        self._submit = submit
        self._make = make
        self._taken = taken
        self._failed = failed
        self._lock = threading.Lock()
        self._wanted = OWN
        self._made: dict[Key, MultiPredictor] = {}
        self._retired: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._forgetting = False
        self._closed = False

    @property
    def own(self) -> MultiPredictor:
        """The networks that the pipelines came with."""
        if not self._made:
            self._made[OWN] = self._pipelines[0].networks
        return self._made[OWN]

    def want(self, key: Key) -> None:
        """These from as soon as they are ready."""
        with self._lock:
            self._wanted = key
            self._wake()

    def forget(self) -> None:
        """Soon lets all networks go that are neither the pipelines' own nor in use nor wanted by then."""
        with self._lock:
            self._forgetting = True
            self._wake()

    def counters(self) -> Counter[str]:
        """MultiPredictor.counters of all networks together, of those that were let go too."""
        with self._lock:
            total = self._retired.copy()
            for networks in self._made.values() or (self._pipelines[0].networks,):
                total.update(networks.counters)
            return total

    def close(self) -> None:
        """Takes no networks over any more."""
        with self._lock:
            self._closed = self._forgetting = True
            self._made.setdefault(OWN, self._pipelines[0].networks)

    def wait(self, seconds: float | None) -> bool:
        """Whether nothing is being made any more within this time (None: however long it takes), after `close`.

        A process that ends meanwhile would be aborted.
        """
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def release(self) -> None:
        """Closes all networks, the pipelines' own too; once, after `wait`, and when no frame is in work any more."""
        for networks in {OWN: self.own, **self._made}.values():
            networks.close()

    def _wake(self) -> None:
        """Starts the thread where there is something to do; with the lock."""
        if self._thread is None and not self._closed and self._due:
            self._thread = threading.Thread(target=self._work, name="mtdense swap", daemon=True)
            self._thread.start()

    @property
    def _due(self) -> bool:
        return self._forgetting or (self._wanted != self.in_use and not self._closed)

    def _work(self) -> None:
        """Makes networks, has them taken over and lets them go, one after the other: none goes while it is being taken over."""
        while True:
            with self._lock:
                if not self._due:
                    self._thread = None
                    return
                gone, key = self._forgotten(), self._wanted
            for networks in gone:
                networks.close()
            if key != self.in_use and not self._closed:
                self._follow(key)

    def _forgotten(self) -> list[MultiPredictor]:
        """Those that `forget` and `close` leave without use, no longer among those that were made; with the lock."""
        if not self._forgetting:
            return []
        self._forgetting = False
        kept = {OWN, self.in_use} if self._closed else {OWN, self.in_use, self._wanted}
        gone = [self._made.pop(key) for key in self._made.keys() - kept]
        for networks in gone:
            self._retired.update(networks.counters)
        return gone

    def _follow(self, key: Key) -> None:
        try:
            self._take(key)
        except CancelledError:  # the session ends
            self.close()
        except Exception as error:  # whatever a library says: the present networks go on
            with self._lock:
                in_vain, self._wanted = key == self._wanted, self.in_use if key == self._wanted else self._wanted
            if in_vain and not self._closed:
                self._failed(key, error)

    def _take(self, key: Key) -> None:
        if key not in self._made:
            made = self._make(self.own, key)
            with self._lock:
                self._made[key] = made
        networks = self._made[key]
        encoded = [encoded_for(pipeline, networks) for pipeline in self._pipelines]

        def take() -> None:
            with self._lock:
                if key != self._wanted or self._closed:
                    return
            now = [encoded_for(pipeline, networks, known) for pipeline, known in zip(self._pipelines, encoded, strict=True)]
            for pipeline, reference in zip(self._pipelines, now, strict=True):
                pipeline.use(networks, reference)
            self.in_use = key
            self._taken(key)

        self._submit(take).result()


def encoded_for(pipeline: Pipeline, networks: MultiPredictor, known: Encoded | None = None) -> Encoded | None:
    """A pipeline's reference frame as the networks see it: `known`, where it is still the frame."""
    rgb = pipeline.background.rgb
    if rgb is None:
        return None
    return known if known is not None and known[0] is rgb else (rgb, networks.encode_background(rgb))
