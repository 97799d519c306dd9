"""Rendered pairs as samples."""

import numpy as np
from training_data import SIZE, make_pair, write_set

from mtdense_ros.data.datasets.rendered import RenderedSource, sample_of
from mtdense_ros.data.datasets.stored_labels import DOOR, PERSON


def test_a_pair_becomes_a_sample_with_unknowns_marked():
    pair = make_pair(0)
    pair.labels[0, 0, :3] = DOOR, 255, PERSON
    pair.depth[1, 0, 0] = 0
    pair.normals[0, 0, 0] = 0
    sample = sample_of(pair)
    assert sample.labels[0, :3].tolist() == [1, 255, 6], "doors count as wall, people as people"
    assert np.argwhere(np.isnan(sample.background.depth)).tolist() == [[0, 0]] and not np.isnan(sample.depth).any()
    assert np.isnan(sample.normals[0, 0]).all() and sample.normals[-1, -1].tolist() == [0, -1, 0]
    np.testing.assert_array_equal(sample.foreground, pair.foreground)
    assert sample.background.foreground is None and sample.background.targets == ("labels", "depth", "normals")
    camera = sample.intrinsics
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (80, 80, 31.5, 31.5) and sample.background.intrinsics == camera


def test_a_set_is_a_source_that_grows(tmp_path):
    source = RenderedSource(write_set(tmp_path / "a", 2))
    assert (source.name, source.label_space, source.depth_kind, len(source)) == ("renders:a", "indoor", "metric", 2)
    assert source[1].targets == source.targets and source[1].image.shape == (*SIZE, 3)
    write_set(tmp_path / "a", 3, "shard-0001")
    assert len(source) == 2
    source.refresh()
    assert len(source) == 5 and source[4].name == "renders:a[4]"
