"""Augmentation keeps pictures and truth together, whichever truths there are."""

from dataclasses import replace

import numpy as np
import pytest

from mtdense_ros.data.augment import Augmentation, augmented, centred_window, cropped, fitted, mirrored, photographed, random_window
from mtdense_ros.data.composite import composited, ghosted
from mtdense_ros.data.photometry import misaligned, unchanged
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import InputError

SIZE = (48, 64)
WHOLE = (0, 0, *SIZE)


def make_view(seed, dimmed=1, **more):
    """Depth is column + 1, and red is the column, green the row."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    picture = np.stack([columns, rows, np.random.default_rng(seed).integers(0, 255, SIZE)], -1) // dimmed
    return Sample(
        image=picture.astype(np.uint8),
        labels=(columns % 6).astype(np.uint8),
        depth=(columns + 1).astype(np.float32),
        normals=np.broadcast_to(np.array([0.6, 0, -0.8], np.float32), (*SIZE, 3)).copy(),
        intrinsics=Intrinsics(64, 48, 60.0, 60.0, 30.0, 20.0),
        **more,
    )


def make_sample(seed=0):
    foreground = np.zeros(SIZE, np.float32)
    foreground[10:20, 30:40] = 1
    return make_view(seed, foreground=foreground, background=make_view(seed, dimmed=2))


def test_a_whole_crop_at_full_size_changes_nothing():
    sample = make_sample()
    same = cropped(sample, SIZE, WHOLE)
    for name in ("image", "labels", "depth", "normals", "foreground"):
        np.testing.assert_array_equal(getattr(same, name), getattr(sample, name))
    np.testing.assert_array_equal(same.background.image, sample.background.image)
    assert same.intrinsics == sample.intrinsics


def test_a_cut_moves_picture_truth_and_principal_point_alike():
    cut = cropped(make_sample(), (24, 32), (12, 8, 24, 32))
    np.testing.assert_array_equal(cut.depth, cut.image[..., 0] + 1)  # still column + 1, and red the column
    assert cut.image[0, 0, :2].tolist() == [8, 12] and cut.background.image[0, 0, :2].tolist() == [4, 6]
    assert cut.intrinsics == Intrinsics(32, 24, 60.0, 60.0, 22.0, 8.0)


def test_scale_changes_the_focal_length_and_leaves_metres_alone():
    large = cropped(make_sample(), (48, 64), (0, 0, 24, 32))  # each pixel becomes two by two
    assert large.depth[0, :4].tolist() == [1, 1, 2, 2]
    # the centre of pixel 30 is 30.5 pixel widths from the edge, 61 after doubling: pixel coordinate 60.5
    assert large.intrinsics == Intrinsics(64, 48, 120.0, 120.0, 60.5, 40.5)
    small = cropped(make_sample(), (24, 32), WHOLE)
    assert small.depth[0, :3].tolist() == [2, 4, 6] and small.intrinsics.fx == 30


def test_windows_have_the_aspect_ratio_of_the_input():
    assert centred_window((48, 64), (24, 32)) == (0, 0, 48, 64)
    assert centred_window((375, 1242), (192, 256)) == (0, 371, 375, 500)
    rng = np.random.default_rng(0)
    for top, left, height, width in (random_window((60, 64), (48, 64), 0.5, rng) for _ in range(50)):
        assert 24 <= height <= 48 and 32 <= width <= 64 and abs(height * 64 - width * 48) < 64
        assert 0 <= top <= 60 - height and 0 <= left <= 64 - width
    assert fitted(make_sample(), (24, 24)).intrinsics == Intrinsics(24, 24, 30.0, 30.0, (30.5 - 8) / 2 - 0.5, 20.5 / 2 - 0.5)


def test_mirror_reverses_everything_the_normals_and_the_principal_point():
    sample = make_sample()
    mirror = mirrored(sample)
    np.testing.assert_array_equal(mirror.image[:, 0], sample.image[:, -1])
    np.testing.assert_array_equal(mirror.depth, mirror.image[..., 0] + 1)
    np.testing.assert_array_equal(mirror.background.labels[:, 0], sample.background.labels[:, -1])
    assert mirror.foreground[10:20, 24:34].all() and mirror.foreground.sum() == 100
    np.testing.assert_allclose(mirror.normals[0, 0], [-0.6, 0, -0.8])
    assert (mirror.intrinsics.cx, mirror.intrinsics.cy) == (33, 20)  # columns 0..63: 63 - 30
    again = mirrored(mirror)
    np.testing.assert_array_equal(again.image, sample.image)
    np.testing.assert_array_equal(again.normals, sample.normals)
    assert again.intrinsics == sample.intrinsics


def test_unchanged_pair_has_no_foreground_and_the_background_twice():
    sample = make_sample()
    same = unchanged(sample)
    np.testing.assert_array_equal(same.image, sample.background.image)
    np.testing.assert_array_equal(same.depth, sample.background.depth)
    assert same.background is sample.background and not same.foreground.any()


def test_pasted_objects_are_foreground_without_other_truth():
    sample = make_sample()
    pasted = composited(sample, make_sample(1), np.random.default_rng(3))
    new = (pasted.foreground == 1) & (sample.foreground == 0)
    assert new.any() and (pasted.foreground >= sample.foreground).all()
    assert np.isnan(pasted.depth[new]).all() and (pasted.labels[new] == 255).all() and np.isnan(pasted.normals[new]).all()
    assert pasted.background is sample.background
    assert not np.isnan(pasted.depth[pasted.foreground == 0]).any()


def test_ghosts_touch_the_background_picture_only():
    sample = make_sample()
    changed = ghosted(sample, make_sample(1), np.random.default_rng(0))
    assert changed.image is sample.image and changed.depth is sample.depth and changed.background.depth is sample.background.depth
    assert (changed.background.image != sample.background.image).any()


def test_a_misaligned_background_moves_with_its_truths():
    sample = make_sample()
    changed = misaligned(sample, np.array([2.0, 0.0]), 0.0)
    assert changed.image is sample.image and changed.depth is sample.depth and changed.foreground is sample.foreground
    for key in ("image", "labels", "depth", "normals"):
        ours, theirs = (getattr(s.background, key) for s in (changed, sample))
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours[:, 2:], theirs[:, :-2])  # moved right by two pixels
    assert (changed.background.labels[:, :2] == 255).all()
    assert np.isnan(changed.background.depth[:, :2]).all() and np.isnan(changed.background.normals[:, :2]).all()


def test_picture_and_background_get_cameras_of_their_own():
    sample = make_sample()
    sample = replace(sample, background=replace(sample.background, image=sample.image))
    both = photographed(sample, np.random.default_rng(0))
    assert (both.image != both.background.image).any() and both.depth is sample.depth


ALWAYS = Augmentation(flip=1, composite=1, ghost=1, shift=1, unchanged=0)


def test_samples_are_a_function_of_the_generator():
    first, second = (augmented(make_sample(), lambda: make_sample(1), SIZE, np.random.default_rng(7), ALWAYS) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.background.image, second.background.image)
    assert first.image.shape == (*SIZE, 3) and first.intrinsics.fx >= 60


@pytest.mark.parametrize("missing", ["labels", "depth", "normals", "foreground", "background", "intrinsics"])
@pytest.mark.parametrize("options", [ALWAYS, Augmentation(flip=0, composite=0, ghost=0, shift=0, unchanged=1)], ids=["all", "unchanged"])
def test_what_is_missing_stays_missing(missing, options):
    sample = replace(make_sample(), **{missing: None})
    if sample.background is not None and missing in ("labels", "depth", "normals", "intrinsics"):
        sample = replace(sample, background=replace(sample.background, **{missing: None}))
    changed = augmented(sample, lambda: replace(make_sample(1), foreground=None), SIZE, np.random.default_rng(0), options)
    known = {"labels", "depth", "normals", "foreground", "background", "intrinsics"}
    expected = known - {missing}
    if options is not ALWAYS:
        expected |= {"foreground"}  # of an unchanged pair it is known
    assert {name for name in known if getattr(changed, name) is not None} == expected


def test_changes_of_pairs_refuse_a_sample_without_a_background():
    alone = replace(make_sample(), background=None)
    for change in (unchanged, lambda s: misaligned(s, np.zeros(2), 0.0), lambda s: ghosted(s, make_sample(1), np.random.default_rng(0))):
        with pytest.raises(InputError, match="has no background"):
            change(alone)


def test_without_augmentation_a_sample_is_only_fitted():
    sample = augmented(make_sample(), make_sample, (24, 32), np.random.default_rng(0), Augmentation(enabled=False))
    np.testing.assert_array_equal(sample.image, fitted(make_sample(), (24, 32)).image)
