"""Which changes of light are more than the networks bear; docs/background.md has the measurements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.registration.photometric import LightChange
from mtdense_ros.registration.reduction import grey

MAX_STOPS, MAX_CAST, MAX_UNEVENNESS = 1.3, 1.2, 0.8
"""Powers of two: brightness, colours against each other, places against each other."""

_BURNT_OUT, _DARK = 250, 16
"""Grey levels from which nothing is seen in the light, and below which nothing is seen in the dark."""
_MAX_BURNT_OUT, _MAX_DARK = 0.4, 0.6
"""Shares of the picture that may be so, beyond that of the background."""
_RETURN = 0.85
"""The light is back below this share of a limit."""


class LightJudge:
    """Judges the light of small pictures (h, w, 3) against that of a reference."""

    def __init__(self, reference: NDArray[np.uint8]) -> None:
        self._burnt_out, self._dark = _extremes(reference)

    def beyond(self, small: NDArray[np.uint8], change: LightChange | None, returning: bool) -> str:
        """What is beyond the limits, empty where nothing is; change: None where it could not be measured.

        returning: it was beyond them, and must come back a little further.
        """
        factor = _RETURN if returning else 1.0
        burnt_out, dark = _extremes(small)
        if burnt_out - self._burnt_out > factor * _MAX_BURNT_OUT:
            return f"{burnt_out:.0%} of the picture is burnt out, {self._burnt_out:.0%} of the background's"
        if dark - self._dark > factor * _MAX_DARK:
            return f"{dark:.0%} of the picture is almost black, {self._dark:.0%} of the background's"
        if change is None:
            return ""
        if abs(change.stops) > factor * MAX_STOPS:
            return f"brightness is {2**change.stops:.2g} times the background's, expected {2**-MAX_STOPS:.2g} to {2**MAX_STOPS:.2g}"
        if change.cast > factor * MAX_CAST:
            gains = ", ".join(f"{gain:.2g}" for gain in change.gain)
            return f"red, green and blue are {gains} times the background's, expected a ratio of {2**MAX_CAST:.2g} at most"
        if change.unevenness > factor * MAX_UNEVENNESS:
            return f"light and shade lie elsewhere: brightness changed by a factor of {2**change.unevenness:.2g} between places"
        return ""


def _extremes(small: NDArray[np.uint8]) -> tuple[float, float]:
    """The shares of a picture that are burnt out, and almost black."""
    picture = grey(small)
    return float((picture >= _BURNT_OUT).mean()), float((picture < _DARK).mean())
