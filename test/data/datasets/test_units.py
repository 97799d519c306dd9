"""Stored numbers -> units of a Sample, by hand."""

import numpy as np
import pytest

from mtdense_ros.data.datasets.units import colour_ids, label_ids, metres, share, unit_normals
from mtdense_ros.errors import InputError


def test_depth_is_in_metres_and_zero_is_unknown():
    found = metres(np.array([[5000, 0, 12500]], np.uint16), 5000)
    np.testing.assert_array_equal(found, np.array([[1.0, np.nan, 2.5]], np.float32))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(metres(np.array([1.5, np.inf, np.nan, -1], np.float32), 1), [1.5, np.nan, np.nan, np.nan])


def test_grey_is_a_share_of_its_largest_value():
    np.testing.assert_allclose(share(np.array([0, 51, 255], np.uint8)), [0, 0.2, 1])
    np.testing.assert_allclose(share(np.array([0, 65535], np.uint16)), [0, 1])


def test_ids_count_from_the_first_and_void_is_unlabelled():
    stored = np.array([[0, 1, 13]], np.uint8)
    np.testing.assert_array_equal(label_ids(stored, 13, "f.png", first=1, void=(0,)), [[255, 0, 12]])
    np.testing.assert_array_equal(label_ids(np.array([[255, 2]], np.uint8), 3, "f.png"), [[255, 2]])
    with pytest.raises(InputError, match=r"f\.png: value 13 at x=2 y=0"):
        label_ids(stored, 13, "f.png")


def test_colours_are_looked_up_and_an_unknown_one_is_named():
    table = {(0, 0, 0): 255, (128, 0, 64): 0, (1, 2, 3): 7}
    picture = np.array([[[1, 2, 3], [0, 0, 0], [128, 0, 64]]], np.uint8)
    np.testing.assert_array_equal(colour_ids(picture, table, "f.png"), [[7, 255, 0]])
    picture[0, 1] = 255, 255, 255
    with pytest.raises(InputError, match=r"f\.png: colour \(255, 255, 255\) at x=1 y=0"):
        colour_ids(picture, table, "f.png")


@pytest.mark.parametrize(("axes", "floor"), [("optical", (127, 0, 127)), ("opengl", (127, 255, 127)), ("nyu", (127, 127, 255))])
def test_a_floor_points_up_whatever_the_stored_axes(axes, floor):
    np.testing.assert_allclose(unit_normals(np.array([[floor]], np.uint8), axes)[0, 0], (0, -1, 0), atol=0.01)


@pytest.mark.parametrize(("axes", "wall"), [("optical", (127, 127, 0)), ("opengl", (127, 127, 255)), ("nyu", (127, 0, 127))])
def test_a_wall_ahead_faces_the_camera(axes, wall):
    np.testing.assert_allclose(unit_normals(np.array([[wall]], np.uint8), axes)[0, 0], (0, 0, -1), atol=0.01)


@pytest.mark.parametrize("stored", [(0, 0, 0), (127, 127, 127), (128, 128, 128), (255, 255, 255), (140, 140, 140)])
def test_what_is_no_direction_is_no_normal(stored):
    assert np.isnan(unit_normals(np.array([[stored]], np.uint8), "optical")).all()
