"""Class shares and depths of pairs counted by hand."""

import numpy as np
import pytest

from mtdense_ros.data.datasets.shards import Pair
from mtdense_ros.synthetic.preview import statistics

pytestmark = pytest.mark.render


def pair_of(label, depth, foreground):
    """A pair of one label and depth, but 255 and no depth in the upper half; the background's label and depth are others."""
    labels, metres = np.full((2, 8, 8), 4, np.uint8), np.full((2, 8, 8), 50, np.float16)
    labels[0], metres[0] = label, depth
    labels[0, :4], metres[0, :4] = 255, 0
    shape = (2, 8, 8, 3)
    return Pair(np.zeros(shape, np.uint8), metres, labels, np.zeros(shape, np.int8), np.full((8, 8), foreground, np.uint8), 8.0)


def test_shares_are_of_what_is_labelled_in_the_frame():
    seen = statistics([pair_of(0, 2.0, 0), pair_of(2, 6.0, 1)])
    np.testing.assert_allclose(seen.shares, [0.5, 0, 0.5, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(seen.shown, [0.5, 0, 0.5, 0, 0, 0, 0, 0])
    assert seen.depth[2] == pytest.approx(4.0)
    assert seen.far.tolist() == [0.5, 0.0]
    assert (seen.foreground, seen.pairs) == (0.5, 2)
    assert "ceiling     50.0 %    50 %" in seen.table()
