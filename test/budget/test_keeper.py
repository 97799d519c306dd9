"""What a budget does to a pipeline, with a worker but without ROS: nothing without one, all of it back afterwards."""

import dataclasses
import threading
import time

import numpy as np
import pytest

from mtdense_ros.budget import keeper
from mtdense_ros.budget.costs import Sample
from mtdense_ros.budget.keeper import BudgetKeeper, lowered, output_sets
from mtdense_ros.budget.quality_levels import Setting
from mtdense_ros.datatypes import Frame
from mtdense_ros.inference import EngineOptions
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.runtime.faults import Faults
from mtdense_ros.runtime.worker import Worker

pytestmark = pytest.mark.slow

HW = (96, 128)
SUBSCRIBED = ("labels", "depth", "normals", "foreground")
ALL = Setting(True, "", 2, 0.5)


class Bench:
    """A keeper with its pipeline, and frames that cost what one says."""

    def __init__(self, weights, picture, engine="auto"):
        self.weights = str(weights)
        self.pipeline = Pipeline(MultiPredictor.load(self.weights, options=EngineOptions(device="cpu", engine=engine)))
        self.log, self.frames, self.bf16 = [], 0, 0.6
        self.faults = Faults(lambda is_error, text: None)
        self.worker = Worker(lambda item: None, lambda error: None)
        self.keeper = BudgetKeeper({"": self.pipeline}, self.worker.submit, self.faults, self.log.append)
        self.picture = picture

    def set(self, **budget):
        named = {f"budget.{name}": value for name, value in budget.items()}
        self.keeper.apply(Parameters.from_names({"weights": self.weights, **named}))

    def feed(self, ms, count=1, subscribed=SUBSCRIBED):
        """Frames of so many ms, 0.8 of them in the network at full precision, and so much less as `bf16` says below it."""
        for _ in range(count):
            at = 0.033 * self.frames
            network = 0.8 * ms * (self.bf16 if self.keeper.setting.precision else 1.0)
            sample = Sample(at, at + (0.2 * ms + network) / 1e3, self.frames, 0.2 * ms + network, network)
            self.keeper.observe(sample, self.keeper.setting, subscribed, HW)
            self.frames += 1

    def until(self, setting, ms):
        """Frames of this time until the setting is in force."""
        end = time.monotonic() + 60.0
        while self.keeper.setting != setting:
            self.feed(ms)
            assert time.monotonic() < end, (self.keeper.setting, self.log)
            time.sleep(0.001)

    def over(self):
        return any(state.active for state in self.faults.states() if state.name == "over budget")


@pytest.fixture
def bench(make_random_weights, picture):
    bench = Bench(make_random_weights("mtdense"), picture)
    yield bench
    bench.keeper.close()
    assert bench.worker.stop()


def test_without_a_budget_nothing_is_measured_or_traded(bench):
    bench.set()
    bench.feed(1e5, 100)
    assert bench.keeper.setting == Setting() and bench.pipeline.options == PipelineOptions()
    assert bench.keeper.values() == {"budget": "off", "budget given up": "nothing"}
    assert not bench.log and not bench.over()


def test_all_is_given_up_named_and_comes_back_with_the_budgets_end(bench):
    own = bench.pipeline.networks
    bench.set(latency_ms=5.0)
    bench.until(ALL, 100.0)
    bench.feed(100.0, 60)
    assert bench.over()
    expected = "labels.upsampling fast, labels and normals in turn, each on every 2nd frame, size 64x64, 1/2 of the sides"
    assert bench.keeper.values() == {"budget": "latency p90 100.0 of 5 ms", "budget given up": expected}
    assert bench.log[-1].endswith(f"given up now: {expected}") and "latency p90 100.0 of 5 ms" in bench.log[-1]
    assert bench.pipeline.networks is not own
    bench.set()
    bench.until(Setting(), 1.0)
    assert bench.pipeline.networks is own and bench.pipeline.options == PipelineOptions() and not bench.over()


def test_the_reference_frame_goes_along(bench):
    empty, frame = bench.picture(2, *HW), Frame(bench.picture(1, *HW), 5, "camera")
    bench.pipeline.background.capture(empty)
    bench.set(latency_ms=5.0)
    bench.until(ALL, 100.0)
    mask = bench.pipeline.process(frame, {"foreground"})["foreground"]
    networks = bench.pipeline.networks
    assert np.array_equal(mask, networks.predict(frame.rgb, backgrounds=networks.encode_background(empty)).foreground)
    newer = bench.picture(3, *HW)
    bench.pipeline.background.capture(newer)
    bench.set()
    bench.until(Setting(), 1.0)
    own = bench.pipeline.networks
    mask = bench.pipeline.process(frame, {"foreground"})["foreground"]
    assert np.array_equal(mask, own.predict(frame.rgb, backgrounds=own.encode_background(newer)).foreground)


@pytest.mark.parametrize(("bf16", "kept"), [(0.5, "bf16"), (1.0, ""), (3.0, "")])
def test_a_number_format_that_the_card_allows_is_used_where_it_is_faster(make_random_weights, picture, bf16, kept):
    loss = {"mean_iou": 0.001, "abs_rel": 0.001, "foreground_iou": 0.001}
    measured = {"precision": "bf16", "engine": "torch", "set": "renders: test", "loss": loss}
    bench = Bench(make_random_weights("mtdense", precision={"limits": {}, "measured": [measured]}), picture, engine="torch")
    bench.bf16 = bf16
    bench.set(latency_ms=5.0)
    bench.until(dataclasses.replace(ALL, precision=kept), 100.0)
    assert bench.pipeline.networks.precision == (kept or "fp32")
    assert any("precision bf16" in line for line in bench.log)
    bench.keeper.close()
    assert bench.worker.stop()


def test_calls_are_counted_over_all_networks(bench):
    frame = Frame(bench.picture(1, *HW), 5, "camera")
    bench.pipeline.networks.counters.clear()
    bench.pipeline.process(frame, {"depth"})
    bench.set(latency_ms=5.0)
    bench.until(ALL, 100.0)
    bench.pipeline.process(frame, {"depth"})
    bench.set()
    bench.until(Setting(), 1.0)
    bench.pipeline.process(frame, {"depth"})
    assert bench.keeper.counters()["depth"] == 3


def test_the_stream_goes_on_while_networks_are_made(bench, monkeypatch):
    made, may_go_on, own = keeper.variant, threading.Event(), bench.pipeline.networks

    def slow(*arguments):
        assert may_go_on.wait(60.0)
        return made(*arguments)

    monkeypatch.setattr(keeper, "variant", slow)
    bench.set(latency_ms=5.0)
    bench.feed(100.0, 100)
    assert bench.worker.submit(lambda: bench.pipeline.networks).result(10.0) is own
    bench.feed(100.0, 100)
    may_go_on.set()
    bench.until(ALL, 100.0)


def test_the_end_waits_for_networks_that_are_being_made(bench, monkeypatch):
    begun, may_go_on, own = threading.Event(), threading.Event(), bench.pipeline.networks

    def slow(*arguments):
        begun.set()
        assert may_go_on.wait(60.0)
        return own

    monkeypatch.setattr(keeper, "variant", slow)
    bench.set(latency_ms=5.0)
    bench.feed(100.0, 1000)
    assert begun.wait(60.0)
    bench.keeper.close()
    assert bench.worker.stop()
    assert not bench.keeper.wait(0.01)
    may_go_on.set()
    assert bench.keeper.wait(60.0) and bench.keeper.wait(0.0) and bench.pipeline.networks is own


def test_networks_that_cannot_be_made_are_done_without(bench, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("no memory")

    monkeypatch.setattr(keeper, "variant", broken)
    own = bench.pipeline.networks
    bench.set(latency_ms=5.0)
    bench.until(Setting(True, "", 2, 1.0), 100.0)
    bench.feed(100.0, 60)
    assert bench.pipeline.networks is own and bench.over()
    assert any("cannot be had: RuntimeError: no memory" in line for line in bench.log)


def test_a_late_subscriber_changes_what_can_be_given_up(bench):
    bench.set(latency_ms=5.0)
    for _ in range(2000):
        bench.feed(100.0, subscribed=("depth",))
        if bench.keeper.setting == Setting(fraction=0.5):
            break
        time.sleep(0.01)
    assert bench.keeper.setting == Setting(fraction=0.5)
    bench.until(ALL, 100.0)


def test_what_is_set_by_hand_stays(bench):
    bench.keeper.apply(Parameters.from_names({"weights": bench.weights, "size": "128x96", "every.labels": 7, "budget.latency_ms": 5.0}))
    bench.feed(100.0, 100)
    assert bench.keeper.setting == Setting(fast_labels=True) and bench.over()
    assert bench.pipeline.options.every_labels == 7


def test_the_outputs_of_each_turn(bench):
    own = bench.pipeline.networks
    assert output_sets({"normals_color", "depth"}, own, False, Setting()) == [{"normals", "depth"}]
    everything = {"labels", "confidence", "depth", "foreground"}
    assert output_sets({"points", "foreground"}, own, True, Setting()) == [everything]
    assert output_sets({"points", "foreground"}, own, False, Setting()) == [everything - {"foreground"}]
    turns = output_sets({"labels", "normals", "depth"}, own, True, Setting(every=3))
    assert turns == [{"labels", "depth"}, {"normals", "depth"}, {"depth"}]
    assert output_sets({"labels", "normals"}, own, True, Setting(every=2)) == [{"labels"}, {"normals"}]


def test_conceded_options_never_give_up_less_than_those_set():
    given = lowered(PipelineOptions(every_labels=5, every_depth=3, depth_max=4.0), Setting(True, "", 2, 1.0))
    assert given == PipelineOptions(5, 3, 2, 1, "fast", depth_max=4.0, staggered=True)


def test_cameras_share_what_is_given_up(make_random_weights, picture):
    """Labels of one and normals of the other are given up together, and each keeps its own reference frame."""
    weights, submitted = str(make_random_weights("mtdense")), Worker(lambda item: None, lambda error: None)
    networks = MultiPredictor.load(weights, options=EngineOptions(device="cpu"))
    pipelines = {name: Pipeline(networks) for name in ("front", "rear", "dark")}
    empty = {"front": picture(1, *HW), "rear": picture(2, 64, 96)}
    for name, rgb in empty.items():
        pipelines[name].background.capture(rgb)
    keeper = BudgetKeeper(pipelines, submitted.submit, Faults(lambda *_: None), lambda _: None)
    keeper.apply(Parameters.from_names({"weights": weights, "budget.rate_hz": 100.0}))
    asked = {"front": ({"labels"}, HW), "rear": ({"normals", "foreground"}, (64, 96))}
    end, number = time.monotonic() + 60.0, 0
    while keeper.setting != Setting(True, "", 3, 0.5):
        for name, (subscribed, size_hw) in asked.items():
            sample = Sample(0.005 * number, 0.005 * number + 0.1, number, 100.0, 80.0)
            keeper.observe(sample, keeper.setting, subscribed, size_hw, name)
            number += 1
        assert time.monotonic() < end, keeper.setting
        time.sleep(0.001)
    reduced = pipelines["front"].networks
    assert reduced is not networks and all(pipeline.networks is reduced for pipeline in pipelines.values())
    assert {pipeline.options.every_labels for pipeline in pipelines.values()} == {3}
    for name, rgb in empty.items():
        frame = Frame(picture(3, *rgb.shape[:2]))
        expected = reduced.predict(frame.rgb, backgrounds=reduced.encode_background(rgb)).foreground
        assert np.array_equal(pipelines[name].process(frame, {"foreground"})["foreground"], expected)
    assert not pipelines["dark"].background.is_set
    keeper.close()
    assert submitted.stop()


def test_a_camera_that_nobody_asks_for_offers_nothing_to_give_up(bench):
    bench.set(rate_hz=1.0)
    bench.feed(1.0, subscribed={"labels"})
    assert "upsampling" in {level.kind for level in bench.keeper._controller.levels}
    bench.keeper.forget("")
    bench.feed(1.0, subscribed={"depth"})
    assert {level.kind for level in bench.keeper._controller.levels} == {"size"}
