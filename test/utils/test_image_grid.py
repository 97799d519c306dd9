"""A grid of pictures of one pixel, written out by hand."""

import numpy as np

from mtdense_ros.utils.image_grid import image_grid


def pixel(value):
    return np.full((1, 1, 3), value, np.uint8)


def test_cells_stand_in_rows_and_columns():
    assert image_grid([[pixel(1), None], [pixel(2), pixel(3)]])[..., 0].tolist() == [[1, 0], [2, 3]]


def test_a_gap_and_a_short_row():
    out = image_grid([[pixel(1), pixel(2)], [pixel(3)]], gap=1, background=(9, 8, 7))
    assert out[..., 0].tolist() == [[1, 9, 2], [9, 9, 9], [3, 9, 9]]
    assert out[1, 1].tolist() == [9, 8, 7]
