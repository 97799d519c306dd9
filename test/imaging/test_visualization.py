"""Pictures for people, pixel by pixel."""

import numpy as np
import pytest

from mtdense_ros.datatypes import LabelClass, LabelSpace
from mtdense_ros.errors import InputError
from mtdense_ros.imaging import visualization

SPACE = LabelSpace("two", (LabelClass(0, "floor", (10, 20, 30)), LabelClass(1, "wall", (40, 50, 60))))


def test_labels_take_the_colours_of_their_space():
    result = visualization.colour_labels(np.uint8([[0, 1], [255, 7]]), SPACE)
    assert result.tolist() == [[[10, 20, 30], [40, 50, 60]], [[0, 0, 0], [0, 0, 0]]]


def test_depth_runs_from_red_to_blue_and_unknown_is_black():
    depth = np.float32([[0.5, 1, 4, 9, np.inf, -np.inf, np.nan]])
    row = visualization.colour_depth(depth, 1.0, 4.0)[0].astype(int)
    near, far = row[1], row[2]
    assert near[0] > near[2] and far[2] > far[0]
    np.testing.assert_array_equal(row[[0, 5]], [near, near])
    np.testing.assert_array_equal(row[[3, 4]], [far, far])
    assert row[6].tolist() == [0, 0, 0] and far.any()


def test_depth_is_painted_by_its_inverse():
    """1 / 1.6 m is midway between 1 / 1 m and 1 / 4 m: the middle of the map, which is green in Turbo."""
    red, green, blue = visualization.colour_depth(np.float32([[1.6]]), 1.0, 4.0)[0, 0].astype(int)
    assert green > 240 and red < 180 and blue < 100


@pytest.mark.parametrize("limits", [(0.0, 4.0), (4.0, 1.0)])
def test_depth_colours_need_a_range(limits):
    with pytest.raises(InputError, match="set depth.min and depth.max"):
        visualization.colour_depth(np.ones((1, 1), np.float32), *limits)


def test_normals_red_right_green_up_blue_towards_the_camera():
    normals = np.float32([[[1, 0, 0], [0, -1, 0], [0, 0, -1], [np.nan] * 3]])
    assert visualization.colour_normals(normals).tolist() == [[[255, 128, 128], [128, 255, 128], [128, 128, 255], [0, 0, 0]]]


def test_foreground_is_tinted_within_an_outline():
    rgb = np.full((5, 5, 3), 100, np.uint8)
    mask = np.zeros((5, 5), bool)
    mask[2, 2] = True
    result = visualization.overlay_foreground(rgb, mask)
    assert result[0, 0].tolist() == [100, 100, 100]
    assert result[1, 1].tolist() == result[2, 3].tolist() == list(visualization.FOREGROUND_COLOR)
    assert result[2, 2].tolist() == [178, 70, 70]
    assert (rgb == 100).all()


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(InputError, match="bring the mask to camera size"):
        visualization.overlay_foreground(np.zeros((4, 4, 3), np.uint8), np.zeros((2, 2), bool))
