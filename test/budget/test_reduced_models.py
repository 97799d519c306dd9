"""The same networks smaller: what is allowed, and that the result is the same network at another input."""

import dataclasses

import numpy as np
import pytest

from mtdense_ros.budget.reduced_models import smaller_fractions, smaller_precision, variant
from mtdense_ros.errors import WeightsError
from mtdense_ros.inference import EngineOptions
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.parameters import Parameters

CPU = EngineOptions(device="cpu")

pytestmark = pytest.mark.slow

HW = (119, 161)


@pytest.fixture(scope="module")
def weights(make_random_weights):
    return str(make_random_weights("mtdense"))


@pytest.fixture(scope="module")
def networks(weights):
    return MultiPredictor.load(weights, options=CPU)


def test_half_of_the_sides_in_multiples_of_the_card(networks, weights, picture):
    assert next(iter(networks.predictors.values())).network_size(HW) == (96, 128)
    small = variant(networks, Parameters(weights=(weights,)), "", 0.5, HW)
    (predictor,) = small.predictors.values()
    assert predictor.network_size(HW) == (64, 64)  # 48 and 64, in multiples of 32; the aspect ratio is the camera's again below
    assert small.outputs == networks.outputs and small.routes == networks.routes
    due = Predictor.load(weights, "cpu", predictor.engine_name, size=(64, 64)).predict(picture(1, *HW), outputs=["depth"]).depth
    np.testing.assert_allclose(small.predict(picture(1, *HW), outputs=["depth"]).depth, due, rtol=1e-5)


def test_a_file_that_was_replaced_meanwhile_is_refused(make_random_weights):
    path = make_random_weights("mtdense", name="replaced")
    networks = MultiPredictor.load(str(path), options=CPU)
    (predictor,) = networks.predictors.values()
    predictor.card = dataclasses.replace(predictor.card, sha256="0" * 64)
    with pytest.raises(WeightsError, match="'replaced': the file is not the one that was configured"):
        variant(networks, Parameters(weights=(str(path),)), "", 0.5, HW)


def test_fractions_that_make_nothing_smaller_are_left_out(make_random_weights):
    card = {"height": 32, "width": 64, "resize": "area", "multiple": 32, "mean": [0.5] * 3, "std": [0.2] * 3}
    tiny = MultiPredictor.load(str(make_random_weights("mtdense", input=card)), options=CPU)
    assert smaller_fractions(tiny, (32, 64)) == (0.5,)
    assert smaller_fractions(MultiPredictor.load(str(make_random_weights("mtdense")), options=CPU), HW) == (0.75, 0.5)


def test_a_smaller_number_format_needs_the_cards_word(networks, make_random_weights):
    assert smaller_precision(networks) == ""
    loss = {"mean_iou": 0.001, "abs_rel": 0.001, "foreground_iou": 0.001}
    measured = {"precision": "bf16", "engine": "torch", "set": "renders: test", "loss": loss}
    path = make_random_weights("mtdense", precision={"limits": {}, "measured": [measured]})
    allowed = MultiPredictor.load(str(path), options=EngineOptions(device="cpu", engine="torch", precision="fp32"))
    assert smaller_precision(allowed) == "bf16"
    assert smaller_precision(MultiPredictor.load(str(path), options=EngineOptions(device="cpu", engine="torch", precision="bf16"))) == ""
    reduced = variant(allowed, Parameters(weights=(str(path),)), "bf16", 1.0, HW)
    assert reduced.precision == "bf16"
