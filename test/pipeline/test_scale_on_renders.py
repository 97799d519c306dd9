"""The metric scale on the rendered demo sequence, whose depth and labels are exact: wrong scales, noise, and 30 % of wrong points."""

from dataclasses import replace

import numpy as np
import pytest
from fake_predictor import FakePredictor

from mtdense_ros.datatypes import RangeSamples, ScaleReference
from mtdense_ros.imaging.label_spaces import load_label_space
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.pipeline.pipeline import Pipeline, PipelineOptions
from mtdense_ros.replay.demo_sequence import load_demo
from mtdense_ros.weights.card import DepthSpec

WRONG = (0.3, 0.5, 1.0, 2.0, 3.0)
SHOTS = (5, 30)  # the empty room, and one with things in it
CAMERA_HEIGHT, CAMERA_PITCH = 0.85, 4.0

HEIGHT = PipelineOptions(depth_scale_mode="camera_height", camera_height=CAMERA_HEIGHT)
TILT = replace(HEIGHT, camera_pitch=CAMERA_PITCH)
RANGE = PipelineOptions(depth_scale_mode="range")
KINDS = {
    "metric": DepthSpec("metric", 0.1, 20.0, 500.0),
    "relative": DepthSpec("relative"),
    "inverse": DepthSpec("inverse"),
}


def network(shot, values, kind):
    """Exact labels, and these values as its depth."""
    predictor = FakePredictor(values.astype(np.float32), KINDS[kind])
    predictor.outputs, predictor.labels, predictor.label_space = ("labels", "depth"), shot.labels, load_label_space("indoor")
    return MultiPredictor.of([predictor])


def noisy(values, wrong_share):
    """With an error of 5 %, in patches of 16 pixels as networks make them, a share of pixels too near or too far, and which these are."""
    random = np.random.default_rng(0)
    height, width = values.shape
    grain = np.exp(0.05 * random.standard_normal((height // 16, width // 16))).repeat(16, 0).repeat(16, 1)
    wrong = random.uniform(size=values.shape) < wrong_share
    return np.where(wrong, values * random.uniform(0.3, 2.0, values.shape), values * grain), wrong


def measured(shot, share=0.01):
    """The frame with the true depth of some pixels, 30 % of which are wrong by a factor of up to 5."""
    random = np.random.default_rng(1)
    rows, columns = np.nonzero(random.uniform(size=shot.depth.shape) < share)
    metres = shot.depth[rows, columns]
    wrong = random.uniform(size=len(rows)) < 0.3
    metres = np.where(wrong, metres * np.exp(random.uniform(-1.6, 1.6, len(rows))), metres).astype(np.float32)
    return replace(shot.frame, reference=ScaleReference(ranges=RangeSamples(rows, columns, metres)))


def error_of(pipeline, frame, shot, wrong):
    """The median relative error of the pixels that the network does not have wrong."""
    results = pipeline.process(frame, {"depth"})
    assert results.faults == results.warnings == results.missing == {}
    right = ~wrong & np.isfinite(shot.depth)
    return float(np.median(np.abs(results["depth"] / shot.depth - 1)[right]))


@pytest.mark.parametrize("index", SHOTS)
@pytest.mark.parametrize("factor", WRONG)
@pytest.mark.parametrize(
    ("options", "kind"),
    [(RANGE, "metric"), (RANGE, "relative"), (RANGE, "inverse"), (HEIGHT, "metric"), (TILT, "metric"), (TILT, "inverse")],
    ids=["range", "range, relative", "range, inverse", "height", "tilt", "tilt, inverse"],
)
def test_a_wrong_scale_is_made_good(options, kind, factor, index):
    shot = load_demo()[index]
    values, wrong = noisy(shot.depth, 0.0 if options is RANGE else 0.3)
    values = (1 / values - 0.02) / factor if kind == "inverse" else values * factor
    frame = measured(shot) if options is RANGE else shot.frame
    # A perfect scale leaves 0.034. A line from the floor, where 30 % of the values are wrong, is flatter than that of the whole picture.
    limit = 0.06 if kind == "inverse" and options is TILT else 0.045
    assert error_of(Pipeline(network(shot, values, kind), options), frame, shot, wrong) < limit


def test_a_wrong_camera_height_is_said_where_it_would_empty_the_picture():
    """Twice the height puts more than a third of this room beyond 6 m, and the depth stays as it was."""
    shot = load_demo()[SHOTS[0]]
    options = replace(HEIGHT, camera_height=2.5 / 1.2 * CAMERA_HEIGHT, depth_max=6.0)
    results = Pipeline(network(shot, shot.depth, "metric"), options).process(shot.frame, {"depth"})
    assert "check the camera's height" in results.faults["scale implausible"]
    assert np.array_equal(np.isfinite(results["depth"]), np.isfinite(shot.depth))
