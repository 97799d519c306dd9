"""The node's services. Those that wait are coroutines, so that the executor goes on delivering images meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.task import Future as RosFuture
from std_srvs.srv import SetBool, Trigger

from mtdense_ros.errors import MtdenseError
from mtdense_ros.ros.session import Session


class Services:
    """`~/background/capture`, `clear`, `save`, `load` and `~/enable`.

    session returns the session, or raises an error where there is none. enable switches processing and returns the answer. refresh
    makes the subscriptions that a request needs.
    """

    def __init__(
        self, node: Node, session: Callable[[], Session], enable: Callable[[bool], str], refresh: Callable[[], None]
    ) -> None:
        self._node = node
        self._session = session
        self._enable = enable
        self._refresh = refresh
        group = MutuallyExclusiveCallbackGroup()  # of their own: a waiting coroutine blocks its group
        jobs: dict[str, Callable[[Session], Future[Any]]] = {
            "capture": Session.capture,
            "clear": Session.clear_background,
            "save": Session.save_background,
            "load": Session.load_background,
        }
        for name, job in jobs.items():
            node.create_service(Trigger, f"~/background/{name}", self._waiting(job), callback_group=group)
        node.create_service(SetBool, "~/enable", self._switch)

    def _waiting(self, job: Callable[[Session], Future[Any]]) -> Callable[..., Any]:
        async def answer(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            try:
                future = job(self._session())
                self._refresh()
                done = await self._in_executor(future)
                response.success, response.message = True, str(done.result())
            except CancelledError:
                response.success, response.message = False, "the node was cleaned up meanwhile"
            except Exception as error:
                response.success, response.message = False, str(error)
            return response

        return answer

    def _in_executor(self, future: Future[Any]) -> RosFuture:
        """A future to await in the executor; its result is the given one, done."""
        executor = self._node.executor
        waiter = RosFuture(executor=executor)

        def finish(done: Future[Any]) -> None:
            waiter.set_result(done)
            executor.wake()

        future.add_done_callback(finish)
        return waiter

    def _switch(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        try:
            response.success, response.message = True, self._enable(request.data)
        except MtdenseError as error:
            response.success, response.message = False, str(error)
        return response
