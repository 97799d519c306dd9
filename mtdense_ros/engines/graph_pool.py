"""The compiled graphs of an engine: one per set of outputs and shapes of the inputs, each made when it is first needed."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from mtdense_ros.engines.base import Floats

Shape = tuple[int, ...]
Graph = Callable[[Sequence[Floats]], list[Floats]]
"""Inputs in the order of a key's shapes -> outputs in the order of its outputs, in fresh memory."""

MAX_GRAPHS = 16
"""Kept at once; the one that was used least lately goes. Sets of outputs times sizes of cameras, with some room."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GraphKey:
    """outputs: of the network, none for the graph that encodes a background; shapes: of the image, then of the features."""

    outputs: tuple[str, ...]
    shapes: tuple[Shape, ...]

    def serves(self, other: GraphKey) -> bool:
        """Whether this graph gives what the other would and more: the same image, all outputs, the features that there are."""
        more = bool(other.outputs) and set(self.outputs) > set(other.outputs)
        return more and self.shapes[: len(other.shapes)] == other.shapes


class GraphPool:
    """compile: makes the graph of a key, in the caller's thread or in one of ours. One caller at a time."""

    def __init__(self, compile_graph: Callable[[GraphKey], Graph]) -> None:
        self._compile = compile_graph
        self._ready: OrderedDict[GraphKey, Graph] = OrderedDict()
        self._pending: dict[GraphKey, Future[Graph]] = {}
        self._failed: set[GraphKey] = set()
        self._worker: ThreadPoolExecutor | None = None
        self._compiling = Lock()

    def find(self, key: GraphKey, may_stall: bool) -> tuple[GraphKey, Graph]:
        """The graph of a key. Unless it may stall: a larger one that is ready, while that of the key is made in the background.

        What failed in the background is not tried there again. Raises what compiling raised where nothing else serves.
        """
        self._collect()
        if key not in self._ready:
            larger = None if may_stall else self._smallest_serving(key)
            if larger is not None:
                self._start(key)
                key = larger
            else:
                self._keep(key, self._pending.pop(key).result() if key in self._pending else self._compiled(key))
        self._ready.move_to_end(key)
        return key, self._ready[key]

    def close(self) -> None:
        """Ends the background thread and forgets all graphs."""
        if self._worker is not None:
            self._worker.shutdown(wait=True, cancel_futures=True)
        self._pending.clear()
        self._ready.clear()

    def _collect(self) -> None:
        """Takes over what the background has finished; what failed there is told once."""
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

    def _start(self, key: GraphKey) -> None:
        if key not in self._pending and key not in self._failed:
            self._worker = self._worker or ThreadPoolExecutor(max_workers=1, thread_name_prefix="compile")
            self._pending[key] = self._worker.submit(self._compiled, key)

    def _compiled(self, key: GraphKey) -> Graph:
        with self._compiling:
            return self._compile(key)

    def _keep(self, key: GraphKey, graph: Graph) -> None:
        self._ready[key] = graph
        self._failed.discard(key)
        while len(self._ready) > MAX_GRAPHS:
            self._ready.popitem(last=False)
