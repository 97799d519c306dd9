"""The contact sheet's size, and single pixels of each column whose colour is known beforehand."""

import numpy as np
import pytest

from mtdense_ros.datatypes import Intrinsics, LabelClass, LabelSpace
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.point_cloud import pack_cloud
from mtdense_ros.imaging.visualization import FOREGROUND_COLOR
from mtdense_ros.replay.birds_eye_view import BACKGROUND, draw_birds_eye_view
from mtdense_ros.replay.contact_sheet import CELL_HW, EMPTY, Heading, SheetRow, cell_origin, draw_sheet, sheet_hw
from mtdense_ros.replay.drawing import depth_range, fit
from mtdense_ros.replay.frame_selection import most_different

SPACE = LabelSpace("two", (LabelClass(0, "floor", (10, 200, 30)), LabelClass(1, "ceiling", (200, 200, 250))))
GREY = (90, 100, 110)
HEADING = Heading("title", "subtitle", SPACE)


def row(**changes):
    """A wall at 2 m, all floor, normals facing the camera, its left half foreground."""
    rgb = np.full((48, 64, 3), GREY, np.uint8)
    depth = np.full((48, 64), 2.0, np.float32)
    labels = np.zeros((48, 64), np.uint8)
    mask = np.zeros((48, 64), bool)
    mask[:, :32] = True
    normals = np.zeros((48, 64, 3), np.float32)
    normals[..., 2] = -1
    points = pack_cloud(depth, RayTable.of(Intrinsics(64, 48, 60.0, 60.0, 31.5, 23.5)), rgb, labels, None, mask)
    results = {"labels": labels, "depth": depth, "normals": normals, "foreground": mask, "points": points, **changes}
    return SheetRow("0.0 s", rgb, {name: values for name, values in results.items() if values is not None})


def pixel(sheet, column, x=0.5, y=0.5, line=0):
    """A pixel by its relative position in a cell."""
    top, left = cell_origin(line, column)
    return tuple(sheet[top + int(y * CELL_HW[0]), left + int(x * CELL_HW[1])].tolist())


@pytest.mark.parametrize("count", [1, 3])
def test_size(count):
    sheet = draw_sheet([row()] * count, HEADING)
    assert sheet.shape == (*sheet_hw(count), 3) and sheet.dtype == np.uint8
    assert sheet_hw(count + 1)[0] - sheet_hw(count)[0] == cell_origin(1, 0)[0] - cell_origin(0, 0)[0]


def test_each_column_shows_its_output():
    sheet = draw_sheet([row()], HEADING)
    assert pixel(sheet, 0) == GREY
    assert pixel(sheet, 1) == (10, 200, 30)
    assert pixel(sheet, 3) == (128, 128, 255)
    assert pixel(sheet, 4, x=0.9) == GREY
    assert pixel(sheet, 4, x=0.2) == tuple((np.array(GREY) + FOREGROUND_COLOR + 1) // 2)


def test_missing_outputs_are_empty_cells():
    sheet = draw_sheet([row(labels=None, depth=None, normals=None, foreground=None, points=None)], HEADING)
    assert [pixel(sheet, column, y=0.2) for column in range(1, 6)] == [EMPTY] * 5


def test_rendered_pictures_say_so():
    real, rendered = (draw_sheet([row()], Heading("t", "s", SPACE, rendered=flag)) for flag in (False, True))
    assert pixel(rendered, 0, 0.01, 0.99) == tuple(v // 4 for v in GREY)
    assert pixel(real, 0, 0.01, 0.99) == GREY


def test_depth_range_ignores_what_is_not_finite():
    depth = np.array([[np.nan, np.inf, -np.inf, 1.0, 3.0]], np.float32).repeat(20, 1).repeat(4, 0)
    near, far = depth_range([depth])
    assert (near, far) == (1.0, 3.0)
    assert depth_range([]) == (0.5, 5.0)


def test_birds_eye_view():
    """One point 1 m ahead and 0.5 m to the right, one beyond the ceiling limit, one unknown."""
    points = np.array([[[0.5, 0.2, 1.0], [0.0, -3.0, 1.0], [np.nan] * 3]], np.float32)
    colors = np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255)]], np.uint8)
    picture = draw_birds_eye_view(points, colors, 2.2, 200, 100)
    found = {tuple(c) for c in picture.reshape(-1, 3).tolist()}
    assert (255, 0, 0) in found and (0, 255, 0) not in found and (0, 0, 255) not in found
    rows, columns = np.nonzero((picture == (255, 0, 0)).all(-1))
    pixels_per_m = 88 / 2.2
    assert abs(columns.mean() - (100 + 0.5 * pixels_per_m)) <= 1 and abs(rows.mean() - (94 - pixels_per_m)) <= 1
    assert tuple(picture[0, 0]) == BACKGROUND


def test_the_highest_point_is_seen():
    points = np.array([[[0.0, -0.3, 1.0], [0.0, 0.4, 1.0]]], np.float32)
    colors = np.array([[(255, 0, 0), (0, 255, 0)]], np.uint8)
    found = {tuple(c) for c in draw_birds_eye_view(points, colors, 2.2, 200, 100).reshape(-1, 3).tolist()}
    assert (255, 0, 0) in found and (0, 255, 0) not in found


def test_ceiling_is_left_out_of_the_map():
    """Labelled ceiling everywhere: no floor colour, no ceiling colour in the last column."""
    sheet = draw_sheet([row(labels=np.ones((48, 64), np.uint8), foreground=None)], HEADING)
    top, left = cell_origin(0, 5)
    cell = sheet[top : top + CELL_HW[0], left : left + CELL_HW[1]].reshape(-1, 3)
    assert not (cell == (200, 200, 250)).all(-1).any()


def test_fit_keeps_the_aspect_ratio():
    out = fit(np.full((10, 40, 3), 255, np.uint8), 80, 60, (1, 2, 3))
    assert out.shape == (60, 80, 3)
    assert tuple(out[0, 0]) == (1, 2, 3) and tuple(out[30, 0]) == (255, 255, 255)
    assert int((out == 255).all(-1).sum()) == 80 * 20


def test_the_most_different_frames_are_chosen():
    """Brightness 0 0 10 250 120: from the first, the farthest is 250, then 120, then 10."""
    pictures = [np.full((48, 64, 3), value, np.uint8) for value in (0, 0, 10, 250, 120)]
    assert [most_different(pictures, count) for count in (1, 2, 3, 4, 9)] == [[0], [0, 3], [0, 3, 4], [0, 2, 3, 4], [0, 1, 2, 3, 4]]
