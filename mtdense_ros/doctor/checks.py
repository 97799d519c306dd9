"""All checks in their order. Each has a time limit, and what goes wrong inside one is a finding as well."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from mtdense_ros.doctor import libraries, machine, settings
from mtdense_ros.doctor.camera import camera
from mtdense_ros.doctor.engines import engines, weights
from mtdense_ros.doctor.environment import Environment, find_environment
from mtdense_ros.doctor.probe import FAIL, SKIP, Finding
from mtdense_ros.doctor.shared_memory import shared_memory
from mtdense_ros.doctor.transport import is_fast_dds, middleware, self_test

Check = Callable[[], Iterable[Finding]]
Announce = Callable[[str, float], None]
"""Called before each check with its name and its time limit in seconds."""

LIMITS_S = {"engines": 180.0, "self-test": 300.0}
LIMIT_S = 120.0
"""Limits of the checks by name, and of all others: above the sum of the limits of a check's own questions."""


def examine(image_topic: str = "", messages: int = 30, announce: Announce = lambda name, seconds: None) -> Iterator[Finding]:
    """Runs all checks; yields each finding as soon as it is made. messages: of each kind in the self-test."""
    environment = find_environment()
    yield from _run(announce, {
        "Python": libraries.python,
        "cores": machine.cores,
        "frequency governor": machine.governor,
        "malloc": partial(settings.malloc, environment),
        "waiting threads": partial(settings.waiting_threads, environment),
        "numpy": libraries.numpy,
        "OpenCV": libraries.opencv,
        "GPU": libraries.gpu,
        "weights": weights,
        "engines": engines,
    })
    yield from _with_ros(environment, image_topic, messages, announce)


def _with_ros(environment: Environment, image_topic: str, messages: int, announce: Announce) -> Iterator[Finding]:
    """Runs the checks that need a ROS 2; without one each is skipped and says so."""
    announce("middleware", libraries.MIDDLEWARE_S)
    answer = libraries.middleware()
    yield from middleware(answer)
    rmw = str(answer.facts.get("rmw", ""))
    on_fast_dds: dict[str, Check] = {
        "Fast DDS profile": partial(settings.profile, environment),
        "shared memory": lambda: shared_memory(settings.segment_of(environment)),
    }
    on_any: dict[str, Check] = {
        "self-test": partial(self_test, rmw, messages),
        "cv_bridge": libraries.cv_bridge,
        "vision_msgs": partial(libraries.label_info, environment.variables.get("ROS_DISTRO", "")),
        "camera": partial(camera, image_topic),
    }
    if answer.problem:
        yield from (Finding(SKIP, name, f"needs ROS 2: {answer.problem}") for name in (*on_fast_dds, *on_any))
        return
    yield from _run(announce, {**on_fast_dds, **on_any} if is_fast_dds(rmw) else on_any)


def _run(announce: Announce, checks: dict[str, Check]) -> Iterator[Finding]:
    for name, check in checks.items():
        limit_s = LIMITS_S.get(name, LIMIT_S)
        announce(name, limit_s)
        yield from limited(name, check, limit_s)


def limited(name: str, check: Check, seconds: float) -> Iterator[Finding]:
    """The findings of a check as it makes them, for at most this time; a check that hangs or breaks is a finding itself."""
    results: queue.Queue[Finding | None] = queue.Queue()

    def run() -> None:
        try:
            for finding in check():
                results.put(finding)
        except Exception as error:
            results.put(Finding(FAIL, name, f"the check broke: {type(error).__name__}: {error}", "report this with the JSON file"))
        results.put(None)

    threading.Thread(target=run, daemon=True).start()
    end = time.monotonic() + seconds
    while True:
        try:
            finding = results.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            yield Finding(FAIL, name, f"no answer within {seconds:g} s", "a device or disk that does not answer? see dmesg")
            return
        if finding is None:
            return
        yield finding
