"""A node that waits for another one: every wait spins, has a deadline, and says what did not happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from mtdense_ros.errors import InputError

POLL_S = 0.05


class Spinner:
    """Spins a node on behalf of code that runs from top to bottom. target: the other node's name, for messages."""

    def __init__(self, node: Node, target: str) -> None:
        self._target = target
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)

    def spin_for(self, seconds: float) -> None:
        """Serves callbacks for this time (s)."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0.0:
            self._executor.spin_once(timeout_sec=left)

    def spin_while(self, condition: Callable[[], bool], seconds: float) -> None:
        """Serves callbacks while the condition holds, for this time (s) at most."""
        end = time.monotonic() + seconds
        while condition() and time.monotonic() < end:
            self._executor.spin_once(timeout_sec=POLL_S)

    def wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Until the condition holds; raises InputError after this time (s). what: a verb phrase, for example "become active"."""
        self.spin_while(lambda: not condition(), seconds)
        if not condition():
            raise InputError(f"node {self._target} did not {what} within {seconds:.0f} s; its log says why")

    def call(self, client: Any, request: Any, seconds: float, what: str) -> Any:
        """A service's response; raises InputError after this time (s)."""
        self.wait(client.service_is_ready, seconds, what)
        future = client.call_async(request)
        self.wait(future.done, seconds, what)
        return future.result()

    def close(self) -> None:
        """Serves no more callbacks."""
        self._executor.shutdown()
