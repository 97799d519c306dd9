"""False foreground where nothing changed: backgrounds against themselves under another light, another camera and small motions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.photometry import compressed, exposed, noisy
from mtdense_ros.evaluation.change_detection import THRESHOLD, Subtractors, difference
from mtdense_ros.evaluation.frames import EvaluationFrame, Rgb
from mtdense_ros.evaluation.metrics import MaskMetrics
from mtdense_ros.evaluation.scoring import NETWORK
from mtdense_ros.inference.predictor import Predictor

_SEED = 1
_WARM, _COOL = (1.15, 1.0, 0.85), (0.85, 1.0, 1.15)

Change = Callable[[Rgb], Rgb]


def _gain(factor: float, colours: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Change:
    return lambda image: exposed(image, 1.0, factor * np.array(colours))


def _gamma(gamma: float) -> Change:
    return lambda image: exposed(image, gamma, np.ones(3))


def _together(image: Rgb) -> Rgb:
    return compressed(noisy(exposed(image, 1.2, 0.8 * np.array(_WARM)), 5, _SEED), 70)


CHANGES: Mapping[str, tuple[Change, int]] = {
    "none": (lambda image: image, 0),
    **{f"gain {factor:g}": (_gain(factor), 0) for factor in (0.6, 0.8, 1.2, 1.5)},
    **{f"gamma {gamma:g}": (_gamma(gamma), 0) for gamma in (0.7, 1.4)},
    "white balance, warm": (_gain(1.0, _WARM), 0),
    "white balance, cool": (_gain(1.0, _COOL), 0),
    "noise, 5 grey levels": (lambda image: noisy(image, 5, _SEED), 0),
    "noise, 10 grey levels": (lambda image: noisy(image, 10, _SEED), 0),
    "JPEG, quality 50": (lambda image: compressed(image, 50), 0),
    "JPEG, quality 25": (lambda image: compressed(image, 25), 0),
    "shift 2 px": (lambda image: image, 2),
    "shift 5 px": (lambda image: image, 5),
    "gain 0.8, gamma 1.2, warm, noise 5, JPEG 70": (_together, 0),
    "the same and shift 2 px": (_together, 2),
}
"""What happens to the camera, and by how many pixels it then looks to the right."""


def pair(background: Rgb, change: Change, shift: int) -> tuple[Rgb, Rgb]:
    """The changed view of a background (H, W, 3) and the background itself, both cut to the width that they share."""
    width = background.shape[1] - shift
    return np.ascontiguousarray(change(background)[:, shift:]), np.ascontiguousarray(background[:, :width])


def backgrounds(frames: Iterable[EvaluationFrame]) -> list[EvaluationFrame]:
    """The first frame of each different background."""
    found: dict[bytes, EvaluationFrame] = {}
    for frame in frames:
        if frame.background is not None:
            found.setdefault(frame.background.tobytes(), frame)
    return list(found.values())


def false_areas(predictor: Predictor, frames: Iterable[EvaluationFrame]) -> list[dict[str, Any]]:
    """For every background of some frames: {"background": number, "change", "method", "false_area": share of the picture}."""
    entries = []
    for number, frame in enumerate(backgrounds(frames)):
        for change in CHANGES:
            for method, mask in _masks(predictor, frame, change).items():
                metrics = MaskMetrics()
                metrics.update(mask, np.zeros_like(mask))
                entries.append({"background": number, "change": change, "method": method, "false_area": metrics.predicted_share})
    return entries


def _masks(predictor: Predictor, frame: EvaluationFrame, change: str) -> dict[str, NDArray[np.bool_]]:
    assert frame.background is not None
    seen, reference = pair(frame.background, *CHANGES[change])
    masks = {}
    if "foreground" in predictor.outputs:
        found = predictor.predict(seen, background=reference, outputs=("foreground",)).foreground
        assert found is not None
        masks[NETWORK] = found
    masks[f"rgb difference, t = {THRESHOLD}"] = difference(seen, reference, compensate=False) > THRESHOLD
    masks[f"rgb difference, gain-compensated, t = {THRESHOLD}"] = difference(seen, reference, compensate=True) > THRESHOLD
    shown = EvaluationFrame(name=frame.name, rgb=seen, empty=tuple(rgb[:, : reference.shape[1]] for rgb in frame.empty))
    return masks | {name: mask for name, mask in Subtractors().masks(shown).items() if name.endswith("frozen")}
