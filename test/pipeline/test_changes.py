"""What changed: one entry for each connected region, measured in metres, with the stamp of its first sight."""

import numpy as np
import pytest

from mtdense_ros.datatypes import Intrinsics, Prediction
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.pipeline.changes import CHANGE, MOST, ChangeTracker

H, W, F = 120, 160, 100.0
RAYS = RayTable.of(Intrinsics(W, H, F, F, 79.5, 59.5))
ALL = np.ones((H, W), bool)
SECOND = 10**9


def mask(*boxes):
    """The union of rectangles (top, bottom, left, right)."""
    out = np.zeros((H, W), bool)
    for top, bottom, left, right in boxes:
        out[top:bottom, left:right] = True
    return out


def update(tracker, foreground, stamp_s=0, depth=2.0, labels=None, usable=ALL, min_pixels=1):
    depth = np.full((H, W), depth, np.float32) if np.isscalar(depth) else depth
    return tracker.update(Prediction(labels=labels, depth=depth, foreground=foreground), RAYS, usable, stamp_s * SECOND, min_pixels)


def test_centre_size_distance_and_pixels():
    (change,) = update(ChangeTracker(), mask((40, 60, 100, 140)))
    assert change.dtype == CHANGE and change["pixels"] == 20 * 40
    assert np.allclose(change["centre"], [(119.5 - 79.5) / F * 2, (49.5 - 59.5) / F * 2, 2.0], atol=1e-3)
    assert np.allclose(change["size"], [0.9 * 0.8, 0.9 * 0.4, 0.0], atol=0.03)
    nearest = np.linalg.norm([0.4, 0.2, 2.0])
    assert nearest < change["distance"] < np.linalg.norm([0.5, 0.2, 2.0])


def test_largest_first_and_small_ones_left_out():
    changes = update(ChangeTracker(), mask((0, 5, 0, 5), (20, 40, 20, 40), (60, 63, 60, 63)), min_pixels=10)
    assert changes["pixels"].tolist() == [400, 25]


def test_diagonal_neighbours_are_one_region():
    assert len(update(ChangeTracker(), mask((0, 5, 0, 5), (5, 10, 5, 10)))) == 1


def test_since_is_the_first_sight_and_follows_what_moves():
    tracker = ChangeTracker()
    for k in range(5):
        (change,) = update(tracker, mask((40, 60, 10 + 10 * k, 40 + 10 * k)), stamp_s=100 + k)
        assert change["since_ns"] == 100 * SECOND
    (change,) = update(tracker, mask((40, 60, 120, 150)), stamp_s=106)
    assert change["since_ns"] == 106 * SECOND, "it does not overlap what was there before"


def test_regions_that_split_and_merge_keep_the_earliest():
    tracker = ChangeTracker()
    update(tracker, mask((40, 60, 10, 50)), 1)
    split = update(tracker, mask((40, 60, 10, 25), (40, 60, 35, 50), (90, 110, 90, 110)), 2)
    assert sorted(split["since_ns"] // SECOND) == [1, 1, 2]
    (merged,) = update(tracker, mask((40, 110, 10, 110)), 3)
    assert merged["since_ns"] == 1 * SECOND


def test_what_barely_touches_is_another():
    tracker = ChangeTracker()
    update(tracker, mask((40, 60, 10, 50)), 1)
    (change,) = update(tracker, mask((40, 60, 45, 85)), 2)
    assert change["since_ns"] == 2 * SECOND


ANEW = {
    "reset": lambda t: t.reset(),
    "clock that runs back": lambda t: update(t, mask((40, 60, 10, 50)), -50),
    "absence": lambda t: update(t, mask(), 2),
}


@pytest.mark.parametrize("begin_anew", ANEW.values(), ids=ANEW)
def test_a_reset_a_clock_that_runs_back_and_an_absence_begin_anew(begin_anew):
    tracker = ChangeTracker()
    update(tracker, mask((40, 60, 10, 50)), 1)
    begin_anew(tracker)
    (change,) = update(tracker, mask((40, 60, 10, 50)), 3)
    assert change["since_ns"] != 1 * SECOND


def test_lengths_are_of_usable_finite_points_and_nan_without_any():
    depth = np.full((H, W), 2.0, np.float32)
    depth[:, 100:] = np.inf
    foreground = mask((40, 60, 90, 110), (80, 100, 120, 140))
    first, second = update(ChangeTracker(), foreground, depth=depth)
    known, unknown = (first, second) if np.isfinite(first["distance"]) else (second, first)
    assert known["centre"][0] == pytest.approx((94.5 - 79.5) / F * 2, abs=0.01)
    assert np.isnan(unknown["centre"]).all() and np.isnan(unknown["size"]).all() and np.isnan(unknown["distance"])
    unusable = update(ChangeTracker(), foreground, depth=depth, usable=~mask((40, 60, 90, 100)))
    assert np.isnan(unusable["distance"]).all()


def test_the_most_frequent_label_and_its_share():
    labels = np.full((H, W), 4, np.uint8)
    labels[:, 30:] = 6
    (change,) = update(ChangeTracker(), mask((40, 60, 20, 60)), labels=labels)
    assert change["label"] == 6 and change["label_share"] == pytest.approx(0.75)
    assert update(ChangeTracker(), mask((40, 60, 20, 60)))["label"] == 255


def test_nothing_changed_and_too_many_changes():
    assert len(update(ChangeTracker(), mask())) == 0
    speckles = mask(*((2 * r, 2 * r + 1, 2 * c, 2 * c + 1) for r in range(20) for c in range(20)))
    assert len(update(ChangeTracker(), speckles)) == MOST
