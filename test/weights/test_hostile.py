"""Weights and cards that mean harm, or come from a broken export: refused by name, before they cost memory or reach other files."""

import hashlib
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from mtdense_ros.errors import MtdenseError, WeightsError
from mtdense_ros.inference import EngineOptions, Predictor
from mtdense_ros.weights import load_weights
from mtdense_ros.weights.card import MAX_INPUT_PIXELS

VALUES = (-1, 0, 10**6, 10**12, 2**63, float("nan"), float("inf"), "", "../../etc/passwd", "/etc/passwd", "x" * 1000, None, [], {}, True)


@pytest.fixture(scope="module")
def weights(make_random_weights):
    return make_random_weights("lraspp", {"num_classes": 6})


def places(value, path=()):
    """The path of every field of a card, and of everything below it."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in below:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(card, path, value):
    copy = json.loads(json.dumps(card))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


def vouch_for(copy, original, content):
    """Writes the card of other weights, with the size and digest of this content."""
    card = json.loads(original.with_suffix(".json").read_text())
    copy.with_suffix(".json").write_text(json.dumps({**card, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}))


@pytest.mark.slow
def test_no_value_of_any_field_of_a_card_gets_past_it_into_memory_or_other_files(weights, tmp_path):
    """What is not refused has a name that is one, an input that fits into memory, and a label space of this package."""
    original = json.loads(weights.with_suffix(".json").read_text())
    copy = tmp_path / weights.name
    copy.write_bytes(weights.read_bytes())
    refused = taken = 0
    for path in places(original):
        for value in VALUES:
            copy.with_suffix(".json").write_text(json.dumps(changed(original, path, value)))
            try:
                net, card = load_weights(copy)
                Predictor.from_network(net, card, EngineOptions("torch", "cpu"))
            except MtdenseError:
                refused += 1
                continue
            taken += 1
            assert "/" not in card.name and card.input.height * card.input.width <= MAX_INPUT_PIXELS
            assert card.label_space in ("indoor", None)
    assert refused > taken > 0


@pytest.mark.parametrize(
    "path, value, message",
    [
        (("name",), "../../etc/passwd", "name: '../../etc/passwd' is no name of a file"),
        (("label_space",), "x" * 1000, "label_space: is longer than any name"),
        (("input", "height"), 10**6, "input: 128x1000000 in multiples of 32 needs too much memory"),
        (("input", "multiple"), 10**6, "needs too much memory"),
    ],
    ids=["a path as name", "a long name", "a huge input", "a huge multiple"],
)
def test_each_is_named(weights, tmp_path, path, value, message):
    copy = tmp_path / weights.name
    copy.write_bytes(weights.read_bytes())
    copy.with_suffix(".json").write_text(json.dumps(changed(json.loads(weights.with_suffix(".json").read_text()), path, value)))
    with pytest.raises(WeightsError, match=message):
        load_weights(copy)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_refused(weights, tmp_path, value):
    state = load_file(weights)
    name = next(name for name, tensor in state.items() if tensor.is_floating_point())
    state[name].view(-1)[0] = torch.tensor(value)
    copy = tmp_path / weights.name
    save_file(state, copy)
    vouch_for(copy, weights, copy.read_bytes())
    with pytest.raises(WeightsError, match=f"entry '{name}' has values that are not finite"):
        load_weights(copy)


def test_a_header_that_declares_more_than_the_file_holds_is_refused_without_allocating_it(weights, tmp_path):
    """safetensors: eight bytes of header length, the header's JSON, the values."""
    header = json.dumps({"x": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}).encode()
    for content in (len(header).to_bytes(8, "little") + header + bytes(64), (2**62).to_bytes(8, "little") + header):
        copy = tmp_path / weights.name
        copy.write_bytes(content)
        vouch_for(copy, weights, content)
        with pytest.raises(WeightsError, match="no valid safetensors file"):
            load_weights(copy)
