"""Pipeline: laziness, every-n, what is missing and why, and that a bad frame costs nothing else."""

import dataclasses

import numpy as np
import pytest

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.obstacles import OBSTACLE
from mtdense_ros.geometry.point_cloud import unpack_cloud
from mtdense_ros.inference import EngineOptions
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.parameters import SPECS, Parameters
from mtdense_ros.pipeline.changes import CHANGE
from mtdense_ros.pipeline.navigation import Navigation
from mtdense_ros.pipeline.pipeline import RESULTS, Pipeline, PipelineOptions
from mtdense_ros.pipeline.results import GROUNDED
from mtdense_ros.pipeline.scale import MetricScale

CPU = EngineOptions(device="cpu")

H, W = 119, 161
CAMERA = Intrinsics(W, H, 125.0, 125.0, 80.0, 59.0)


@pytest.fixture(scope="module")
def predictor(make_random_weights):
    return Predictor.load(make_random_weights("mtdense"), device="cpu")


@pytest.fixture
def pipeline(predictor):
    predictor.counters.clear()
    return Pipeline(predictor)


@pytest.fixture(scope="module")
def frame(picture):
    return Frame(picture(1, H, W), 5, "camera", CAMERA)


@pytest.fixture(scope="module")
def empty(picture):
    return picture(2, H, W)


@pytest.mark.slow
def test_all_results_at_camera_size(pipeline, frame, empty):
    pipeline.background.capture(empty)
    results = pipeline.process(frame, RESULTS)
    assert list(results) == list(RESULTS)
    assert results.missing == {} and set(results.warnings) <= {"obstacles", "clearing"}
    assert {name: (value.dtype, value.shape) for name, value in results.items() if name not in GROUNDED} == {
        "labels": (np.uint8, (H, W)), "confidence": (np.float32, (H, W)), "labels_color": (np.uint8, (H, W, 3)),
        "depth": (np.float32, (H, W)), "normals": (np.float32, (H, W, 3)), "normals_color": (np.uint8, (H, W, 3)),
        "foreground": (np.bool_, (H, W)), "foreground_overlay": (np.uint8, (H, W, 3)), "points": (np.uint8, (H * W * 20,)),
        "changes": (CHANGE, results["changes"].shape), "nav/labels": (np.uint8, (H, W)), "nav/confidence": (np.float32, (H, W)),
        "nav/points": (np.uint8, (H, W, 20)),
    }  # fmt: skip
    assert results["obstacles"].dtype == OBSTACLE and results["clearing"].shape[1:] == (3,)
    assert {"preprocess", "network", "postprocess", "scale", "results"} == set(results.timings)


@pytest.mark.slow
def test_a_cloud_agrees_with_the_maps(pipeline, frame, empty):
    pipeline.background.capture(empty)
    results = pipeline.process(frame, RESULTS)
    cloud = unpack_cloud(results["points"], W, H)
    finite = np.isfinite(results["depth"])
    assert np.array_equal(cloud["points"][finite][:, 2], results["depth"][finite])
    assert np.array_equal(cloud["label"], results["labels"])
    assert np.array_equal(cloud["foreground"] > 0, results["foreground"])
    assert np.allclose(cloud["confidence"] / 255, results["confidence"], atol=0.51 / 255)
    assert np.array_equal(cloud["rgb"], frame.rgb)


@pytest.mark.slow
def test_only_foreground_subscribed(pipeline, frame, empty):
    pipeline.background.capture(empty)
    pipeline.networks.counters.clear()
    for _ in range(100):
        assert list(pipeline.process(frame, {"foreground"})) == ["foreground"]
    assert pipeline.networks.counters == {"encoder": 100, "foreground": 100}
    assert pipeline.frames == 100


@pytest.mark.parametrize(
    ("wanted", "heads"),
    [
        ("labels", {"labels"}), ("labels_color", {"labels"}), ("confidence", {"labels"}), ("depth", {"depth"}),
        ("normals", {"normals"}), ("normals_color", {"normals"}), ("foreground_overlay", {"foreground"}),
        ("points", {"depth", "labels", "foreground"}), ("obstacles", {"depth", "labels", "foreground"}),
        ("clearing", {"depth", "labels"}), ("changes", {"depth", "labels", "foreground"}), ("nav/labels", {"labels"}),
        ("nav/confidence", {"labels"}), ("nav/points", {"depth", "labels", "foreground"}),
    ],
)  # fmt: skip
def test_only_what_is_wanted_is_computed(pipeline, frame, empty, wanted, heads):
    pipeline.background.capture(empty)
    pipeline.networks.counters.clear()
    assert list(pipeline.process(frame, [wanted])) == [wanted]
    assert pipeline.networks.counters == dict.fromkeys({"encoder", *heads}, 1)


def test_nothing_wanted_nothing_done(pipeline, frame):
    assert dict(pipeline.process(frame, ())) == {}
    assert not pipeline.networks.counters


def test_without_background(pipeline, frame):
    results = pipeline.process(frame, RESULTS)
    assert set(results.missing) == {"foreground", "foreground_overlay", "changes"}
    assert "no background" in results.missing["foreground"]
    assert (unpack_cloud(results["points"], W, H)["foreground"] == 0).all()
    assert pipeline.networks.counters["foreground"] == 0


def test_background_of_another_size_costs_the_mask_only(pipeline, frame, picture):
    pipeline.background.capture(picture(2, 60, 80))
    results = pipeline.process(frame, {"foreground", "depth"})
    assert list(results) == ["depth"]
    assert results.missing == {"foreground": f"the background is 80x60, the image {W}x{H}; capture a new reference frame"}


def test_features_are_cached_at_capture(pipeline, frame, empty):
    pipeline.background.capture(empty)
    assert pipeline.networks.counters == {"encoder": 1}
    for _ in range(3):
        pipeline.process(frame, {"foreground"})
    assert pipeline.networks.counters["encoder"] == 4
    expected = pipeline.networks.predict(frame.rgb, backgrounds=pipeline.networks.encode_background(empty)).foreground
    assert np.array_equal(pipeline.process(frame, {"foreground"})["foreground"], expected)


def test_without_camera_info(pipeline, frame):
    results = pipeline.process(dataclasses.replace(frame, intrinsics=None), {"points", "depth"})
    assert list(results) == ["depth"]
    assert results.missing == {"points": "no camera_info"}


def test_points_nobody_can_make_are_not_computed_for(pipeline, frame):
    pipeline.process(dataclasses.replace(frame, intrinsics=None), {"points"})
    assert not pipeline.networks.counters


def test_rays_of_a_distorted_camera(pipeline, frame):
    rays = RayTable(np.full((H, W), 2.0, np.float32), np.full((H, W), -1.0, np.float32))
    results = pipeline.process(frame, {"points", "depth"}, rays)
    points = unpack_cloud(results["points"], W, H)["points"]
    depth = results["depth"]
    finite = np.isfinite(depth)
    assert np.array_equal(points[finite], np.stack([2 * depth, -depth, depth], -1)[finite])


def test_points_range(pipeline, frame):
    depth = pipeline.process(frame, {"depth"})["depth"]
    low, high = (float(v) for v in np.quantile(depth, [0.3, 0.6]))
    pipeline.options = PipelineOptions(points_min=low, points_max=high)
    results = pipeline.process(frame, {"points", "depth"})
    z = unpack_cloud(results["points"], W, H)["points"][..., 2]
    assert np.array_equal(np.isfinite(z), (depth >= low) & (depth <= high))
    assert np.isfinite(results["depth"]).all()


def test_depth_range(pipeline, frame):
    depth = pipeline.process(frame, {"depth"})["depth"]
    middle = float(np.median(depth))
    pipeline.options = PipelineOptions(depth_max=middle)
    assert np.array_equal(pipeline.process(frame, {"depth"})["depth"] == np.inf, depth > middle)


@pytest.mark.slow
def test_every_n(pipeline, frame, empty):
    pipeline.background.capture(empty)
    pipeline.options = PipelineOptions(every_labels=3, every_depth=2)
    seen = [pipeline.process(frame, ("labels", "confidence", "depth", "foreground")) for _ in range(6)]
    assert ["".join(name[0] for name in r) for r in seen] == ["lcdf", "f", "df", "lcf", "df", "f"]
    assert all(r.missing == {} for r in seen)
    assert pipeline.networks.counters["labels"] == 2


def test_staggered_normals_come_on_other_frames_than_labels(pipeline, frame):
    for n, expected in ((2, ["dl", "dn", "dl", "dn", "dl", "dn"]), (3, ["dl", "d", "dn", "dl", "d", "dn"])):
        pipeline.reset()
        pipeline.options = PipelineOptions(every_labels=n, every_normals=n, staggered=True)
        seen = [pipeline.process(frame, ("labels", "depth", "normals")) for _ in range(6)]
        assert ["".join(sorted(name[0] for name in results)) for results in seen] == expected


def test_nothing_runs_where_nothing_is_due(pipeline, frame):
    pipeline.options = PipelineOptions(every_labels=4, every_depth=4)
    results = [pipeline.process(frame, ("labels", "depth", "points")) for _ in range(8)]
    assert [set(r) for r in results] == [{"labels", "depth", "points"}, set(), set(), set()] * 2
    assert pipeline.networks.counters == {"encoder": 2, "labels": 2, "depth": 2}


def test_a_cloud_without_its_depth_waits_for_the_next(pipeline, frame):
    pipeline.options = PipelineOptions(every_depth=3, every_labels=2)
    clouds = [pipeline.process(frame, ("points",)).get("points") for _ in range(6)]
    assert [cloud is not None for cloud in clouds] == [True, False, False] * 2
    assert (unpack_cloud(clouds[3], W, H)["label"] == 255).all(), "labels are due on even frames"


@pytest.mark.slow
def test_other_networks_take_over_with_the_reference_frame(make_random_weights, pipeline, frame, empty):
    pipeline.background.capture(empty)
    other = MultiPredictor.load(str(make_random_weights("mtdense")), size=(64, 64), options=CPU)
    other.counters.clear()
    pipeline.use(other)
    expected = other.predict(frame.rgb, backgrounds=other.encode_background(empty)).foreground
    assert np.array_equal(pipeline.process(frame, {"foreground"})["foreground"], expected)


def test_other_networks_that_fail_change_nothing(make_random_weights, pipeline, frame, empty, monkeypatch):
    pipeline.background.capture(empty)
    before = pipeline.process(frame, {"foreground"})["foreground"]
    other = MultiPredictor.load(str(make_random_weights("mtdense")), size=(64, 64), options=EngineOptions(device="cpu", engine="torch"))
    monkeypatch.setattr(next(iter(other.predictors.values())), "encode_background", lambda rgb: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pipeline.use(other)
    assert np.array_equal(pipeline.process(frame, {"foreground"})["foreground"], before)


def test_a_cloud_takes_labels_only_when_their_turn_has_come(pipeline, frame):
    pipeline.options = PipelineOptions(every_labels=2)
    clouds = [unpack_cloud(pipeline.process(frame, {"points"})["points"], W, H) for _ in range(2)]
    assert (clouds[0]["label"] < 6).all()
    assert (clouds[1]["label"] == 255).all()


@pytest.mark.slow
def test_outputs_a_network_lacks(make_random_weights, frame):
    pipeline = Pipeline(Predictor.load(make_random_weights("hydranet", label_space=None), device="cpu"))
    pipeline.background.capture(frame.rgb)
    results = pipeline.process(frame, RESULTS)
    of_size = ["nav/labels", "nav/confidence", "nav/points"]
    assert list(results) == ["labels", "confidence", "depth", "points", "obstacles", "clearing", *of_size]
    assert "has no output 'normals'" in results.missing["normals_color"]
    assert "has no output 'foreground'" in results.missing["foreground"]
    assert "names no label space" in results.missing["labels_color"]


@pytest.mark.slow
def test_relative_depth_gives_no_points(make_random_weights, frame, empty):
    pipeline = Pipeline(Predictor.load(make_random_weights("mdeas"), device="cpu"))
    assert "no background" in pipeline.process(frame, {"depth"}).missing["depth"]
    pipeline.background.capture(empty)
    results = pipeline.process(frame, {"depth", "points", "foreground"})
    assert set(results) == {"depth", "foreground"}
    assert "is relative, points need metres" in results.missing["points"]


def test_unknown_result(pipeline, frame):
    with pytest.raises(InputError, match=r"result 'label' is unknown; did you mean 'labels'\?"):
        pipeline.process(frame, {"label"})


def test_deterministic(predictor, frame, empty):
    runs = []
    for _ in range(2):
        pipeline = Pipeline(predictor)
        pipeline.background.capture_median([empty, frame.rgb, empty])
        runs.append([pipeline.process(frame, RESULTS) for _ in range(2)])
    for first, second in zip(*runs, strict=True):
        assert all(np.array_equal(first[name], second[name]) for name in RESULTS)


def test_reset(pipeline, frame):
    pipeline.background.capture(frame.rgb)
    pipeline.process(frame, {"depth"})
    pipeline.reset()
    assert (pipeline.frames, pipeline.background.is_set) == (0, False)


def test_where_time_runs_back_the_scene_is_forgotten_and_the_background_stays(pipeline, frame, monkeypatch):
    forgotten = []
    pipeline.background.capture(frame.rgb)
    monkeypatch.setattr(MetricScale, "reset", lambda self: forgotten.append("scale"))
    monkeypatch.setattr(Navigation, "reset", lambda self: forgotten.append("ground and changes"))
    pipeline.forget_scene()
    assert sorted(forgotten) == ["ground and changes", "scale"] and pipeline.background.is_set


def test_scale_mode_asks_for_the_floor_labels(pipeline, frame):
    pipeline.options = PipelineOptions(depth_scale_mode="camera_height", camera_height=0.8)
    assert list(pipeline.process(frame, {"depth"})) == ["depth"]
    assert pipeline.networks.counters == {"encoder": 1, "depth": 1, "labels": 1}


def test_options_are_parameters_of_the_same_name():
    parameters = Parameters.from_names({"every.depth": 4, "points.max": 6.0, "background.threshold": 0.25})
    options = PipelineOptions.of(parameters)
    assert (options.every_depth, options.points_max, options.foreground_threshold) == (4, 6.0, 0.25)
    assert PipelineOptions.of(Parameters()) == PipelineOptions()
    declared = {f.name for f in dataclasses.fields(Parameters)}
    assert {f.name for f in dataclasses.fields(PipelineOptions)} - {"staggered"} <= declared
    assert {"every.labels", "depth.max", "labels.upsampling"} <= set(SPECS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"every_depth": 0}, "every.depth: 0 is out of range"),
        ({"labels_upsampling": "cubic"}, "labels.upsampling: 'cubic' is not known"),
        ({"depth_min": 5.0, "depth_max": 3.0}, "depth.min: 5 is not below depth.max 3"),
        ({"scale_limit": 0.5}, "depth.scale_limit: 0.5 is out of range"),
    ],
)
def test_bad_options(values, message):
    with pytest.raises(ConfigError, match=message):
        PipelineOptions(**values)


def test_a_bad_frame_then_a_good_one(pipeline, frame):
    with pytest.raises(InputError):
        Frame(frame.rgb, intrinsics=Intrinsics(640, 480, 500, 500, 320, 240))
    assert "depth" in pipeline.process(frame, {"depth"})
