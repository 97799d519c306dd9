"""Which engine is made, and the rule that says so."""

import dataclasses

import pytest
import torch

from mtdense_ros.engines import create
from mtdense_ros.engines.base import EngineOptions
from mtdense_ros.engines.create import ENGINES, create_engine, installed_engines, plan_engine
from mtdense_ros.engines.measured_choice import Candidate
from mtdense_ros.errors import ConfigError, DeviceError
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.parameters import SPECS
from mtdense_ros.weights import load_weights
from mtdense_ros.weights.precision import PrecisionSpec

SIZE = (96, 128)


@pytest.fixture
def card():
    return dataclasses.replace(load_weights("mtdense_indoor")[1], precision=None)


@pytest.fixture
def machine(monkeypatch):
    """machine(installed=..., cuda=..., measured=...): what there is."""

    def make(installed=("openvino", "onnxruntime"), cuda=False, measured=None):
        packages = {"openvino", "onnxruntime", "onnx"} if len(installed) == 2 else {p for i in installed for p in create._PACKAGES[i]}
        monkeypatch.setattr(create.importlib.util, "find_spec", lambda package: package if package in packages else None)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(create, "cached_choice", lambda card, size, device, precision: measured if size == SIZE else None)

    return make


def test_the_parameter_knows_them():
    assert SPECS["engine"].choices == ENGINES


@pytest.mark.parametrize(
    ("installed", "expected"),
    [(("openvino", "onnxruntime"), "openvino"), (("onnxruntime",), "onnxruntime"), ((), "torch")],
)
def test_the_first_installed(machine, card, installed, expected):
    machine(installed)
    plan = plan_engine(card, EngineOptions(), SIZE)
    assert (plan.options.engine, plan.rule) == (expected, "auto: the first installed of openvino, onnxruntime, torch")
    assert [name for name, absence in installed_engines().items() if absence is None] == [*installed, "torch"]


def test_a_gpu_comes_first_unless_the_cpu_is_asked_for(machine, card):
    machine(cuda=True)
    plan = plan_engine(card, EngineOptions(), SIZE)
    assert (plan.options, plan.rule) == (EngineOptions("torch", "auto", "fp32"), "auto: torch for CUDA")
    assert plan_engine(card, EngineOptions("auto", "cpu", "auto"), SIZE).options.engine == "openvino"


def test_half_precision_only_where_the_card_allows_it(machine, card):
    machine(cuda=True)
    loss = {"mean_iou": 0.0, "abs_rel": 0.0, "foreground_iou": 0.0}
    measured = {"precision": "fp16", "engine": "torch", "set": "renders:val", "loss": loss}
    allowing = dataclasses.replace(card, precision=PrecisionSpec({}, (measured,)))
    assert plan_engine(allowing, EngineOptions("auto", "cuda", "auto"), SIZE).options.precision == "fp16"
    assert plan_engine(allowing, EngineOptions("torch", "cuda:1", "auto"), SIZE).options.precision == "fp16"
    assert plan_engine(allowing, EngineOptions("torch", "cpu", "auto"), SIZE).options.precision == "auto"
    assert plan_engine(allowing, EngineOptions("auto", "cuda", "fp32"), SIZE).options.precision == "fp32"
    assert plan_engine(card, EngineOptions("auto", "cuda", "auto"), SIZE).options.precision == "fp32"


def test_what_was_measured_goes_before_the_order(machine, card):
    machine(measured=Candidate("onnxruntime", "cpu", "fp32", 5.0))
    plan = plan_engine(card, EngineOptions(), SIZE)
    assert plan.options == EngineOptions("onnxruntime", "cpu", "fp32")
    assert plan.rule == "auto: the fastest that mtdense bench --choose measured here"
    assert plan_engine(card, EngineOptions(), (64, 64)).options.engine == "openvino"
    assert plan_engine(card, EngineOptions("torch", "auto", "auto"), SIZE).options.engine == "torch"


def test_what_was_measured_and_removed_since_does_not_count(machine, card):
    machine(installed=(), measured=Candidate("onnxruntime", "cpu", "fp32", 5.0))
    assert plan_engine(card, EngineOptions(), SIZE).options.engine == "torch"


def test_a_named_gpu_stays_the_named_one(machine, card):
    machine(cuda=True, measured=Candidate("torch", "cuda", "fp16", 1.0))
    assert plan_engine(card, EngineOptions("auto", "cuda:1", "auto"), SIZE).options.device == "cuda:1"


def test_an_absent_engine_is_told_with_the_line_that_installs_it(machine, card):
    machine(installed=())
    with pytest.raises(ConfigError, match=r"engine: 'openvino' was asked for, not installed: openvino; pip install openvino, or"):
        plan_engine(card, EngineOptions("openvino", "auto", "auto"), SIZE)
    reason = "not installed: onnxruntime onnx; pip install onnxruntime onnx"
    assert installed_engines()["onnxruntime"] == reason


def test_an_unknown_engine(card):
    with pytest.raises(ConfigError, match="engine: 'openvion' is unknown; did you mean 'openvino'"):
        plan_engine(card, EngineOptions("openvion", "auto", "auto"), SIZE)


@pytest.mark.parametrize("error", [ImportError("libopenvino.so: no such file"), OSError("no space left on device")])
def test_a_broken_runtime_is_told_with_a_remedy(card, make_net, monkeypatch, error):
    def broken(*_):
        raise error

    monkeypatch.setattr(create, "_check_installed", lambda name: None)
    monkeypatch.setattr(create, "OpenVinoCompiler", broken)
    with pytest.raises(ConfigError, match=f"openvino is installed and does not work .{error}.; install it again"):
        create_engine(make_net("hydranet"), card, EngineOptions("openvino"))


def test_a_forced_gpu_is_told_when_it_is_absent(machine, card, make_net):
    machine()
    with pytest.raises(DeviceError, match="device: 'cuda' was asked for"):
        create_engine(make_net("hydranet"), card, EngineOptions("auto", "cuda"))


def test_the_predictor_says_which_and_why(make_random_weights):
    predictor = Predictor.load(make_random_weights("hydranet"), "cpu", "torch")
    assert (predictor.engine_name, predictor.engine_rule) == ("torch", "asked for")
    predictor.close()
