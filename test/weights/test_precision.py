"""What a card says of lower precisions: optional, strict where it is given, and decided on rendered sets alone."""

import json

import pytest
from project import ROOT

from mtdense_ros.errors import WeightsError
from mtdense_ros.weights import PrecisionSpec, read_card
from mtdense_ros.weights.precision import LIMITS

OUTPUTS = ("labels", "depth", "normals", "foreground")
SMALL = {"mean_iou": 0.002, "abs_rel": 0.001, "foreground_iou": -0.001, "normals_deg": 9.0}


def measured(loss, name="renders:val", precision="bf16", engine="torch"):
    return {"precision": precision, "engine": engine, "set": name, "frames": 3, "loss": loss}


@pytest.mark.parametrize(
    ("entries", "refusal"),
    [
        ([measured(SMALL)], ""),
        ([measured(SMALL), measured({"abs_rel": 1.0}, "nyuv2")], ""),
        ([measured(SMALL), measured({"abs_rel": 1.0}, precision="fp16"), measured({"abs_rel": 1.0}, engine="openvino")], ""),
        ([measured(SMALL), measured({**SMALL, "mean_iou": 0.0051}, "renders:other")], "loses 0.0051 of mean_iou"),
        ([measured({**SMALL, "foreground_iou": 0.02})], "loses 0.0200 of foreground_iou"),
        ([measured({"mean_iou": 0.0, "abs_rel": 0.0})], "not measured for foreground_iou"),
        ([measured(SMALL, "nyuv2")], "bf16 in torch is not measured"),
        ([], "bf16 in torch is not measured"),
    ],
)
def test_every_rendered_set_must_stay_within_every_limit(entries, refusal):
    found = PrecisionSpec({}, entries).refusal("bf16", "torch", OUTPUTS)
    assert refusal in found and bool(refusal) == bool(found)


def test_outputs_that_the_network_lacks_need_no_figure():
    assert PrecisionSpec({}, [measured({"abs_rel": 0.0})]).refusal("bf16", "torch", ("depth", "normals")) == ""


@pytest.mark.slow
def test_cards_with_and_without_the_entry(make_random_weights):
    plain = make_random_weights("mtdense")
    assert read_card(plain).precision is None
    assert "precision" not in json.loads(plain.with_suffix(".json").read_text())
    entry = {"limits": {"abs_rel": 0.01}, "measured": [measured(SMALL)]}
    path = make_random_weights("mtdense", precision=entry)
    assert json.loads(path.with_suffix(".json").read_text())["precision"] == entry
    assert read_card(path).precision == PrecisionSpec({"abs_rel": 0.01}, [measured(SMALL)])


def test_the_documents_example_is_one():
    text = (ROOT / "docs" / "networks.md").read_text()
    example = text.partition("```json\n")[2].partition("```")[0]
    spec = PrecisionSpec(**json.loads(f"{{{example}}}")["precision"])
    assert spec.limits == LIMITS and spec.refusal("bf16", "openvino", OUTPUTS) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ([], r"'precision' is \[\]; expected keys and values"),
        ({"measured": []}, "'precision.limits' is missing; add it"),
        ({"limits": {}, "measure": []}, "unknown key 'precision.measure'; did you mean 'measured'"),
        ({"limits": {"miou": 0.1}}, "precision.limits: 'miou' is unknown; use mean_iou, abs_rel, foreground_iou"),
        ({"limits": {"abs_rel": -1}}, "precision.limits: .* must be numbers from 0 on"),
        ({"limits": {}, "measured": [3]}, r"'precision.measured\[0\]' is 3; expected keys and values"),
        ({"limits": {}, "measured": [{**measured({}), "engine": None}]}, r"precision.measured\[0\].engine: must be a text, found None"),
        ({"limits": {}, "measured": [measured({"abs_rel": "x"})]}, r"precision.measured\[0\].loss: must be an object of numbers"),
    ],
)
def test_wrong_entries_are_told_by_their_place(entry, message, make_random_weights):
    path = make_random_weights("mtdense")
    card = path.with_suffix(".json")
    card.write_text(json.dumps({**json.loads(card.read_text()), "precision": entry}))
    with pytest.raises(WeightsError, match=message):
        read_card(path)
