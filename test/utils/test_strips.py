"""Strips of a map: every row once, in order, in equal shares."""

import numpy as np
import pytest

from mtdense_ros.geometry.depth import normalise_normals
from mtdense_ros.utils import buffers


@pytest.mark.parametrize(
    ("size_hw", "expected"),
    [((480, 640), [120] * 4), ((240, 320), [240]), ((7, 40_000), [2, 2, 2, 1]), ((2, 500_000), [1, 1]), ((1, 1), [1])],
)
def test_rows_of_each_strip(size_hw, expected):
    made = buffers.strips(size_hw)
    assert [rows.stop - rows.start for rows in made] == expected
    assert [row for rows in made for row in range(rows.start, rows.stop)] == list(range(size_hw[0]))


def test_normals_do_not_depend_on_the_strips(monkeypatch):
    normals = np.random.default_rng(0).standard_normal((3, 11, 6), dtype=np.float32)
    normals[:, 4, 2] = 0
    whole = normalise_normals(normals)
    monkeypatch.setattr(buffers, "STRIP_PIXELS", 18)
    assert len(buffers.strips((11, 6))) == 4
    assert normalise_normals(normals).tobytes() == whole.tobytes()
