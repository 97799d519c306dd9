"""The contact sheet: a row per frame, a column per output, with a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelSpace
from mtdense_ros.geometry.point_cloud import unpack_cloud
from mtdense_ros.imaging.visualization import FOREGROUND_COLOR, colour_depth, colour_labels, colour_normals, overlay_foreground
from mtdense_ros.replay.birds_eye_view import draw_birds_eye_view
from mtdense_ros.replay.drawing import Color, depth_range, draw_badge, draw_legend, draw_text, fit, text_width
from mtdense_ros.utils.image_grid import image_grid

Image = NDArray[np.uint8]

COLUMNS = ("camera", "labels", "depth", "normals", "foreground", "bird's-eye view")
CELL_HW = (240, 320)
SHEET_ROWS = 5
SHEET_CANDIDATES = 48
"""As many frames as a page shows well, and from how many they are chosen."""

GAP, MARGIN, GUTTER, HEADER, TITLES, LEGEND = 8, 28, 110, 120, 44, 112
TITLE, TEXT, BADGE = 32, 19, 16
"""Heights of capital letters: legible when the sheet is shown at half its size."""

PAPER: Color = (17, 19, 24)
EMPTY: Color = (30, 33, 40)
INK: Color = (236, 239, 244)
FAINT: Color = (150, 158, 172)


@dataclass(frozen=True)
class SheetRow:
    """One frame: a caption, its picture (H, W, 3), and its results by topic name as `Pipeline.process` returns them."""

    caption: str
    rgb: Image
    results: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Heading:
    """The text above and below the rows. rendered: the camera pictures are synthetic and are labelled so. metric: depth is in metres."""

    title: str
    subtitle: str
    space: LabelSpace | None
    rendered: bool = False
    metric: bool = True


def draw_sheet(rows: Sequence[SheetRow], heading: Heading) -> Image:
    """The sheet as (H, W, 3) uint8 RGB; needs at least one row. Depth and maps have one scale over all rows."""
    range_m = depth_range(row.results["depth"][::4, ::4] for row in rows if "depth" in row.results)
    height, width = sheet_hw(len(rows))
    sheet = np.empty((height, width, 3), np.uint8)
    sheet[:] = PAPER
    draw_text(sheet, heading.title, MARGIN, MARGIN + TITLE, TITLE, INK)
    draw_text(sheet, heading.subtitle, MARGIN, HEADER - TEXT, TEXT, FAINT)
    for column, name in enumerate(COLUMNS):
        left = cell_origin(0, column)[1]
        draw_text(sheet, name, left + (CELL_HW[1] - text_width(name, TEXT)) // 2, HEADER + TITLES - 14, TEXT, INK)
    for index, row in enumerate(rows):
        top = cell_origin(index, 0)[0]
        draw_text(sheet, row.caption, MARGIN, top + (CELL_HW[0] + TEXT) // 2, TEXT, FAINT)
    cells = image_grid([[_cell(picture) for picture in _pictures(row, heading, range_m)] for row in rows], GAP, PAPER)
    top, left = cell_origin(0, 0)
    sheet[top : top + cells.shape[0], left : left + cells.shape[1]] = cells
    draw_legend(sheet[height - LEGEND :], MARGIN + GUTTER, heading.space, range_m, heading.metric)
    return sheet


def sheet_hw(rows: int) -> tuple[int, int]:
    """Height and width in pixels of a sheet with so many rows."""
    height = HEADER + TITLES + rows * (CELL_HW[0] + GAP) + LEGEND
    return height, 2 * MARGIN + GUTTER + len(COLUMNS) * (CELL_HW[1] + GAP) - GAP


def cell_origin(row: int, column: int) -> tuple[int, int]:
    """Top and left pixel of a cell."""
    return HEADER + TITLES + row * (CELL_HW[0] + GAP), MARGIN + GUTTER + column * (CELL_HW[1] + GAP)


def _pictures(row: SheetRow, heading: Heading, range_m: tuple[float, float]) -> tuple[Image | None, ...]:
    """One picture per column, None where the output is missing."""
    r = row.results
    camera = fit(row.rgb, CELL_HW[1], CELL_HW[0], EMPTY)
    if heading.rendered:
        draw_badge(camera, "rendered", BADGE)
    return (
        camera,
        colour_labels(r["labels"], heading.space) if "labels" in r and heading.space else None,
        colour_depth(r["depth"], *range_m) if "depth" in r else None,
        colour_normals(r["normals"]) if "normals" in r else None,
        overlay_foreground(row.rgb, r["foreground"].astype(bool)) if "foreground" in r else None,
        _birds_eye_view(row, heading, range_m[1]) if "points" in r else None,
    )


def _birds_eye_view(row: SheetRow, heading: Heading, far: float) -> Image:
    """The cloud in the colours of its classes, without a ceiling; in the camera's where there are no classes."""
    height, width = row.rgb.shape[:2]
    cloud = unpack_cloud(row.results["points"], width, height)
    points, colors = cloud["points"].astype(np.float32), row.rgb
    if heading.space is not None and "labels" in row.results:
        colors = colour_labels(row.results["labels"], heading.space)
        for ceiling in (c.id for c in heading.space.classes if c.name == "ceiling"):
            points[row.results["labels"] == ceiling] = np.nan
    colors = np.where(cloud["foreground"][..., None].astype(bool), np.array(FOREGROUND_COLOR, np.uint8), colors)
    return draw_birds_eye_view(points, colors, far, CELL_HW[1], CELL_HW[0])


def _cell(picture: Image | None) -> Image:
    if picture is not None:
        return fit(picture, CELL_HW[1], CELL_HW[0], EMPTY)
    cell = np.empty((*CELL_HW, 3), np.uint8)
    cell[:] = EMPTY
    draw_text(cell, "none", (CELL_HW[1] - text_width("none", TEXT)) // 2, (CELL_HW[0] + TEXT) // 2, TEXT, FAINT)
    return cell
