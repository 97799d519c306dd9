"""JSON that every reader takes."""

import json
import math

import pytest

from mtdense_ros.utils.strict_json import finite, to_json, to_json_by_line

VALUES = {"a": [math.nan, 1.23456, (math.inf, "x: NaN, -Infinity")], "b": {"c": -math.inf, "d": True, "e": None, "f": 7}}


def test_what_is_not_finite_is_none_wherever_it_stands():
    assert finite(VALUES) == {"a": [None, 1.23456, [None, "x: NaN, -Infinity"]], "b": {"c": None, "d": True, "e": None, "f": 7}}
    assert finite(VALUES, digits=2)["a"][1] == 1.23


def test_the_text_is_standard_json():
    assert json.loads(to_json(VALUES), parse_constant=pytest.fail) == finite(VALUES)


def test_a_line_per_key_and_per_entry():
    text = to_json_by_line({"a": [{"b": 1 / 3}, {"b": math.nan}], "c": [1, 2], "d": [], "e": "x"}, digits=2)
    assert text == '{\n "a": [\n  {"b": 0.33},\n  {"b": null}\n ],\n "c": [1, 2],\n "d": [],\n "e": "x"\n}\n'
