"""The accuracy that reduced precision costs: as a JSON file, on a card and as a section of docs/accuracy.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mtdense_ros.errors import InputError
from mtdense_ros.evaluation.report import rounded
from mtdense_ros.utils.strict_json import to_json_by_line
from mtdense_ros.utils.tables import markdown_table, number
from mtdense_ros.weights import PrecisionSpec
from mtdense_ros.weights.precision import LIMITS, RENDERED

HIGHER_IS_BETTER = {"mean_iou": True, "abs_rel": False, "normals_deg": False, "foreground_iou": True}
"""The figures that are compared."""

_OF_ENTRY = {
    "labels": ("mean_iou", ("mean_iou",)),
    "depth": ("abs_rel", ("abs_rel_all", "abs_rel_scaled_all")),
    "normals": ("normals_deg", ("mean_deg",)),
    "foreground": ("foreground_iou", ("iou",)),
}
"""By output: the figure, and the first of these keys of Scores.results that there is; relative depth is scaled to the truth."""

_TITLES = ("mean IoU", "abs rel", "normals, deg", "foreground IoU")


@dataclass
class PrecisionReport:
    """The figures of weights (name, sha256) in several engines and precisions, and the command and machine that measured them.

    results holds objects with set, frames, engine, device, precision and figures. The first of a set is fp32 in torch; the others
    also have "loss", the drop against that one. skipped says what was not measured, and why.
    """

    name: str
    sha256: str
    outputs: list[str]
    command: str
    machine: dict[str, Any]
    limits: dict[str, float] = field(default_factory=lambda: dict(LIMITS))
    results: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def spec(self, before: PrecisionSpec | None = None) -> PrecisionSpec:
        """What a card keeps: these results, and those it already has of other precisions, engines and sets."""
        new = [{key: e[key] for key in ("precision", "engine", "device", "set", "frames", "loss")} for e in self.results if "loss" in e]
        fresh = {_key(entry) for entry in new}
        kept = [entry for entry in (before.measured if before else ()) if _key(entry) not in fresh]
        return PrecisionSpec(self.limits, tuple([*kept, *new]))

    def to_json(self) -> str:
        """The text of a file, one line per result."""
        return to_json_by_line(asdict(self))

    @classmethod
    def read(cls, path: Path) -> PrecisionReport:
        """The report of a file. Raises InputError."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{path}: no report of precision drops ({error}); write it with mtdense precision") from error


def figures_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The compared figures among Scores.results, four decimals; what does not exist, or is of one class alone, is left out."""
    found = {}
    for entry in entries:
        if entry["output"] not in _OF_ENTRY:
            continue
        name, keys = _OF_ENTRY[entry["output"]]
        values = [rounded(entry[key]) for key in keys if key in entry]
        if values and values[0] is not None:
            found[name] = values[0]
    return {name: found[name] for name in HIGHER_IS_BETTER if name in found}


def precision_drops(exact: Mapping[str, float], reduced: Mapping[str, float]) -> dict[str, float]:
    """By how much each figure is worse than the exact one; negative where it is better."""
    return {
        name: round(value - reduced[name] if HIGHER_IS_BETTER[name] else reduced[name] - value, 4)
        for name, value in exact.items() if name in reduced
    }  # fmt: skip


def section(report: PrecisionReport) -> str:
    """Markdown: fp32's figures of every set, the drops of each reduced precision, and what follows for `auto`."""
    titles = ["set", "frames", "engine", "precision", *_TITLES]
    rows = []
    for entry in report.results:
        values, decimals, sign = (entry["loss"], 4, "+") if "loss" in entry else (entry["figures"], 3, "")
        cells = (number(values.get(name), decimals, sign=sign) for name in HIGHER_IS_BETTER)
        rows.append([entry["set"], str(entry["frames"]), f"{entry['engine']}, {entry['device']}", entry["precision"], *cells])
    limits = ", ".join(f"{name} {value:g}" for name, value in report.limits.items())
    intro = (
        f"`{report.command}`: the figures of fp32, and by how much those of reduced precision are worse (a minus: better). "
        f"Limits for `auto`, on rendered sets: {limits}. The other sets are reported only. Imitated: fp16's rounding, on a CPU.\n"
    )
    notes = "".join(f"- {text}\n" for text in [*_verdicts(report), *(f"not measured: {text}" for text in report.skipped)])
    return "\n".join([intro, markdown_table(titles, rows, left=(0, 2, 3)), *([notes] if notes else [])])


def _verdicts(report: PrecisionReport) -> list[str]:
    """A sentence per engine and precision: whether `auto` may use it."""
    spec, found = report.spec(), []
    for engine, precision in dict.fromkeys((entry["engine"], entry["precision"]) for entry in spec.measured):
        refusal = spec.refusal(precision, engine, report.outputs)
        found.append(f"`auto` must not use {precision} in {engine}: {refusal}" if refusal else f"`auto` may use {precision} in {engine}")
    return found


def counts_for_auto(name: str) -> bool:
    """Whether the drops on a set of this name count for `auto`."""
    return name.startswith(RENDERED)


def _key(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(entry[name] for name in ("precision", "engine", "set"))
