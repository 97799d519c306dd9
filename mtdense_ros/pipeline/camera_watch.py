"""What a still camera's frames say of the camera: whether it was moved, whether the light changed, whether it is blocked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.pipeline.blocked_camera import FrozenPictures, covered, detail
from mtdense_ros.pipeline.light_limits import LightJudge
from mtdense_ros.pipeline.stillness import Stillness
from mtdense_ros.registration.reduction import grey, reduced
from mtdense_ros.registration.register import MIN_BLOCKS, Reference, Registration

MIN_QUALITY, MIN_QUALITY_UNMOVED = 0.15, 0.08
"""Share of the background's blocks that must be seen again for a frame to say something. Fewer suffice to say that they are where they
were: blocks of other things hardly ever agree on that."""

_SLACK = 0.9
"""Share of the period that must have passed: a camera of just this rate must not be looked at in every second frame only."""
_CONFIRMED = 3
"""Checks in a row that make a finding, or end it."""
_LOST_S = 2.0
"""After this time without anything of the background in view the camera looks elsewhere."""
_RETURN = 0.75
"""A camera has moved back below this share of the displacement that counts as moved."""


@dataclass(frozen=True)
class WatchSettings:
    """rate_hz: checks per second, 0: none; motion_px: displacement that counts as moved, in camera pixels; frozen_after: s, 0: never."""

    rate_hz: float = 5.0
    motion_px: float = 4.0
    frozen_after: float = 5.0


@dataclass(frozen=True)
class Findings:
    """What holds, each with what was seen, empty where it does not; still_s: how long nothing has moved.

    registration: of the last frame that showed enough of the background, None without one.
    """

    blocked: str = ""
    moved: str = ""
    light: str = ""
    registration: Registration | None = None
    still_s: float = 0.0


class Persistence:
    """A condition that holds once it was found several times in a row, and until it was not found several times in a row."""

    def __init__(self) -> None:
        self.holds = False
        self._against = 0

    def update(self, found: bool) -> bool:
        """Takes the next finding; whether the condition holds."""
        self._against = self._against + 1 if found != self.holds else 0
        if self._against >= _CONFIRMED:
            self.holds, self._against = found, 0
        return self.holds


class CameraWatch:
    """Compares frames with a reference frame some times a second, and remembers what holds. Times in s, on a clock that never jumps."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.small: NDArray[np.uint8] | None = None
        self.reference: Reference | None = None
        self._last_check = float("-inf")
        self._stillness = Stillness()
        self._frozen = FrozenPictures()
        self._blocked = Persistence()
        self._blocked_by = ""
        self.set_reference(None)

    def set_reference(self, rgb: NDArray[np.uint8] | None) -> None:
        """Takes another reference frame (H, W, 3): nothing has moved with respect to it yet."""
        self.reference = None if rgb is None else Reference(rgb)
        self._detail = 0.0 if self.reference is None else detail(grey(self.reference.small))
        self._judge = None if self.reference is None else LightJudge(self.reference.small)
        self._moved, self._light = Persistence(), Persistence()
        self._lost_since: float | None = None
        self.findings = Findings(self.findings.blocked, still_s=self.findings.still_s)

    @property
    def blindness(self) -> str:
        """Why the camera's motion cannot be seen, empty where it can."""
        if self.reference is None:
            return "no background"
        blocks = len(self.reference.blocks)
        return f"the background has too little texture ({blocks} blocks, {MIN_BLOCKS} are needed)" if blocks < MIN_BLOCKS else ""

    def observe(self, rgb: NDArray[np.uint8], stamp_ns: int, now: float, settings: WatchSettings) -> bool:
        """Looks at a frame (H, W, 3) of that stamp if it is time to; whether it did. `findings` are new then."""
        if settings.rate_hz <= 0 or now - self._last_check < _SLACK / settings.rate_hz:
            return False
        self._last_check = now
        self.small = small = reduced(rgb)
        still_s = self._stillness.observe(small, now)
        frozen_s = self._frozen.observe(rgb, stamp_ns, now, still_s > 0)
        found = covered(small, self._detail)
        if not found and 0 < settings.frozen_after <= frozen_s:
            found = f"frozen: the same picture, bit for bit, for {frozen_s:.0f} s; restart the camera"
        self._blocked_by = found or self._blocked_by
        blocked = self._blocked.update(bool(found))
        before = self.findings
        self.findings = Findings(self._blocked_by if blocked else "", before.moved, before.light, before.registration, still_s)
        if not found and not blocked:
            self._compare(rgb, small, now, settings)
        return True

    def _compare(self, rgb: NDArray[np.uint8], small: NDArray[np.uint8], now: float, settings: WatchSettings) -> None:
        """Motion and light of one more frame with respect to the reference; one of another size has none."""
        if self.reference is None or self._judge is None:
            return
        if self.reference.size_hw != rgb.shape[:2]:
            self._moved, self._light = Persistence(), Persistence()
            self.findings = Findings(self.findings.blocked, still_s=self.findings.still_s)
            return
        registration = self._registration(self.reference, small, settings)
        too_much = self._judge.beyond(small, None if registration is None else registration.light, self._light.holds)
        light = too_much if self._light.update(bool(too_much)) and too_much else self.findings.light if self._light.holds else ""
        moved = self.findings.moved
        if registration is not None:
            moved = self._moved_text(registration, settings)
            self._lost_since = None
        elif not self.blindness and not too_much:
            moved = self._lost_text(now)
        self.findings = Findings(self.findings.blocked, moved, light, registration or self.findings.registration, self.findings.still_s)

    def _registration(self, reference: Reference, small: NDArray[np.uint8], settings: WatchSettings) -> Registration | None:
        """None where the frame does not show enough of the background."""
        if self.blindness:
            return None
        registration = reference.register(small)
        unmoved = registration.motion.extent(registration.size_hw) <= settings.motion_px
        return registration if registration.quality >= (MIN_QUALITY_UNMOVED if unmoved else MIN_QUALITY) else None

    def _moved_text(self, registration: Registration, settings: WatchSettings) -> str:
        m, extent = registration.motion, registration.motion.extent(registration.size_hw)
        if not self._moved.update(extent > settings.motion_px * (_RETURN if self._moved.holds else 1.0)):
            return ""
        where = f"x {m.x:+.0f}, y {m.y:+.0f} px, {np.degrees(m.angle):+.1f} deg"
        return f"the picture lies {extent:.0f} px from the background ({where}; {registration.quality:.0%} of it is seen again)"

    def _lost_text(self, now: float) -> str:
        """A frame that shows too little of the background says nothing; that it goes on does."""
        self._lost_since = now if self._lost_since is None else self._lost_since
        lost_s = now - self._lost_since
        if lost_s < _LOST_S or not self._moved.update(True):
            return self.findings.moved
        return f"the background has not been in view for {lost_s:.0f} s; the camera looks elsewhere, or something large is right before it"
