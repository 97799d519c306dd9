"""The figures of an evaluation as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mtdense_ros.utils.tables import NONE, markdown_table, number

Entry = Mapping[str, Any]

FIGURES = {
    "labels": (
        ("mean_iou", "mean IoU"),
        ("mean_iou_surfaces", "floor, wall, ceiling"),
        ("mean_iou_five", "and furniture, object"),
        ("pixel_accuracy", "pixel accuracy"),
    ),
    "depth": (
        ("abs_rel_all", "abs rel"),
        ("delta1_all", "delta 1"),
        ("rmse_m_all", "RMSE m"),
        ("abs_rel_scaled_all", "abs rel, scaled"),
        ("delta1_scaled_all", "delta 1, scaled"),
        ("edges_found_scaled", "edges found"),
        ("edges_right_scaled", "edges right"),
        ("ssim", "SSIM"),
        ("valid_share", "valid"),
    ),
    "normals": (("mean_deg", "mean deg"), ("median_deg", "median deg"), ("within_30", "within 30 deg"), ("valid_share", "valid")),
    "foreground": (("iou", "IoU"), ("precision", "precision"), ("recall", "recall"), ("f1", "F1"), ("ssim", "SSIM")),
    "person": (("iou", "IoU"), ("precision", "precision"), ("recall", "recall"), ("f1", "F1")),
}
"""Per output, the figures of the table: key and heading. One that no row has is left out."""

_OF_A_FRAME = {
    "labels": ("mean IoU", ("mean_iou",)),
    "depth": ("abs rel, raw / scaled", ("abs_rel_all", "abs_rel_scaled_all")),
    "normals": ("median deg", ("median_deg",)),
    "foreground": ("IoU", ("iou",)),
    "person": ("IoU", ("iou",)),
}


def markdown(entries: Iterable[Entry], level: int = 2) -> str:
    """One table per output, below a heading of that level; a row per set and method."""
    entries = list(entries)
    parts = []
    for output, figures in FIGURES.items():
        mine = [entry for entry in entries if entry["output"] == output]
        shown = [(key, title) for key, title in figures if any(key in entry for entry in mine)]
        rows = [_row(entry, shown) for entry in mine]
        if rows:
            titles = ["set", "frames", "method", *(title for _, title in shown)]
            parts.append(f"{'#' * level} {output}\n\n{markdown_table(titles, rows, left=(0, 2))}")
    return "\n".join(parts)


def per_class(entries: Iterable[Entry]) -> str:
    """The IoU of every class; a row per set and method."""
    entries = [entry for entry in entries if entry["output"] == "labels"]
    names = list(dict.fromkeys(name for entry in entries for name in entry["iou"]))
    rows = [[entry["set"], entry["method"], *(number(entry["iou"].get(name), 3) for name in names)] for entry in entries]
    return markdown_table(["set", "method", *names], rows, left=(0, 1))


def per_frame(entries: Iterable[Entry], level: int = 3) -> str:
    """One table per set and output: a row per frame, a column per method."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry["set"], entry["output"]), []).append(entry)
    parts = []
    for (name, output), methods in groups.items():
        what, keys = _OF_A_FRAME[output]
        rows = []
        for frame in dict.fromkeys(frame for entry in methods for frame in entry["per_frame"]):
            cells = (entry["per_frame"].get(frame, {}) for entry in methods)
            rows.append([frame, *(" / ".join(number(values.get(key), 3) for key in keys if key in values) or NONE for values in cells)])
        titles = ["frame", *(entry["method"] for entry in methods)]
        if rows:
            parts.append(f"{'#' * level} {name}, {output}: {what}\n\n{markdown_table(titles, rows, left=(0,))}")
    return "\n".join(parts)


def unchanged(entries: Iterable[Entry]) -> str:
    """A row per change, a column per method: the largest false area over the backgrounds, in percent."""
    entries = list(entries)
    sets = {entry["set"] for entry in entries}
    titles = {}
    for method in dict.fromkeys(entry["method"] for entry in entries):
        seen = {entry["set"] for entry in entries if entry["method"] == method}
        titles[method] = method if seen == sets else f"{method} ({', '.join(sorted(seen))})"
    rows = []
    for change in dict.fromkeys(entry["change"] for entry in entries):
        areas = {method: [e["false_area"] for e in entries if (e["change"], e["method"]) == (change, method)] for method in titles}
        rows.append([change, *(f"{100 * max(values):.2f}" for values in areas.values())])
    return markdown_table(["change", *titles.values()], rows, left=(0,))


def _row(entry: Entry, figures: Iterable[tuple[str, str]]) -> list[str]:
    name = f"**{entry['method']}**" if entry["method"] == "network" else entry["method"]
    return [entry["set"], str(entry["frames"]), name, *(number(entry.get(key), 3) for key, _ in figures)]
