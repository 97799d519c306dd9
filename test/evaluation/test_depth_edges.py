"""The share of depth edges that are found, on steps whose places are known."""

import math

import numpy as np
import pytest

from mtdense_ros.evaluation.depth_edges import REACH_PX, DepthEdges, depth_edges
from mtdense_ros.evaluation.metrics import DepthMetrics


def step(at, low=1.0, high=2.0, shape=(20, 60)):
    depth = np.full(shape, low, np.float32)
    depth[:, at:] = high
    return depth


def shares(pred, target):
    edges = DepthEdges()
    edges.update(pred, target)
    return edges.result()


def test_a_jump_is_marked_between_its_two_sides():
    columns = np.flatnonzero(depth_edges(step(30))[10])
    assert columns.min() >= 30 - REACH_PX and columns.max() <= 30 + REACH_PX and len(columns) == REACH_PX
    assert (np.flatnonzero(depth_edges(step(30).T)[:, 10]) == columns).all()


def test_neither_a_small_jump_nor_a_hole_is_an_edge():
    assert not depth_edges(step(30, high=1.2)).any()
    hole = step(30)
    hole[:, 25:35] = np.nan
    assert not depth_edges(hole).any()


@pytest.mark.parametrize(("shift", "found"), [(0, 1.0), (REACH_PX, 1.0), (3 * REACH_PX, 0.0)])
def test_an_edge_counts_within_reach(shift, found):
    assert shares(step(30 + shift), step(30)) == {"edges_found": found, "edges_right": found}


def test_an_edge_that_is_not_there_costs_the_share_of_right_ones_only():
    pred = step(30)
    pred[:, 50:] = 3.0
    result = shares(pred, step(30))
    assert result == {"edges_found": 1.0, "edges_right": 0.5}


def test_what_is_found_where_the_truth_is_unknown_does_not_count():
    truth = step(30)
    truth[:, 44:] = 0.0
    pred = step(30)
    pred[:, 50:] = 3.0
    assert shares(pred, truth)["edges_right"] == 1.0


def test_maps_without_edges_have_no_share():
    assert all(math.isnan(value) for value in shares(step(0), step(0)).values())


def test_depth_metrics_give_the_edges_of_the_scaled_map():
    metrics = DepthMetrics()
    metrics.update(step(30) * 0.1, step(30))
    assert metrics.result()["edges_found_scaled"] == 1.0
