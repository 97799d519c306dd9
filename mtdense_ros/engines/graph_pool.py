"""The compiled graphs of an engine: few, because each has its own memory and threads, and made when they are first needed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from mtdense_ros.engines.base import Floats

Shape = tuple[int, ...]
Graph = Callable[[Sequence[Floats]], list[Floats]]
"""Inputs in the order of a key's shapes -> outputs in the order of its outputs, in fresh memory."""

MAX_GRAPHS = 3
"""Kept for images of one shape, in addition to the largest one and that of the background: what a budget's turns need."""

MAX_SHAPES = 4
"""Of images (batch, channels, height, width) for which graphs are kept."""

IN_USE = 100
"""While a larger graph serves, a graph that was used in the last so many runs gives its place only to one that serves its outputs too.
Otherwise sets of outputs that alternate, as with every.labels 2, would push each other out, and be compiled again and again."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GraphKey:
    """The outputs of a graph, none for the one that encodes a background, and the shapes of the image and then of the features."""

    outputs: tuple[str, ...]
    shapes: tuple[Shape, ...]

    @property
    def image(self) -> Shape:
        """The shape of the images."""
        return self.shapes[0]

    def serves(self, other: GraphKey) -> bool:
        """Whether this graph gives what the other would and more: the same image, all outputs, the features that there are."""
        more = bool(other.outputs) and set(self.outputs) > set(other.outputs)
        return more and self.shapes[: len(other.shapes)] == other.shapes


class GraphPool:
    """Makes graphs with compile_graph, in the caller's thread or in the background, and keeps few. One caller at a time."""

    def __init__(self, compile_graph: Callable[[GraphKey], Graph]) -> None:
        self._compile = compile_graph
        self._ready: dict[GraphKey, Graph] = {}
        self._last_use: dict[GraphKey, int] = {}
        self._runs = 0
        self._pending: dict[GraphKey, Future[Graph]] = {}
        self._failed: set[GraphKey] = set()
        self._worker: ThreadPoolExecutor | None = None
        self._compiling = Lock()

    def find(self, key: GraphKey, may_stall: bool) -> tuple[GraphKey, Graph]:
        """The graph of a key. Unless it may stall: a larger one that is ready, while that of the key is made in the background, or while
        all places are taken by graphs in use.

        What failed in the background is not tried there again. Raises what compiling raised where nothing else serves.
        """
        self._runs += 1
        self._collect()
        if key not in self._ready:
            larger = None if may_stall else self._smallest_serving(key)
            if larger is not None:
                self._last_use[larger] = self._runs  # before room is made for the other
                if self._has_place(key):
                    self._start(key)
                key = larger
            else:
                self._make_room(key)
                self._keep(key, self._pending.pop(key).result() if key in self._pending else self._compiled(key))
        self._last_use[key] = self._runs
        return key, self._ready[key]

    def close(self) -> None:
        """Ends the background thread and forgets all graphs."""
        if self._worker is not None:
            self._worker.shutdown(wait=True, cancel_futures=True)
        self._pending.clear()
        self._ready.clear()

    def _collect(self) -> None:
        """Takes over what the background has finished; what failed there is logged once."""
        for key in [key for key, future in self._pending.items() if future.done()]:
            future = self._pending.pop(key)
            error = future.exception()
            if error is None:
                self._keep(key, future.result())
            else:
                self._failed.add(key)
                why = " ".join(str(error).split())
                _log.warning("no graph for %s of %s (%s): a larger one goes on serving", key.outputs, key.shapes, why)

    def _smallest_serving(self, key: GraphKey) -> GraphKey | None:
        serving = [ready for ready in self._ready if ready.serves(key)]
        return min(serving, key=lambda ready: len(ready.outputs), default=None)

    def _replaceable(self, image: Shape) -> list[GraphKey]:
        """The graphs for images of a shape that may go, the least recently used one first; neither the largest nor the background's."""
        frames = [key for key in self._ready if key.outputs and key.image == image]
        largest = max(frames, key=lambda key: (len(key.outputs), len(key.shapes)), default=None)
        return sorted((key for key in frames if key != largest), key=self._last_use.__getitem__)

    def _has_place(self, key: GraphKey) -> bool:
        """Whether there is room for a graph, or one that is not in use to make room."""
        if key in self._pending:
            return True
        others = self._replaceable(key.image)
        if len(others) + len(self._pending) < MAX_GRAPHS:
            return True
        return any(not self._in_use(old) or (key.serves(old) and not self._pending) for old in others)

    def _in_use(self, key: GraphKey) -> bool:
        return self._runs - self._last_use[key] <= IN_USE

    def _make_room(self, key: GraphKey) -> None:
        """Lets graphs go before another is compiled, so that its memory and threads can be used again."""
        others = self._replaceable(key.image) if key.outputs else []
        others.sort(key=lambda old: self._in_use(old) and not key.serves(old))
        for old in others[: max(0, len(others) + 1 - MAX_GRAPHS)]:
            self._drop(old)
        last_use: dict[Shape, int] = {}
        for ready in self._ready:
            last_use[ready.image] = max(last_use.get(ready.image, 0), self._last_use[ready])
        if key.image not in last_use and len(last_use) >= MAX_SHAPES:
            oldest = min(last_use, key=last_use.__getitem__)
            for ready in [ready for ready in self._ready if ready.image == oldest]:
                self._drop(ready)

    def _drop(self, key: GraphKey) -> None:
        del self._ready[key], self._last_use[key]

    def _start(self, key: GraphKey) -> None:
        if key not in self._pending and key not in self._failed:
            self._make_room(key)
            self._worker = self._worker or ThreadPoolExecutor(max_workers=1, thread_name_prefix="compile")
            self._pending[key] = self._worker.submit(self._compiled, key)

    def _compiled(self, key: GraphKey) -> Graph:
        with self._compiling:
            return self._compile(key)

    def _keep(self, key: GraphKey, graph: Graph) -> None:
        self._ready[key] = graph
        self._last_use[key] = self._runs
        self._failed.discard(key)
        others = self._replaceable(key.image)
        for old in others[: max(0, len(others) - MAX_GRAPHS)]:
            self._drop(old)
