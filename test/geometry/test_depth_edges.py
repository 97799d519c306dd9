"""Depth edges: both sides of a jump, nothing on planes, and what unknown depth means."""

import numpy as np
import pytest
from scene_of_boxes import CAMERA, HEIGHT_M, RAYS, view

from mtdense_ros.errors import InputError
from mtdense_ros.geometry.depth_edges import depth_edges


def test_both_sides_of_a_jump_and_nothing_else():
    depth = np.full((5, 8), 1.0, np.float32)
    depth[:, 4:] = 1.2
    expected = np.zeros((5, 8), bool)
    expected[:, 3:5] = True
    assert np.array_equal(depth_edges(depth, 0.1), expected)


def test_a_jump_below_the_threshold_is_none():
    depth = np.full((5, 8), 1.0, np.float32)
    depth[:, 4:] = 1.09
    assert not depth_edges(depth, 0.1).any()
    assert not depth_edges(depth * 7, 0).any()


def test_a_ramp_between_two_surfaces_is_rejected_over_its_length():
    """What bilinear resizing of a network's depth by 4 leaves between 1 m and 3 m."""
    depth = np.tile(np.interp(np.arange(20), [8, 12], [1.0, 3.0]), (5, 1)).astype(np.float32)
    assert np.array_equal(np.flatnonzero(depth_edges(depth, 0.15)[2]), np.arange(8, 13))


def test_floor_and_wall_seen_by_a_low_camera_are_no_edges():
    depth, _ = view(wall_at=4.0)
    assert not depth_edges(depth, 0.08).any()


def test_unknown_depth_makes_no_edge_but_beyond_range_does():
    depth = np.full((5, 9), 2.0, np.float32)
    depth[:, 2] = np.nan
    depth[:, 4] = -np.inf
    depth[:, 8] = np.inf
    assert np.array_equal(np.flatnonzero(depth_edges(depth, 0.1)[2]), [7, 8])


def test_the_window_grows_with_the_image():
    narrow, wide = (np.where(np.arange(w) < w // 2, 1.0, 2.0).astype(np.float32)[None].repeat(4, 0) for w in (640, 1920))
    assert depth_edges(narrow, 0.1)[0].sum() == 2
    assert depth_edges(wide, 0.1)[0].sum() == 6


def test_a_negative_threshold_is_refused():
    with pytest.raises(InputError, match="threshold -1"):
        depth_edges(np.ones((4, 4), np.float32), -1)


def test_the_reference_scene_is_a_plane():
    depth, _ = view(wall_at=4.0)
    points = RAYS.points(depth)
    floor = depth < 3.99
    assert np.allclose(points[floor][:, 1], HEIGHT_M, atol=1e-5) and floor.sum() > CAMERA.width
