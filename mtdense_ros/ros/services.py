"""The node's services. Those that wait are coroutines, so that the executor goes on delivering images meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.task import Future as RosFuture
from std_srvs.srv import SetBool, Trigger

from mtdense_ros.errors import MtdenseError
from mtdense_ros.ros.background_jobs import BackgroundJobs
from mtdense_ros.ros.camera import topic_prefix
from mtdense_ros.ros.session import Session

JOBS: dict[str, Callable[[BackgroundJobs], Future[Any]]] = {
    "capture": BackgroundJobs.capture,
    "clear": BackgroundJobs.clear,
    "save": BackgroundJobs.save,
    "load": BackgroundJobs.load,
}


def enable_service(node: Node, enable: Callable[[bool], str]) -> None:
    """`~/enable`; `enable` switches processing and returns the answer."""

    def switch(request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        try:
            response.success, response.message = True, enable(request.data)
        except MtdenseError as error:
            response.success, response.message = False, str(error)
        return response

    node.create_service(SetBool, "~/enable", switch)


class BackgroundServices:
    """`~/background/capture`, `clear`, `save` and `load`, of each named camera below its own name.

    session returns the session, or raises an error where there is none. refresh makes the subscriptions that a request needs.
    """

    def __init__(self, node: Node, session: Callable[[], Session], refresh: Callable[[], None]) -> None:
        self._node = node
        self._session = session
        self._refresh = refresh
        self._group = MutuallyExclusiveCallbackGroup()  # of their own: a waiting coroutine blocks its group
        self._services: dict[str, list[Any]] = {}

    def serve(self, cameras: Sequence[str]) -> None:
        """These cameras from now on."""
        for name in self._services.keys() - set(cameras):
            for service in self._services.pop(name):
                self._node.destroy_service(service)
        for name in cameras:
            if name not in self._services:
                self._services[name] = [self._service(name, job) for job in JOBS]

    def _service(self, camera: str, job: str) -> Any:
        answer = self._waiting(camera, JOBS[job])
        return self._node.create_service(Trigger, f"~/{topic_prefix(camera)}background/{job}", answer, callback_group=self._group)

    def _waiting(self, camera: str, job: Callable[[BackgroundJobs], Future[Any]]) -> Callable[..., Any]:
        async def answer(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            try:
                future = job(self._session().cameras[camera].background)
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
