"""What precisions below fp32 cost in accuracy, as a card records it, and whether that is little enough."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from mtdense_ros.errors import WeightsError

REDUCED = ("bf16", "fp16")
"""The precisions below fp32."""

LIMITS = {"mean_iou": 0.005, "abs_rel": 0.005, "foreground_iou": 0.005}
"""Largest losses, absolute, with which a format may be chosen unasked, unless a card says otherwise: half a point of either IoU,
and of the relative error of depth."""

DECIDING_FIGURE = {"labels": "mean_iou", "depth": "abs_rel", "foreground": "foreground_iou"}
"""The figure that speaks for an output. Normals are measured too, and have no limit of their own: they share depth's features."""

RENDERED = "renders:"
"""How the names of rendered sets begin. These alone decide; real frames are only reported, as nothing is ever selected on them."""


@dataclass(frozen=True)
class PrecisionSpec:
    """The largest allowed losses where they differ from LIMITS, and what was measured. Raises WeightsError.

    Each entry of `measured` has precision, engine, set and loss (by figure, positive where worse than fp32 in torch), and whatever
    else `mtdense precision --into-card` says of the measurement.
    """

    limits: Mapping[str, float]
    measured: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "measured", tuple(self.measured))
        unknown = sorted(set(self.limits) - set(LIMITS))
        _require(not unknown, f"limits: '{', '.join(unknown)}' is unknown; use {', '.join(LIMITS)}")
        _require(all(_is_number(v) and v >= 0 for v in self.limits.values()), f"limits: {dict(self.limits)} must be numbers from 0 on")
        for index, entry in enumerate(self.measured):
            _check_entry(entry, f"measured[{index}]")

    def refusal(self, precision: str, engine: str, outputs: Collection[str]) -> str:
        """Why an engine with this precision must not be chosen unasked for a network with these outputs; "" if it may.

        It may when every rendered set that was measured with both has, for each output, a loss within the limit.
        """
        entries = [e for e in self.measured if e["precision"] == precision and e["engine"] == engine and e["set"].startswith(RENDERED)]
        if not entries:
            return f"the loss of {precision} in {engine} is not measured"
        figures = [figure for output, figure in DECIDING_FIGURE.items() if output in outputs]
        for entry in entries:
            for figure in figures:
                loss, limit = entry["loss"].get(figure), self.limits.get(figure, LIMITS[figure])
                if loss is None:
                    return f"the loss of {precision} in {engine} is not measured for {figure}"
                if loss > limit:
                    return f"{precision} in {engine} loses {loss:.4f} of {figure}, the card allows {limit:.4f}"
        return ""


def _check_entry(entry: Any, where: str) -> None:
    _require(isinstance(entry, Mapping), f"{where}: must be an object, found {type(entry).__name__}")
    for name in ("precision", "engine", "set"):
        _require(isinstance(entry.get(name), str), f"{where}.{name}: must be a text, found {entry.get(name)!r}")
    loss = entry.get("loss")
    good = isinstance(loss, Mapping) and all(_is_number(value) for value in loss.values())
    _require(good, f"{where}.loss: must be an object of numbers, found {loss!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _require(good: bool, problem: str) -> None:
    if not good:
        raise WeightsError(f"precision.{problem}")
