"""Voxel thinning: one measured point per cube."""

import numpy as np
import pytest

from mtdense_ros.geometry import voxel_grid
from mtdense_ros.geometry.voxel_grid import voxel_representatives


def test_one_point_per_cube():
    points = np.array([[0.01, 0.01, 0.01], [0.09, 0.09, 0.09], [0.11, 0.01, 0.01], [-0.01, 0.01, 0.01]], np.float32)
    chosen = voxel_representatives(points, 0.1)
    assert len(chosen) == 3 and {2, 3} <= set(chosen.tolist())


def test_size_zero_keeps_all_and_no_point_is_no_voxel():
    assert np.array_equal(voxel_representatives(np.zeros((3, 3), np.float32), 0.0), [0, 1, 2])
    assert len(voxel_representatives(np.zeros((0, 3), np.float32), 0.1)) == 0


@pytest.mark.parametrize("table", [True, False])
def test_every_occupied_cube_keeps_exactly_one(monkeypatch, table):
    if not table:
        monkeypatch.setattr(voxel_grid, "_LARGEST_TABLE", 10)
    points = np.random.default_rng(0).uniform(-1, 1, (5000, 3)).astype(np.float32)
    cubes = {tuple(c) for c in np.floor(points / np.float32(0.25)).astype(int)}
    chosen = points[voxel_representatives(points, 0.25)]
    kept = [tuple(c) for c in np.floor(chosen / np.float32(0.25)).astype(int)]
    assert len(kept) == len(cubes) and set(kept) == cubes
