"""The shipped demo sequence: its size, its empty beginning, and that truth and codec agree with one another."""

import json

import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.replay.demo_sequence import FOLDER, load_demo
from mtdense_ros.synthetic.sequence_truth import Truth, decode, encode

pytestmark = pytest.mark.render

EMPTY = 8
OBJECT = 4


@pytest.fixture(scope="module")
def demo():
    return load_demo()


def test_small_enough_to_ship():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 4_000_000


def test_frames_are_evenly_stamped_camera_images(demo):
    assert len(demo) == 48
    assert all(shot.frame.rgb.shape == (480, 640, 3) for shot in demo)
    assert set(np.diff([shot.frame.stamp_ns for shot in demo])) == {100_000_000}
    # Half the width over the tangent of half of 60 degrees.
    assert demo[0].frame.intrinsics.fx == pytest.approx(320 / np.tan(np.pi / 6))


def test_background_phase_is_empty_and_later_frames_are_not(demo):
    shares = [shot.foreground.mean() for shot in demo]
    assert shares[:EMPTY] == [0.0] * EMPTY
    assert all(share > 0.01 for share in shares[EMPTY + 4 :])
    assert json.loads((FOLDER / "SOURCE.json").read_text())["empty_frames"] == EMPTY


def test_foreground_lies_before_the_background_and_is_labelled_object(demo):
    empty = demo[0]
    for shot in demo[EMPTY:]:
        there = shot.foreground
        assert (shot.labels[there] == OBJECT).all()
        assert (shot.depth[there] <= empty.depth[there] + 0.002).all()
        np.testing.assert_array_equal(shot.labels[~there], empty.labels[~there])
        np.testing.assert_array_equal(shot.depth[~there], empty.depth[~there])


def test_normals_are_unit_and_agree_with_the_depth(demo):
    shot = demo[0]
    known = np.isfinite(shot.depth)
    assert known.mean() > 0.9999, "a closed room is seen everywhere, but for cracks of a pixel"
    np.testing.assert_array_equal(np.isfinite(shot.normals).all(-1), known)
    np.testing.assert_allclose(np.linalg.norm(shot.normals[known], axis=-1), 1.0, atol=1e-5)
    i = shot.frame.intrinsics
    v, u = np.mgrid[0 : i.height, 0 : i.width]
    points = np.stack([(u - i.cx) / i.fx, (v - i.cy) / i.fy, np.ones((i.height, i.width))], -1) * shot.depth[..., None]
    assert (np.sum(points * shot.normals, -1)[known] < 0.01).all(), "a normal turns away from the camera"
    floor = shot.labels == 0
    normal = np.median(shot.normals[floor], 0)
    heights = points[floor] @ normal
    # The floor is one plane, the camera 0.85 m above it.
    assert np.median(heights) == pytest.approx(-0.85, abs=0.01)
    assert np.abs(heights + 0.85).max() < 0.05


def test_pictures_follow_the_truth(demo):
    """Where something came in, the picture changed more than where nothing did."""
    for shot in demo[16::8]:
        change = np.abs(shot.frame.rgb.astype(float) - demo[0].frame.rgb).mean(-1)
        assert change[shot.foreground].mean() > 3 * change[~shot.foreground].mean()


def test_codec_returns_what_it_was_given():
    rng = np.random.default_rng(0)
    empty = Truth(
        rng.integers(0, 6, (5, 9)).astype(np.uint8),
        rng.integers(0, 65536, (5, 9)).astype(np.uint16),
        rng.integers(-127, 128, (5, 9, 3)).astype(np.int8),
        np.zeros((5, 9), bool),
    )
    frames = [empty]
    for _ in range(4):
        there = rng.random((5, 9)) < 0.3
        labels, depth, normals = empty.labels.copy(), empty.depth.copy(), empty.normals.copy()
        labels[there], depth[there], normals[there] = 4, rng.integers(0, 65536), -128
        frames.append(Truth(labels, depth, normals, there))
    for got, expected in zip(decode(encode(empty, frames)), frames, strict=True):
        for name in ("labels", "depth", "normals", "foreground"):
            np.testing.assert_array_equal(getattr(got, name), getattr(expected, name))


def test_missing_sequence_names_the_remedy(tmp_path):
    with pytest.raises(InputError, match="reinstall"):
        load_demo(tmp_path)
