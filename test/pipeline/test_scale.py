"""The metric scale from frame to frame: what is measured against, smoothed, judged, kept, forgotten, and said."""

import dataclasses
import math

import numpy as np
import pytest
from fake_predictor import FakePredictor

from mtdense_ros.datatypes import CameraMount, Frame, Intrinsics, LabelClass, LabelSpace, RangeSamples, ScaleReference
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.point_cloud import unpack_cloud
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.pipeline.pipeline import Pipeline, PipelineOptions
from mtdense_ros.runtime.faults import FAULTS
from mtdense_ros.weights.card import DepthSpec

H, W = 119, 161
CAMERA = Intrinsics(W, H, 125.0, 125.0, 80.0, 59.0)
METRIC = DepthSpec("metric", 0.1, 12.0, 125.0)
BELOW = slice(int(CAMERA.cy) + 12, H)
HEIGHT = PipelineOptions(depth_scale_mode="camera_height", camera_height=0.8)
RANGE = PipelineOptions(depth_scale_mode="range")


def floor_depth(height_m, scale=1.0, sky=np.nan):
    """The depth map of a level floor seen from height_m, as a network with a wrong scale gives it; `sky` from 40 m on."""
    y = (np.arange(H, dtype=np.float32) - np.float32(CAMERA.cy)) / np.float32(CAMERA.fy)
    rows = np.where(y > 0.02, height_m / np.maximum(y, 0.02), sky) * scale
    return np.repeat(rows[:, None], W, 1).astype(np.float32)


def pipeline_of(depth, options, spec=METRIC):
    """A pipeline, and the network in it."""
    predictor = FakePredictor(depth, spec)
    return Pipeline(MultiPredictor.of([predictor]), options), predictor


def frame_of(reference=None, intrinsics=CAMERA):
    return Frame(np.zeros((H, W, 3), np.uint8), 5, "camera", intrinsics, reference=reference)


def seen_by_range(truth, share=0.02):
    """A frame with the true depth at some pixels."""
    rows, columns = np.nonzero(np.isfinite(truth) & (np.random.default_rng(0).uniform(size=truth.shape) < share))
    return frame_of(ScaleReference(ranges=RangeSamples(rows, columns, truth[rows, columns])))


TRUTH = floor_depth(0.8, sky=6.0)
"""A floor, and a wall 6 m away above it."""


@pytest.mark.parametrize("wrong", [0.3, 0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize(("options", "frame"), [(HEIGHT, frame_of()), (RANGE, seen_by_range(TRUTH))], ids=["camera_height", "range"])
def test_depth_at_a_wrong_scale_comes_out_at_the_true_one(options, frame, wrong):
    pipeline, _ = pipeline_of(wrong * TRUTH, options)
    results = pipeline.process(frame, {"depth", "points"})
    expected = np.where(METRIC.max_m < TRUTH, np.inf, TRUTH)
    np.testing.assert_allclose(results["depth"], expected, rtol=0.01)
    points = unpack_cloud(results["points"], W, H)["points"]
    np.testing.assert_allclose(points[BELOW][..., 1], 0.8, rtol=0.01)
    assert (results.warnings, results.faults) == ({}, {})
    assert pipeline.scale.state.scale == pytest.approx(1 / wrong, rel=0.01)


def test_the_floor_of_a_distorted_camera_is_measured_with_its_rays():
    pinhole = RayTable.of(CAMERA)
    rays = RayTable(2 * pinhole.x, 2 * pinhole.y)  # the same depth map is then of a floor at twice the distance below
    results = pipeline_of(floor_depth(0.8, 0.5), HEIGHT)[0].process(frame_of(), {"depth", "points"}, rays)
    np.testing.assert_allclose(results["depth"][BELOW], floor_depth(0.8, 0.5)[BELOW], rtol=0.01)
    np.testing.assert_allclose(unpack_cloud(results["points"], W, H)["points"][BELOW][..., 1], 0.8, rtol=0.01)


def test_only_traversable_classes_are_floor():
    pipeline, predictor = pipeline_of(floor_depth(0.8, 0.5), HEIGHT)
    predictor.outputs = ("labels", "depth")
    predictor.label_space = LabelSpace("two", (LabelClass(0, "floor", (0, 0, 0), traversable=True), LabelClass(1, "bed", (9, 9, 9))))
    pipeline = Pipeline(MultiPredictor.of([predictor]), HEIGHT)
    predictor.labels = np.zeros((H, W), np.uint8)
    predictor.labels[:, : W // 2] = 1
    predictor.depth[:, : W // 2] = floor_depth(0.3, 0.5)[:, : W // 2]  # the bed's top is nearer
    results = pipeline.process(frame_of(), {"depth"})
    np.testing.assert_allclose(results["depth"][BELOW, W // 2 :], floor_depth(0.8)[BELOW, W // 2 :], rtol=0.01)
    predictor.labels[:] = 1
    assert "no floor plane" in pipeline.process(frame_of(), {"depth"}).warnings["depth"]


def test_the_scale_is_smoothed_as_a_ratio():
    pipeline, predictor = pipeline_of(0.5 * TRUTH, HEIGHT)
    pipeline.process(frame_of(), {"depth"})
    predictor.depth = TRUTH
    pipeline.process(frame_of(), {"depth"})
    assert pipeline.scale.state.scale == pytest.approx(2.0**0.8, rel=0.01)


def test_weak_evidence_leaves_the_scale_as_it_was():
    pipeline, predictor = pipeline_of(0.5 * TRUTH, HEIGHT)
    pipeline.process(frame_of(), {"depth"})
    predictor.depth = np.full((H, W), 2, np.float32)
    results = pipeline.process(frame_of(), {"depth"})
    assert results["depth"][0, 0] == pytest.approx(4.0, rel=0.01)
    assert results.warnings == {"depth": "camera height gives no scale: no floor plane below the camera in this frame"}
    assert results.faults == {}


def test_no_camera_info_leaves_metric_depth_unscaled():
    results = pipeline_of(floor_depth(0.8, 0.5), HEIGHT)[0].process(frame_of(intrinsics=None), {"depth"})
    assert results.warnings == {"depth": "camera height gives no scale: no camera_info"}
    np.testing.assert_array_equal(results["depth"][BELOW], floor_depth(0.8, 0.5)[BELOW])


@pytest.mark.parametrize(
    ("options", "fault", "words"),
    [
        (RANGE, "range missing", "no range image of this frame"),
        (dataclasses.replace(HEIGHT, camera_height=0.0), "TF missing", "set depth.camera_height"),
    ],
)
def test_what_is_measured_against_is_missing(options, fault, words):
    pipeline, _ = pipeline_of(TRUTH, options)
    results = pipeline.process(frame_of(), {"depth"})
    assert fault in FAULTS and words in results.faults[fault]
    np.testing.assert_array_equal(results["depth"][BELOW], TRUTH[BELOW])
    said = pipeline.process(frame_of(ScaleReference(lack="the reason in detail")), {"depth"})
    assert said.faults == {fault: "the reason in detail"} and said.warnings == {"depth": "the reason in detail"}
    assert pipeline.process(frame_of(), {"labels"}).faults == {}, "nobody wants depth"


def test_the_mount_of_the_frame_counts_where_no_height_is_given():
    pipeline, _ = pipeline_of(0.5 * TRUTH, dataclasses.replace(HEIGHT, camera_height=0.0))
    results = pipeline.process(frame_of(ScaleReference(mount=CameraMount(0.8, (0.0, -1.0, 0.0)))), {"depth"})
    np.testing.assert_allclose(results["depth"][BELOW], TRUTH[BELOW], rtol=0.01)
    assert results.faults == {}


@pytest.mark.parametrize("wrong", [0.1, 10.0])
def test_a_factor_beyond_the_limit_is_implausible_and_not_taken(wrong):
    pipeline, _ = pipeline_of(wrong * TRUTH, RANGE)
    results = pipeline.process(seen_by_range(TRUTH), {"depth"})
    assert "on metric depth is beyond 0.2 to 5" in results.faults["scale implausible"]
    assert pipeline.scale.state.scale is None
    expected = np.where(wrong * TRUTH > METRIC.max_m, np.inf, wrong * TRUTH)
    np.testing.assert_array_equal(results["depth"], expected.astype(np.float32))
    pipeline.options = dataclasses.replace(RANGE, scale_limit=20.0)
    assert pipeline.process(seen_by_range(TRUTH), {"depth"}).faults == {}


def test_a_wrong_camera_height_that_would_push_much_of_the_picture_out_of_range_is_said():
    pipeline, _ = pipeline_of(TRUTH, dataclasses.replace(HEIGHT, camera_height=0.8 * 2.5 / 1.2))
    results = pipeline.process(frame_of(), {"depth"})
    assert "out of 0.1 to 12 m; check the camera's height" in results.faults["scale implausible"]
    assert np.isposinf(results["depth"]).mean() < 0.1
    pipeline.options = HEIGHT
    assert pipeline.process(frame_of(), {"depth"}).faults == {}


def test_after_an_implausible_measurement_the_last_scale_stays():
    pipeline, predictor = pipeline_of(0.5 * TRUTH, RANGE)
    pipeline.process(seen_by_range(TRUTH), {"depth"})
    results = pipeline.process(seen_by_range(1000 * TRUTH), {"depth"})  # millimetres that say they are metres
    assert "check the unit of the range image" in results.faults["scale implausible"]
    np.testing.assert_allclose(results["depth"][BELOW], TRUTH[BELOW], rtol=0.01)


def test_depth_without_a_unit_and_without_a_scale_is_none():
    pipeline, _ = pipeline_of(TRUTH / 40, RANGE, DepthSpec("relative"))
    lacking = pipeline.process(frame_of(), {"depth", "points"})
    assert set(lacking.missing) == {"depth", "points"} and list(lacking) == []
    assert set(lacking.missing.values()) == set(lacking.faults.values())
    results = pipeline.process(seen_by_range(TRUTH), {"depth", "points"})
    np.testing.assert_allclose(results["depth"], TRUTH, rtol=0.01)
    implausible = pipeline_of(TRUTH, RANGE, DepthSpec("relative"))[0].process(seen_by_range(1000 * TRUTH), {"depth"})
    assert "half of the picture beyond" in implausible.faults["scale implausible"] and list(implausible) == []


INVERSE = DepthSpec("inverse")


def inverse_of(metres, scale=0.7, shift=0.03):
    """What a network of inverse depth gives, which has to be multiplied by `scale` and then moved by `shift`."""
    return ((1 / metres - shift) / scale).astype(np.float32)


LEVEL = CameraMount(0.8, (0.0, -1.0, 0.0))


@pytest.mark.parametrize(
    ("options", "frame"),
    [
        (RANGE, seen_by_range(TRUTH)),
        (HEIGHT, frame_of()),
        (dataclasses.replace(HEIGHT, camera_height=0.0), frame_of(ScaleReference(mount=LEVEL))),
    ],
    ids=["range", "camera_height", "TF"],
)
def test_inverse_depth_gets_scale_and_shift(options, frame):
    pipeline, _ = pipeline_of(inverse_of(TRUTH), options, INVERSE)
    results = pipeline.process(frame, {"depth", "points"})
    np.testing.assert_allclose(results["depth"], TRUTH, rtol=0.01)
    assert results.faults == results.warnings == {} and "points" in results
    values = pipeline.scale.values(options)
    assert float(values["depth scale"]) == pytest.approx(0.7, rel=0.01)
    assert float(values["depth shift (1/m)"]) == pytest.approx(0.03, abs=0.003)


def test_the_pitch_of_the_parameter():
    pitch = np.radians(15)
    y = (np.arange(H) - CAMERA.cy) / CAMERA.fy
    slope = np.cos(pitch) * y + np.sin(pitch)  # how steeply a row's ray meets the floor
    floor = np.repeat(np.where(slope > 0.1, 0.8 / np.maximum(slope, 0.1), 8.0)[:, None], W, 1).astype(np.float32)
    tilted = dataclasses.replace(HEIGHT, camera_pitch=15.0)
    inverse = pipeline_of(inverse_of(floor), tilted, INVERSE)[0].process(frame_of(), {"depth"})
    np.testing.assert_allclose(inverse["depth"], floor, rtol=0.01)
    for options in (tilted, HEIGHT):  # 0 leaves it to the floor
        metric = pipeline_of(0.5 * floor, options)[0].process(frame_of(), {"depth"})
        np.testing.assert_allclose(metric["depth"], floor, rtol=0.01)
    upwards = dataclasses.replace(tilted, camera_pitch=-10.0)
    assert "no floor plane" in pipeline_of(0.5 * floor, upwards)[0].process(frame_of(), {"depth"}).warnings["depth"]


def test_a_line_is_smoothed_as_a_line():
    pipeline, predictor = pipeline_of(inverse_of(TRUTH, 1.0, 0.0), RANGE, INVERSE)
    pipeline.process(seen_by_range(TRUTH), {"depth"})
    predictor.depth = inverse_of(TRUTH, 2.0, 0.05)
    pipeline.process(seen_by_range(TRUTH), {"depth"})
    state = pipeline.scale.state
    assert (state.scale, state.shift) == (pytest.approx(1.2, rel=0.01), pytest.approx(0.01, abs=1e-3))


def test_inverse_depth_as_it_is_without_a_mode_and_none_with_a_factor_alone():
    pipeline, _ = pipeline_of(inverse_of(TRUTH), PipelineOptions(), INVERSE)
    results = pipeline.process(frame_of(), {"depth", "points"})
    np.testing.assert_array_equal(results["depth"], inverse_of(TRUTH))
    assert results.missing == {"points": "the depth of fake is inverse, points need metres; set depth.scale_mode"}
    pipeline.options = PipelineOptions(depth_scale_mode="fixed")
    assert "needs a shift too" in pipeline.process(frame_of(), {"depth"}).missing["depth"]


def reset(pipeline):
    pipeline.reset()
    return frame_of()


def other_height(pipeline):
    pipeline.options = dataclasses.replace(HEIGHT, camera_height=1.6)
    return frame_of()


def other_mode(pipeline):
    pipeline.options = RANGE
    return frame_of()


def other_camera(pipeline):
    return frame_of(intrinsics=dataclasses.replace(CAMERA, fx=100.0))


def off_and_on(pipeline):
    pipeline.options = PipelineOptions()
    pipeline.process(frame_of(), {"depth"})
    pipeline.options = HEIGHT
    return frame_of()


def other_network(pipeline):
    (predictor,) = pipeline.networks.predictors.values()
    predictor.card.name = "another"
    pipeline.use(MultiPredictor.of([predictor]))
    return frame_of()


@pytest.mark.parametrize("change", [reset, other_height, other_mode, off_and_on, other_camera, other_network])
def test_what_was_measured_is_forgotten_when_it_no_longer_holds(change):
    pipeline, predictor = pipeline_of(0.5 * TRUTH, HEIGHT)
    pipeline.process(frame_of(), {"depth"})
    frame = change(pipeline)
    predictor.depth = np.full((H, W), 2, np.float32)  # no floor from which to measure again
    pipeline.process(frame, {"depth"})
    assert pipeline.scale.state.scale is None


def test_a_frame_without_camera_info_is_no_other_camera():
    pipeline, _ = pipeline_of(0.5 * TRUTH, HEIGHT)
    for intrinsics in (CAMERA, None, CAMERA):
        pipeline.process(frame_of(intrinsics=intrinsics), {"depth"})
        assert pipeline.scale.state.scale == pytest.approx(2.0, rel=0.01)


def test_options_replaced_during_a_frame_hold_from_the_next():
    class Replacing(FakePredictor):
        def predict(self, *arguments):
            pipeline.options = PipelineOptions(depth_max=0.1, points_max=0.1)
            return super().predict(*arguments)

    pipeline = Pipeline(MultiPredictor.of([Replacing(0.5 * TRUTH, METRIC)]), HEIGHT)
    results = pipeline.process(frame_of(), {"depth", "points"})
    expected = pipeline_of(0.5 * TRUTH, HEIGHT)[0].process(frame_of(), {"depth", "points"})
    assert all(np.array_equal(results[name], expected[name]) for name in expected)


def test_the_values_for_diagnostics():
    pipeline, predictor = pipeline_of(0.5 * TRUTH, HEIGHT)
    assert pipeline.scale.values(HEIGHT)["depth scale state"] == "none: nothing measured yet"
    pipeline.process(frame_of(), {"depth"})
    values = pipeline.scale.values(HEIGHT)
    assert float(values["depth scale"]) == pytest.approx(2.0, rel=0.01)
    assert float(values["depth scale spread"]) < 0.01 and int(values["depth scale points"]) > 500
    assert values["depth scale state"] == "measured"
    predictor.depth = np.full((H, W), 2, np.float32)
    pipeline.process(frame_of(), {"depth"})
    assert pipeline.scale.values(HEIGHT)["depth scale state"].startswith("kept: camera height gives no scale: no floor")
    assert pipeline.scale.values(PipelineOptions(depth_scale_mode="fixed", depth_scale=1.5)) == {"depth scale": "1.5"}
    assert pipeline.scale.values(PipelineOptions()) == {}
    assert math.isnan(Pipeline(MultiPredictor.of([predictor])).scale.state.spread)
