"""Several networks as one: whose output is whose, that each runs once and only when heard, and what the legend says of them."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.errors import ConfigError, WeightsError
from mtdense_ros.imaging.transforms import labels_and_confidence, normalise
from mtdense_ros.inference import EngineOptions
from mtdense_ros.inference.multi_predictor import MultiPredictor, plan_networks
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.pipeline.legend import legend_of
from mtdense_ros.pipeline.pipeline import RESULTS, Pipeline, PipelineOptions

CPU = EngineOptions(device="cpu")

pytestmark = pytest.mark.slow

H, W = 96, 128
CAMERA = Intrinsics(W, H, 100.0, 100.0, 63.5, 47.5)


@pytest.fixture(scope="module")
def nyud(make_random_weights):
    return str(make_random_weights("hydranet", {"num_classes": 40}, name="my_nyud", label_space="nyud40"))


@pytest.fixture(scope="module")
def mdeas(make_random_weights):
    return str(make_random_weights("mdeas", name="mdeas_small"))


@pytest.fixture(scope="module")
def frame(picture):
    return Frame(picture(1, H, W), intrinsics=CAMERA)


@pytest.fixture(scope="module")
def empty(picture):
    return picture(2, H, W)


@pytest.fixture(scope="module")
def loaded(nyud, mdeas):
    return MultiPredictor.load([nyud, mdeas], options=CPU)


@pytest.fixture
def both(loaded):
    for predictor in loaded.predictors.values():
        predictor.counters.clear()
    return loaded


def test_labels_and_metric_depth_of_one_and_the_mask_of_the_other(both, nyud, mdeas, frame, empty):
    assert both.outputs == ("labels", "confidence", "depth", "foreground")
    assert (both.label_space.name, both.depth.kind) == ("nyud40", "metric")
    prediction = both.predict(frame.rgb, CAMERA, both.encode_background(empty))
    first = Predictor.load(nyud, device="cpu").predict(frame.rgb, CAMERA)
    second = Predictor.load(mdeas, device="cpu").predict(frame.rgb, CAMERA, empty)
    for output, one in (("labels", first), ("confidence", first), ("depth", first), ("foreground", second)):
        assert np.array_equal(getattr(prediction, output), getattr(one, output)), output
    assert prediction.normals is None
    assert not prediction.focal_assumed


def test_each_network_runs_once_per_frame(both, frame, empty):
    pipeline = Pipeline(both)
    pipeline.background.capture(empty)
    for _ in range(3):
        results = pipeline.process(frame, RESULTS)
    assert set(RESULTS) - set(results) == {"normals", "normals_color"}
    assert both.counters == {
        "my_nyud encoder": 3, "my_nyud labels": 3, "my_nyud depth": 3, "mdeas_small encoder": 3, "mdeas_small foreground": 3,
    }  # fmt: skip
    assert {"network", "network my_nyud", "network mdeas_small"} <= set(results.timings)
    assert results.timings["network"] == pytest.approx(results.timings["network my_nyud"] + results.timings["network mdeas_small"])


@pytest.mark.parametrize(
    ("heard", "runs"),
    [
        ("labels_color", {"my_nyud encoder": 1, "my_nyud labels": 1}),
        ("foreground", {"mdeas_small encoder": 1, "mdeas_small foreground": 1}),
    ],
)
def test_a_network_that_nobody_hears_does_not_run(both, frame, empty, heard, runs):
    pipeline = Pipeline(both)
    pipeline.background.capture(empty)
    pipeline.process(frame, [heard])
    assert both.counters == runs


def test_a_reference_is_encoded_only_by_the_networks_that_make_something_of_it(both, empty):
    assert list(both.encode_background(empty)) == ["mdeas_small"]


def test_the_choice_of_relative_depth(nyud, mdeas, frame, empty):
    networks = MultiPredictor.load([nyud, mdeas], {"depth": mdeas}, options=CPU)
    assert networks.routes["depth"] == "mdeas_small", "the path in the list stands for the name on the card"
    assert networks.depth.kind == "relative"
    pipeline = Pipeline(networks)
    assert "no background" in pipeline.process(frame, {"depth"}).missing["depth"]
    pipeline.background.capture(empty)
    results = pipeline.process(frame, {"depth", "points"})
    assert results.missing == {"points": "the depth of mdeas_small is relative, points need metres; set depth.scale_mode"}
    raw = results["depth"]
    pipeline.options = PipelineOptions(depth_scale_mode="fixed", depth_scale=4.0, depth_max=6.0)
    results = pipeline.process(frame, {"depth", "points"})
    assert set(results) == {"depth", "points"}
    within = (raw * 4 >= 0) & (raw * 4 <= 6)
    assert np.allclose(results["depth"][within], 4 * raw[within]) and not np.isfinite(results["depth"][~within]).any()


def test_relative_depth_waits_for_its_first_scale(mdeas, frame, empty):
    pipeline = Pipeline(MultiPredictor.load([mdeas], options=CPU), PipelineOptions(depth_scale_mode="camera_height", camera_height=0.5))
    pipeline.background.capture(empty)
    results = pipeline.process(dataclasses.replace(frame, intrinsics=None), {"depth", "foreground"})
    assert list(results) == ["foreground"]
    assert results.missing == {"depth": "camera height gives no scale: no camera_info"}


def test_what_does_not_fit_is_told_before_anything_is_loaded(nyud, mdeas):
    with pytest.raises(ConfigError, match="'my_nyud' comes twice"):
        plan_networks([nyud, mdeas, nyud])
    with pytest.raises(ConfigError, match="is empty"):
        plan_networks([])
    with pytest.raises(ConfigError, match=r"outputs\.foreground: 'my_nyud' has no foreground.*name mdeas_small"):
        MultiPredictor.load([nyud, mdeas], {"foreground": "my_nyud"})
    with pytest.raises(ConfigError, match=r"labels\.space: 'nyud40', but none of mdeas_small makes labels"):
        MultiPredictor.load([mdeas], label_space="nyud40")
    with pytest.raises(WeightsError, match="no 'nothing.safetensors'"):
        plan_networks(["nothing"])


def test_one_name_need_not_be_a_list(mdeas):
    assert plan_networks(mdeas)[1] == {"depth": "mdeas_small", "foreground": "mdeas_small"}


def test_the_two_spaces_of_a_joint_network(make_random_weights, frame):
    joint = make_random_weights("hydranet", {"num_classes": 46}, name="joint", label_space="nyud40+kitti6")
    indoor, outdoor = (MultiPredictor.load(joint, label_space=space, options=CPU) for space in ("", "kitti6"))
    assert (indoor.label_space.name, outdoor.label_space.name) == ("nyud40", "kitti6")
    first, second = (networks.predict(frame.rgb).labels for networks in (indoor, outdoor))
    assert first.max() < 40 and second.max() < 6
    with pytest.raises(ConfigError, match=r"labels\.space: 'kitti' is no label space of 'joint'; did you mean 'kitti6'\?"):
        Predictor.load(joint, label_space="kitti")


def test_the_joint_logits_are_split_where_the_spaces_meet(make_net, make_random_weights, frame):
    """The classes of each space are the argmax of its own logits alone, with their own probabilities."""
    weights = make_random_weights("hydranet", {"num_classes": 46}, label_space="nyud40+kitti6")
    joint = Predictor.load(weights, size=(H, W), label_space="kitti6")
    image = normalise(frame.rgb, (H, W), joint.card.input.mean, joint.card.input.std)
    with torch.inference_mode():
        logits = make_net("hydranet", num_classes=46)(torch.from_numpy(image))["labels"].numpy()
    labels, confidence = labels_and_confidence(np.ascontiguousarray(logits[0, 40:46]), (H, W))
    prediction = joint.predict(frame.rgb)
    assert (prediction.labels == labels).mean() > 0.999
    assert np.allclose(prediction.confidence, confidence, atol=1e-3)


def test_the_legend_names_each_network_and_what_it_makes(both):
    legend = json.loads(json.dumps(legend_of(both, "none")))
    assert legend["outputs"] == ["labels", "confidence", "depth", "foreground"]
    assert [(n["model"], n["arch"], n["outputs"]) for n in legend["networks"]] == [
        ("my_nyud", "hydranet", ["labels", "confidence", "depth"]), ("mdeas_small", "mdeas", ["foreground"]),
    ]  # fmt: skip
    assert [len(n["weights_sha256"]) for n in legend["networks"]] == [64, 64]
    assert (legend["model"], legend["label_space"], len(legend["classes"])) == ("my_nyud", "nyud40", 40)
    assert (legend["depth_kind"], legend["depth_scale"]) == ("metric", "none")


@pytest.mark.parametrize(("mode", "kind"), [("none", "relative"), ("fixed", "metric"), ("camera_height", "metric")])
def test_the_legend_declares_relative_depth(mdeas, mode, kind):
    legend = legend_of(MultiPredictor.load(mdeas, options=CPU), mode)
    assert (legend["depth_kind"], legend["depth_scale"], legend["classes"], legend["label_space"]) == (kind, mode, [], None)


def test_the_legend_has_the_factor_of_a_fixed_scale_and_the_size_that_was_asked_for(mdeas):
    networks = MultiPredictor.load(mdeas, size=(64, 80), options=CPU)
    assert [legend_of(networks, mode, 2.5)["depth_factor"] for mode in ("none", "fixed", "camera_height")] == [None, 2.5, None]
    size = legend_of(networks, "none")["input_size"]
    assert (size["height"], size["width"]) == (64, 80)


def test_closing_closes_every_network(mdeas, nyud):
    composition = MultiPredictor.load([nyud, mdeas], options=EngineOptions(device="cpu", engine="torch"))
    composition.close()
    assert not any(hasattr(predictor._engine, "_net") for predictor in composition.predictors.values())
