"""Backgrounds and cut-outs out of rendered pairs, made up here."""

import cv2
import numpy as np
import pytest

from mtdense_ros.data.datasets.shards import Pair
from mtdense_ros.data.mdeas.cutouts import largest, write_sources
from mtdense_ros.errors import InputError


def pair(*boxes, value=10):
    """A grey pair whose frame has white boxes (x, y, width, height), which are its foreground."""
    images, mask = np.full((2, 120, 160, 3), value, np.uint8), np.zeros((120, 160), np.uint8)
    for x, y, width, height in boxes:
        images[0, y : y + height, x : x + width] = 255, 250, 245
        mask[y : y + height, x : x + width] = 1
    maps = np.zeros((2, 120, 160))
    return Pair(images, maps.astype(np.float16), maps.astype(np.uint8), np.zeros((2, 120, 160, 3), np.int8), mask, 100.0)


def test_the_largest_piece_is_cut_out_with_its_mask():
    scene = pair((10, 10, 50, 20), (10, 25, 20, 40), (100, 10, 41, 41))  # the first two overlap: an L of 1700 px
    (cutout,) = largest(scene)
    assert cutout.shape == (55, 50, 4)
    assert (cutout[..., 3] == 255).sum() == 50 * 20 + 20 * 35 and set(np.unique(cutout[..., 3])) == {0, 255}
    assert cutout[0, 0].tolist() == [255, 250, 245, 255]
    (square,) = largest(pair((100, 10, 42, 42), (10, 10, 50, 20)))
    assert square.shape == (42, 42, 4)


@pytest.mark.parametrize("boxes", [[], [(10, 10, 39, 39)], [(0, 10, 50, 50)], [(10, 60, 50, 60)], [(110, 10, 50, 50)], [(10, 0, 50, 50)]])
def test_small_pieces_and_those_at_the_rim_are_left_out(boxes):
    assert list(largest(pair(*boxes))) == []


def test_files_of_backgrounds_and_of_cutouts_of_other_pairs(tmp_path):
    box = (10, 10, 50, 40)
    pairs = [pair(box, value=v) for v in (1, 2)] + [pair(), pair(box), pair(box)]
    backgrounds, cutouts = write_sources(pairs, tmp_path, 2, 2)
    assert [int(cv2.imread(str(path)).max()) for path in backgrounds] == [1, 2]
    assert [cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[0, 0].tolist() for path in cutouts] == 2 * [[245, 250, 255, 255]]
    assert write_sources([], tmp_path, 2, 2) == (backgrounds, cutouts)  # they are there already
    with pytest.raises(InputError, match="give only 2 of 3 cut-outs"):
        write_sources(pairs, tmp_path / "other", 2, 3)
    with pytest.raises(InputError, match="has 5 pairs for 6 backgrounds"):
        write_sources(pairs, tmp_path / "other", 6, 1)
