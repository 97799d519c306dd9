"""The node for a long time at 30 Hz under everything that may happen: its counters stay in balance, memory, files and threads stay put.

Run: python -m benchmarks.soak --minutes 60; --seed. Damaged, missing and resized frames come all the time; every second or two something is
done to the node: a reconnected camera, another parameter, a capture, ~/enable, a lifecycle transition. Writes docs/performance/soak.json.
Ends with 1 where a frame is in no counter, memory grew by more than 20 MB after the warm-up, or threads or files became more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image, PointCloud2
from std_srvs.srv import SetBool, Trigger

from benchmarks.common import machine, record
from benchmarks.common.driver import ANSWER_S, START_S, Driver
from benchmarks.common.unruly_camera import UnrulyCamera
from benchmarks.common.usage import Usage
from mtdense_ros.utils.command_line import exit_code

HERTZ, SIZE_HW = 30.0, (240, 320)
OUTPUTS = {"labels": Image, "depth": Image, "foreground": Image, "points": PointCloud2}
OUTCOMES = ("processed", "dropped", "late", "refused", "unheard")
SAMPLE_S = 2.0
WARM_UP = 0.25
"""Of the time; what the first quarter allocates stays allocated."""

GROWTH_MB, MORE_THREADS, MORE_FILES = 20.0, 2, 4
CHANGES: dict[str, tuple[Any, Any]] = {
    "every.depth": (2, 1),
    "labels.upsampling": ("fast", "exact"),
    "depth.scale_mode": ("fixed", "none"),
    "camera_model": ("rectify", "rays"),
    "max_age": (0.05, 1.0),
    "reliability": ("best_effort", "auto"),
    "budget.rate_hz": (5.0, 0.0),
    "points.max": (3.0, 0.0),
    "frame_id": ("other", ""),
}
"""Values that a parameter is set to and back."""


class Soak:
    """What is done to a node while its camera sends, and what was counted of all its sessions."""

    def __init__(self, driver: Driver, camera: UnrulyCamera, seed: int) -> None:
        self.counted: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.unbalanced: list[str] = []
        self._driver = driver
        self._camera = camera
        self._random = Random(seed)
        self._acts = {
            "reconnect": (camera.reconnect, 3),
            "parameter": (self._parameter, 5),
            "capture": (self._capture, 3),
            "clear": (lambda: self._trigger("background/clear"), 1),
            "enable": (self._enable, 2),
            "activate again": (self._activate_again, 2),
            "configure again": (self._configure_again, 1),
        }

    def act(self) -> None:
        """One thing of those that may happen."""
        name = self._random.choices(list(self._acts), [weight for _, weight in self._acts.values()])[0]
        self._acts[name][0]()
        self.done[name] += 1

    def settle(self, final: bool = False) -> None:
        """With the camera silent: nothing is in flight, and every frame is in one counter. final: of a session, which counts from 0."""
        self._camera.pause()
        try:
            values = self._driver.wait(self._at_rest, ANSWER_S, "finish its frames")
        finally:
            self._camera.resume()
        counted = {name: int(values[name]) for name in ("received", *OUTCOMES)}
        if counted["received"] != sum(counted[name] for name in OUTCOMES):
            self.unbalanced.append(str(counted))
        if final:
            self.counted.update(counted)

    def _at_rest(self) -> dict[str, str] | None:
        values = self._driver.values()
        return values if values["in flight"] == "0" else None

    def _parameter(self) -> None:
        name = self._random.choice(list(CHANGES))
        for value in CHANGES[name]:
            request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
            self._driver.call(SetParameters, "set_parameters", request)
            time.sleep(self._random.uniform(0.1, 0.5))

    def _capture(self) -> None:
        self._trigger("background/capture")

    def _trigger(self, name: str) -> None:
        self._driver.call(Trigger, name, Trigger.Request())

    def _enable(self) -> None:
        for enabled in (False, True):
            self._driver.call(SetBool, "enable", SetBool.Request(data=enabled))

    def _activate_again(self) -> None:
        for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE):
            self._change(transition)

    def _configure_again(self) -> None:
        self._change(Transition.TRANSITION_DEACTIVATE)
        self.settle(final=True)
        for transition in (Transition.TRANSITION_CLEANUP, Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
            self._change(transition)

    def _change(self, transition: int) -> None:
        self._driver.call(ChangeState, "change_state", ChangeState.Request(transition=Transition(id=transition)), START_S)


def soak(folder: Path, minutes: float, seed: int, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    """The figures of so many minutes, with what went wrong."""
    samples: list[dict[str, float]] = []
    with Driver(folder, parameters or {}, OUTPUTS) as driver:
        camera = UnrulyCamera(driver, SIZE_HW, HERTZ, seed)
        camera.start()
        run, random = Soak(driver, camera, seed), Random(seed)
        begin = next_s = time.monotonic()
        while (now := time.monotonic()) < begin + 60.0 * minutes:
            if now >= next_s:
                next_s = now + SAMPLE_S
                samples.append({"minute": round((now - begin) / 60.0, 3), **resources(driver.child.pid)})
            run.act()
            time.sleep(random.uniform(0.2, 1.5))
        run.settle(final=True)
        camera.stop()
        found = {"minutes": minutes, "sent": camera.sent, "counted": dict(run.counted), "labels_received": driver.received["labels"]}
    failures = [f"a frame is in no counter: {counted}" for counted in run.unbalanced]
    failures += [f"{name}: {message}" for name, message in driver.faults.items() if name == "worker restarted"]
    more = growth(samples)
    limits = {"rss_mb": GROWTH_MB, "threads": MORE_THREADS, "files": MORE_FILES}
    failures += [f"{name} grew by {more[name]:.1f}, at most {limit:g} expected" for name, limit in limits.items() if more[name] > limit]
    return {**found, "done": dict(run.done), "faults": driver.faults, "growth": more, "failures": failures, "samples": samples}


def resources(pid: int) -> dict[str, float]:
    """Resident memory (MB), threads and open files of a process."""
    process = Path("/proc") / str(pid)
    return {
        "rss_mb": round(Usage.of(pid).rss_mb, 1),
        "threads": len(list((process / "task").iterdir())),
        "files": len(list((process / "fd").iterdir())),
    }


def growth(samples: list[dict[str, float]]) -> dict[str, float]:
    """Of the least that was taken, from the first to the last third after the warm-up: graphs and networks come and go with what is
    subscribed to and set, and are all gone after a configure; what is kept by mistake is not."""
    settled = samples[int(len(samples) * WARM_UP) :]
    third = max(len(settled) // 3, 1)
    first, last = settled[:third], settled[-third:]
    return {name: min(s[name] for s in last) - min(s[name] for s in first) for name in ("rss_mb", "threads", "files")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=record.FOLDER / "soak.json", help="file to write (default %(default)s)")
    options = parser.parse_args()
    content = machine.description()
    with tempfile.TemporaryDirectory(prefix="mtdense_soak_") as folder:
        content |= {"seed": options.seed, **soak(Path(folder), options.minutes, options.seed)}
    record.write(options.json, content)
    print(*content["failures"], sep="\n")
    print(f"{content['counted']}, {content['done']}, growth {content['growth']}; wrote {options.json}")
    return 1 if content["failures"] else 0


if __name__ == "__main__":
    sys.exit(exit_code(main, "soak"))
