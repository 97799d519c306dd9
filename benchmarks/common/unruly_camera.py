"""A camera driver with bad habits: frames left out, damaged or of another size, and a publisher that goes and comes again."""

from __future__ import annotations

import threading
import time
from array import array
from random import Random
from typing import Any

from sensor_msgs.msg import Image

from benchmarks.common import pictures
from benchmarks.common.driver import Driver, ros_message
from benchmarks.common.helper import camera_info, header, image
from benchmarks.common.mutants import IMAGE, mutants

LEFT_OUT, DAMAGED, CUT, OTHER_SIZE = 0.04, 0.04, 0.02, 0.02
"""Shares of the frames."""


class UnrulyCamera:
    """Sends pictures of (height, width) with their camera_info at this rate in a thread of its own, from `start` to `stop`; `pause` and
    `resume` in between. Its faults come from the seed."""

    def __init__(self, driver: Driver, size_hw: tuple[int, int], hertz: float, seed: int) -> None:
        self.sent = 0
        self._driver = driver
        self._period = 1.0 / hertz
        self._random = Random(seed)
        self._mutants = mutants(seed, {IMAGE: 1})
        self._info = camera_info(size_hw)
        self._good = [image(rgb) for rgb in pictures.moving(size_hw)]
        self._other = image(pictures.background((size_hw[0] // 2, size_hw[1] // 2)))
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def pause(self) -> None:
        """No frame is sent until `resume`."""
        self._lock.acquire()

    def resume(self) -> None:
        self._lock.release()

    def reconnect(self) -> None:
        """The driver ends and starts again."""
        with self._lock:
            self._driver.drop_publisher(IMAGE)
            time.sleep(0.3)
            self._driver.publisher(IMAGE)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopped.is_set():
            with self._lock:
                self._send()
            due = max(due + self._period, time.monotonic())
            self._stopped.wait(due - time.monotonic())

    def _send(self) -> None:
        chance = self._random.random()
        if chance < LEFT_OUT:
            return
        message = self._message(chance - LEFT_OUT)
        message.header = self._info.header = header(time.time_ns())
        self._driver.publish("camera_info", self._info, settle=False)
        self._driver.publish(IMAGE, message, settle=False)
        self.sent += 1

    def _message(self, chance: float) -> Any:
        if chance < DAMAGED:
            return ros_message(IMAGE, next(self._mutants).message)
        good = self._random.choice(self._good)
        if chance < DAMAGED + CUT:
            cut = Image(height=good.height, width=good.width, encoding=good.encoding, step=good.step)
            cut.data = array("B", bytes(good.data[: len(good.data) // 2]))
            return cut
        return self._other if chance < DAMAGED + CUT + OTHER_SIZE else good
