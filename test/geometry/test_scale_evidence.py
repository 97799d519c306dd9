"""Evidence of the scale on ray-cast rooms: from the floor below a camera of known height, and from a range image."""

import numpy as np
import pytest

from mtdense_ros.datatypes import CameraMount, Intrinsics, RangeSamples
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.metric_scale import estimate_scale
from mtdense_ros.geometry.scale_evidence import evidence_of_floor, evidence_of_range

CAMERA = Intrinsics(width=160, height=120, fx=130.0, fy=130.0, cx=79.5, cy=59.5)
RAYS = RayTable.of(CAMERA)
HEIGHT = 0.4
WRONG = (0.3, 0.5, 1.0, 2.0, 3.0)


def up(pitch_deg=10.0, roll_deg=0.0):
    """Upwards, for a camera that looks down by pitch_deg and leans to its right by roll_deg."""
    pitch, roll = np.radians([pitch_deg, roll_deg])
    return (float(-np.sin(roll) * np.cos(pitch)), float(-np.cos(roll) * np.cos(pitch)), float(-np.sin(pitch)))


def room(direction, wall_m=4.0):
    """Depth of a floor and a wall wall_m ahead in z, and which pixels are floor."""
    slope = -(direction[0] * RAYS.x + direction[1] * RAYS.y + direction[2])
    floor = np.where(slope > 0, HEIGHT / np.maximum(slope, 1e-6), np.inf)
    return np.minimum(floor, wall_m).astype(np.float32), floor < wall_m


def with_outliers(depth, share=0.3):
    """A share of the pixels too near or too far, as things that the labels take for floor."""
    random = np.random.default_rng(0)
    wrong = random.uniform(size=depth.shape) < share
    return np.where(wrong, depth * random.uniform(0.3, 2.0, depth.shape), depth).astype(np.float32)


@pytest.mark.parametrize("direction", [up(0), up(10), up(35), up(15, 8)], ids=["level", "10 down", "35 down", "leaning"])
@pytest.mark.parametrize("wrong", WRONG)
def test_a_known_height_gives_the_scale_among_30_percent_outliers(wrong, direction):
    depth, floor = room(direction)
    evidence = evidence_of_floor(wrong * with_outliers(depth), RAYS, floor, CameraMount(HEIGHT))
    found = estimate_scale(evidence)
    assert found.weakness == ""
    assert found.scale == pytest.approx(1 / wrong, rel=0.02)


def test_without_labels_the_lower_half_is_searched():
    depth, _ = room(up(25))
    assert estimate_scale(evidence_of_floor(2 * depth, RAYS, None, CameraMount(HEIGHT))).scale == pytest.approx(0.5, rel=0.01)


def test_a_known_tilt_keeps_a_ramp_of_another_direction_from_being_the_floor():
    depth, floor = room(up(35))
    assert evidence_of_floor(depth, RAYS, floor, CameraMount(HEIGHT, up(30))).weakness == ""
    assert "no floor plane" in evidence_of_floor(depth, RAYS, floor, CameraMount(HEIGHT, up(5))).weakness


def test_a_known_tilt_makes_up_for_a_floor_that_the_network_tilts():
    """Only far floor is in view, and rises by 5 degrees too little: its pixels are right, its plane is far from below the camera."""
    depth, floor = room(up(8))
    floor[:75] = floor[85:] = False
    tilted, _ = room(up(3), wall_m=30)
    tilted *= np.median(depth[floor] / tilted[floor])
    known, unknown = (estimate_scale(evidence_of_floor(tilted, RAYS, floor, CameraMount(HEIGHT, u))).scale for u in (up(8), None))
    assert known == pytest.approx(1, rel=0.01)
    assert unknown > 1.3


@pytest.mark.parametrize("shift", [0.0, 0.1])
@pytest.mark.parametrize("wrong", WRONG)
def test_inverse_depth_gets_scale_and_shift_from_the_floor(wrong, shift):
    depth, floor = room(up(12))
    inverse = ((1 / with_outliers(depth) - shift) / wrong).astype(np.float32)
    inverse[inverse <= 0] = np.nan
    found = estimate_scale(evidence_of_floor(inverse, RAYS, floor, CameraMount(HEIGHT, up(12)), inverse=True), inverse=True)
    assert found.weakness == ""
    assert (found.scale, found.shift) == (pytest.approx(wrong, rel=0.02), pytest.approx(shift, abs=0.02))


@pytest.mark.parametrize(
    ("depth", "reason"),
    [
        (np.full((120, 160), np.nan, np.float32), "no floor plane"),
        (np.full((120, 160), 2, np.float32), "no floor plane"),
        (np.where(np.arange(120)[:, None] < 90, np.nan, room(up(0))[0]).astype(np.float32), ""),
    ],
    ids=["nothing known", "a wall", "a strip of floor"],
)
def test_no_floor_says_why(depth, reason):
    assert reason in evidence_of_floor(depth, RAYS, None, CameraMount(HEIGHT)).weakness
    assert bool(reason) == bool(evidence_of_floor(depth, RAYS, None, CameraMount(HEIGHT)).weakness)


def test_a_mask_that_is_mostly_not_floor_is_no_evidence():
    depth, floor = room(up(10), wall_m=1.2)
    depth[~floor] = np.random.default_rng(0).uniform(0.3, 5, (~floor).sum())
    assert "lie on one plane" in evidence_of_floor(depth, RAYS, np.ones_like(floor), CameraMount(HEIGHT)).weakness


def samples(depth, rows, columns):
    return RangeSamples(rows, columns, depth[rows, columns])


def test_range_pairs_are_those_of_the_same_pixels():
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    values[1, 1] = np.nan
    rows, columns = np.array([0, 1, 2, 0]), np.array([3, 1, 2, 0])
    evidence = evidence_of_range(values, samples(np.full((3, 4), 7, np.float32), rows, columns))
    assert evidence.values.tolist() == [3, 10], "neither NaN nor 0"
    assert evidence.metres.tolist() == [7, 7] and evidence.weights.tolist() == [1, 1]


def test_inverse_depth_may_be_negative_and_is_cut_off_at_0():
    values = np.array([[-2.0, 0.0, 3.0, np.nan]], np.float32)
    all_of_it = samples(np.ones((1, 4), np.float32), np.zeros(4, int), np.arange(4))
    assert evidence_of_range(values, all_of_it, inverse=True).values.tolist() == [-2, 3]


def test_range_without_a_pair_says_why():
    nowhere = np.array([], np.intp)
    depth, _ = room(up())
    assert evidence_of_range(depth, samples(depth, nowhere, nowhere)).weakness == "the range image is empty"
    one = np.array([3])
    assert "gives no depth where" in evidence_of_range(np.full_like(depth, np.nan), samples(depth, one, one)).weakness


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("inverse", [False, True])
def test_one_row_as_of_a_laser_scanner_is_enough(wrong, inverse):
    depth, _ = room(up(10))
    depth[:, 100:] = 1.5 + 0.01 * np.arange(60, dtype=np.float32)
    row, columns = np.full(160, 80), np.arange(160)
    truth = samples(with_outliers(depth), row, columns)
    values = wrong / depth if inverse else wrong * depth
    found = estimate_scale(evidence_of_range(values, truth), inverse=inverse)
    assert found.weakness == "" and found.scale == pytest.approx(1 / wrong, rel=0.02)
