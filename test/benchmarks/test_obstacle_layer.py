"""The costmap of the closed loop: Bresenham's lines, clearing before marking, ranges and bands."""

import numpy as np
import pytest

from benchmarks.common.obstacle_layer import LayerSettings, ObstacleLayer, line_cells

SENSOR = np.array([0.025, 0.025, 0.5])
NONE = np.zeros((0, 3))


@pytest.fixture
def layer():
    return ObstacleLayer((-1.0, -1.0), (3.0, 3.0), LayerSettings(obstacle_max_range=1.5, raytrace_max_range=1.5))


def marked(layer):
    rows, columns = np.nonzero(layer.marked)
    return {(round(-1 + 0.05 * (c + 0.5), 3), round(-1 + 0.05 * (r + 0.5), 3)) for r, c in zip(rows, columns, strict=True)}


def test_lines_are_those_of_bresenham():
    start = np.array([3, 2])
    ends = np.array([[3, 6], [5, 6], [1, 1], [3, 2]])
    expected = [
        [(3, 2), (3, 3), (3, 4), (3, 5), (3, 6)],
        [(3, 2), (4, 3), (4, 4), (5, 5), (5, 6)],
        [(3, 2), (2, 1), (1, 1)],
        [(3, 2)],
    ]
    for end, cells in zip(ends, expected, strict=True):
        assert [tuple(c) for c in line_cells(start, end[None], 100)] == cells


def test_lines_are_cut_to_a_length():
    assert len(line_cells(np.array([0, 0]), np.array([[0, 40]]), 10)) == 11


def test_a_point_marks_its_cell_and_a_ray_clears_up_to_its_end(layer):
    layer.update(SENSOR, np.array([[0.62, 0.025, 0.3]]), NONE)
    assert marked(layer) == {(0.625, 0.025)}
    layer.update(SENSOR, NONE, np.array([[0.57, 0.025, 0.0]]))
    assert marked(layer) == {(0.625, 0.025)}, "the ray ends before it"
    layer.update(SENSOR, NONE, np.array([[0.62, 0.025, 0.0]]))
    assert marked(layer) == set()


def test_marking_comes_after_clearing(layer):
    layer.update(SENSOR, np.array([[0.62, 0.025, 0.3]]), np.array([[1.2, 0.025, 0.0]]))
    assert marked(layer) == {(0.625, 0.025)}


def test_ranges_bands_and_borders(layer):
    far, high = np.array([[1.6, 0.025, 0.5]]), np.array([[0.6, 0.025, 3.5]])
    layer.update(SENSOR, np.concatenate([far, high]), NONE)
    assert not layer.marked.any()
    layer.update(SENSOR, np.array([[1.3, 0.025, 0.3]]), NONE)
    layer.update(SENSOR, NONE, np.array([[50.0, 0.025, 0.5], [0.5, 0.025, 3.5]]))
    assert not layer.marked.any(), "a ray that leaves the map clears up to its border, within range"
    layer.update(np.array([9.0, 9.0, 0.5]), NONE, np.array([[0.0, 0.0, 0.5]]))
