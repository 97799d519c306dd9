"""The figures of an evaluation as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

FIGURES = {
    "labels": (("mean_iou", "mean IoU"), ("pixel_accuracy", "pixel accuracy")),
    "depth": (("abs_rel", "abs rel"), ("delta1", "delta 1"), ("rmse_m", "RMSE m"), ("abs_rel_scaled", "abs rel, scaled")),
    "normals": (("mean_deg", "mean deg"), ("median_deg", "median deg"), ("within_30", "within 30 deg")),
    "foreground": (("iou", "IoU"), ("precision", "precision"), ("recall", "recall"), ("f1", "F1")),
}
"""Per output, the figures of the table: key and heading."""


def markdown(entries: Iterable[Mapping[str, Any]]) -> str:
    """One table per output; a row per set and method."""
    entries = list(entries)
    parts = []
    for output, figures in FIGURES.items():
        rows = [entry for entry in entries if entry["output"] == output]
        if rows:
            heading = "| set | frames | method | " + " | ".join(title for _, title in figures) + " |"
            rule = "|---|---:|---|" + "---:|" * len(figures)
            parts.append("\n".join([f"## {output}", "", heading, rule, *(_row(entry, figures) for entry in rows)]))
    return "\n\n".join(parts) + "\n"


def _row(entry: Mapping[str, Any], figures: tuple[tuple[str, str], ...]) -> str:
    name = f"**{entry['method']}**" if entry["method"] == "network" else entry["method"]
    return f"| {entry['set']} | {entry['frames']} | {name} | " + " | ".join(f"{entry[key]:.3f}" for key, _ in figures) + " |"
