"""All checks in their order. Each has a time limit, and what goes wrong inside one is a finding as well."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial

from mtdense_ros.doctor import libraries, machine, settings
from mtdense_ros.doctor.camera import camera
from mtdense_ros.doctor.engines import engines, weights
from mtdense_ros.doctor.environment import Surroundings, surroundings
from mtdense_ros.doctor.probe import FAIL, SKIP, Finding
from mtdense_ros.doctor.transport import is_fast_dds, middleware, self_test

Check = Callable[[], list[Finding]]

LIMITS_S = {"engines": 240.0, "self-test": 300.0}
LIMIT_S = 120.0
"""Of a check by its name, and of all others: far above what they take, for none may hang."""


def examine(image_topic: str = "", messages: int = 30) -> Iterator[Finding]:
    """Everything, each finding as soon as it is made. messages: of each kind in the self-test."""
    around = surroundings()
    yield from _each({
        "Python": libraries.python,
        "cores": machine.cores,
        "frequency governor": machine.governor,
        "malloc": partial(settings.malloc, around),
        "waiting threads": partial(settings.waiting_threads, around),
        "numpy": libraries.numpy,
        "OpenCV": libraries.opencv,
        "GPU": libraries.gpu,
        "weights": weights,
        "engines": engines,
    })
    yield from _with_ros(around, image_topic, messages)


def _with_ros(around: Surroundings, image_topic: str, messages: int) -> Iterator[Finding]:
    """What needs a ROS 2; without one each says so."""
    answer = libraries.middleware()
    yield from middleware(answer)
    rmw = str(answer.facts.get("rmw", ""))
    on_fast_dds: dict[str, Check] = {
        "Fast DDS profile": partial(settings.profile, around),
        "shared memory": lambda: machine.shared_memory(settings.segment_of(around)),
    }
    on_any: dict[str, Check] = {
        "self-test": partial(self_test, rmw, messages),
        "cv_bridge": libraries.cv_bridge,
        "vision_msgs": partial(libraries.label_info, around.variables.get("ROS_DISTRO", "")),
        "camera": partial(camera, image_topic),
    }
    if answer.problem:
        yield from (Finding(SKIP, name, f"needs ROS 2: {answer.problem}") for name in (*on_fast_dds, *on_any))
        return
    yield from _each({**on_fast_dds, **on_any} if is_fast_dds(rmw) else on_any)


def _each(checks: dict[str, Check]) -> Iterator[Finding]:
    for name, check in checks.items():
        yield from limited(name, check, LIMITS_S.get(name, LIMIT_S))


def limited(name: str, check: Check, seconds: float) -> list[Finding]:
    """What a check finds within this time; one that hangs or breaks is a finding itself."""
    results: queue.Queue[list[Finding]] = queue.Queue()

    def run() -> None:
        try:
            results.put(check())
        except Exception as error:
            results.put([Finding(FAIL, name, f"the check broke: {type(error).__name__}: {error}", "report this with the JSON file")])

    threading.Thread(target=run, daemon=True).start()
    try:
        return results.get(timeout=seconds)
    except queue.Empty:
        return [Finding(FAIL, name, f"no answer within {seconds:g} s", "a device or disk that does not answer? see dmesg")]
