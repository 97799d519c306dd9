"""What is done when a still camera was moved, its light changed, or something blocks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.absorption import Absorption, with_absorbed
from mtdense_ros.pipeline.background import Background
from mtdense_ros.pipeline.camera_watch import CameraWatch, Findings, WatchSettings
from mtdense_ros.pipeline.compensation import MAX_PX, Compensation

FAULTS = ("camera moved", "light changed", "camera blocked")


@dataclass(frozen=True)
class CareSettings:
    """The parameters background.on_motion, on_light, recapture_after (s) and absorb_after (s), and those of the watch."""

    on_motion: str = Parameters.background_on_motion
    on_light: str = Parameters.background_on_light
    recapture_after: float = Parameters.background_recapture_after
    absorb_after: float = Parameters.background_absorb_after
    watch: WatchSettings = field(default_factory=WatchSettings)

    @classmethod
    def of(cls, p: Parameters) -> CareSettings:
        """The part of the parameters that matters here."""
        watch = WatchSettings(p.background_watch_rate, p.background_motion_px, p.frozen_after)
        return cls(p.background_on_motion, p.background_on_light, p.background_recapture_after, p.background_absorb_after, watch)


@dataclass(frozen=True)
class CareReport:
    """The faults of FAULTS that hold, with what was seen and what is done about it; and whether a new reference is to be captured."""

    faults: Mapping[str, str]
    recapture: bool = False


class BackgroundCare:
    """Watches the raw frames of one camera and keeps its background fit for them, as the settings say."""

    def __init__(self, background: Background) -> None:
        self.watch = CameraWatch()
        self._background = background
        self._watched: NDArray[np.uint8] | None = None
        self._compensation = Compensation(background)
        self._absorption = Absorption()

    def observe(self, raw: NDArray[np.uint8], stamp_ns: int, now: float, settings: CareSettings) -> CareReport | None:
        """Looks at a raw frame (H, W, 3) of that stamp, at `now` (s, monotonic); None where it is not time to, or nothing is watched."""
        if settings.watch.rate_hz <= 0:
            self._background.suspended = ""
            return None
        self._follow_reference()
        if not self.watch.observe(raw, stamp_ns, now, settings.watch):
            return None
        found = self.watch.findings
        moves, lights = bool(found.moved) and settings.on_motion == "compensate", bool(found.light) and settings.on_light == "compensate"
        done = False
        if not found.blocked:
            done = self._compensation.follow(found.registration, raw, moves, lights)
            self._absorb(raw, now, found, settings)
        self._background.suspended = _suspension(found, settings, compensated=done and moves)
        return CareReport(_faults(found, settings, done), _recapture_due(found, settings))

    def values(self) -> dict[str, str]:
        """What is measured of the camera, for /diagnostics."""
        registration = self.watch.findings.registration
        if self.watch.reference is None:
            return {}
        if registration is None:
            return {"background seen again": self.watch.blindness or "not yet"}
        motion, light = registration.motion, registration.light
        return {
            "background seen again": f"{registration.quality:.0%}",
            "background moved by (px)": f"{motion.extent(registration.size_hw):.1f}",
            "background brightness": f"{2**light.stops:.2f}",
        }

    def _follow_reference(self) -> None:
        """A reference that somebody captured, loaded or cleared is watched anew."""
        if self._background.raw is not self._watched:
            self._watched = self._background.raw
            self.watch.set_reference(self._watched)
            self._compensation.forget()
            self._absorption.forget()

    def _absorb(self, raw: NDArray[np.uint8], now: float, found: Findings, settings: CareSettings) -> None:
        reference, small = self.watch.reference, self.watch.small
        if settings.absorb_after <= 0 or found.moved or found.light or reference is None or small is None or self._watched is None:
            self._absorption.forget()
            return
        if reference.small.shape != small.shape:
            return
        pixels = self._absorption.observe(small, reference.small, now, settings.absorb_after)
        if pixels is not None:
            self._watched = with_absorbed(self._watched, raw, pixels)
            self._background.revise(self._watched)
            self.watch.set_reference(self._watched)


def _suspension(found: Findings, settings: CareSettings, compensated: bool) -> str:
    """Why no frame is compared with the background, empty where it is."""
    if found.blocked:
        return f"camera blocked: {found.blocked}"
    if found.moved and settings.on_motion != "report" and not compensated:
        return f"camera moved: {found.moved}"
    return ""


def _recapture_due(found: Findings, settings: CareSettings) -> bool:
    asked_for = (found.moved and settings.on_motion == "recapture") or (found.light and settings.on_light == "recapture")
    return bool(asked_for) and not found.blocked and found.still_s >= settings.recapture_after


def _faults(found: Findings, settings: CareSettings, compensated: bool) -> dict[str, str]:
    """The faults that hold, each with what is done about it."""
    recaptured = f"a new background is captured when nothing has moved for {settings.recapture_after:g} s"
    on_motion = {
        "suspend": "no mask until it is back, or a new background is captured",
        "report": "the mask goes on all the same; capture a new background",
        "compensate": "compensated" if compensated else f"no mask: it goes on, or is more than {MAX_PX:g} px; capture a new background",
        "recapture": f"no mask until {recaptured}",
    }
    on_light = {"report": "the mask may be wrong; capture a new background", "recapture": recaptured}
    on_light["compensate"] = "compensated" if compensated else "too much to be compensated; capture a new background"
    said = {
        "camera moved": found.moved and f"{found.moved}; {on_motion[settings.on_motion]}",
        "light changed": found.light and f"{found.light}; {on_light[settings.on_light]}",
        "camera blocked": found.blocked and f"{found.blocked}; no mask while it is so",
    }
    return {name: text for name, text in said.items() if text}
