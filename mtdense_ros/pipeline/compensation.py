"""The reference frame follows a small motion of the camera, or the light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.pipeline.background import Background
from mtdense_ros.registration.compensation import compensated
from mtdense_ros.registration.photometric import LightChange
from mtdense_ros.registration.register import Registration
from mtdense_ros.registration.rigid_motion import RigidMotion

MAX_PX = 12.0
"""Displacement in camera pixels up to which a warped reference is as good as a new one: beyond, near and far things part."""

_SETTLED_PX = 0.7
"""Difference between two checks below which the camera stands still again."""
_STEP_PX, _STEP_LEVELS = 1.0, 12.0
"""Change of the motion, and of a middle grey, from which the reference is made, and encoded, again."""


class Compensation:
    """What is compensated now: motion in camera pixels and light, none at first. `follow` keeps the background adjusted."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self.forget()

    def forget(self) -> None:
        """The background is a new one, as it is."""
        self.motion, self.light = RigidMotion(), LightChange()
        self._last = RigidMotion()

    def follow(self, registration: Registration | None, frame: NDArray[np.uint8], motion: bool, light: bool) -> bool:
        """Adjusts the background to a registration of a raw frame (H, W, 3): its motion, its light, both or none.

        Whether what was asked for is compensated now; a motion that goes on, or is more than MAX_PX, is not.
        """
        if registration is None:
            return not motion and not light
        wanted = registration.motion if motion else RigidMotion()
        lit = registration.light if light else LightChange()
        size_hw = registration.size_hw
        if wanted.extent(size_hw) > MAX_PX:
            self._last = wanted
            return False
        settled = _apart(wanted, self._last, size_hw) < _SETTLED_PX
        self._last = wanted
        over = (not motion and self.motion != RigidMotion()) or (not light and self.light != LightChange())
        changed = _apart(wanted, self.motion, size_hw) > _STEP_PX or _levels_apart(lit, self.light) > _STEP_LEVELS
        if over or (settled and changed):
            self._adjust(frame, wanted, lit)
        return _apart(wanted, self.motion, size_hw) <= 2 * _STEP_PX

    def _adjust(self, frame: NDArray[np.uint8], motion: RigidMotion, light: LightChange) -> None:
        raw = self._background.raw
        if raw is not None:
            unchanged = motion == RigidMotion() and light == LightChange()
            self._background.adjust(None if unchanged else compensated(raw, frame, motion, light))
            self.motion, self.light = motion, light


def _apart(first: RigidMotion, second: RigidMotion, size_hw: tuple[int, int]) -> float:
    return RigidMotion(first.x - second.x, first.y - second.y, first.angle - second.angle).extent(size_hw)


def _levels_apart(first: LightChange, second: LightChange) -> float:
    """The largest difference of what two changes make of a middle grey, in grey levels."""
    made = [128 * np.array(light.gain) + np.array(light.offset) for light in (first, second)]
    return float(np.abs(made[0] - made[1]).max())
