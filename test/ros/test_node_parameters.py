"""Every parameter, at run time: a good value takes effect or is refused with the reason, a bad one and one of another type are refused.

The values are made from the declarations, so that a new parameter is walked too.
"""

import pytest
from camera_messages import image, picture
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import DescribeParameters

from mtdense_ros.parameters import SIZE_PATTERN, SPECS

CHOSEN = {
    "weights": ["two_tasks"],
    "threads": 2,
    "depth.max": 9.0,
    "points.obstacle_classes": ["wall"],
    "background.path": "/tmp/reference.png",
}
"""Good values of those whose declaration does not say what a good value is, or whose default the test's node does not have."""

BAD = {
    "weights": [["nowhere"], []],
    "points.obstacle_classes": [["no such class"], []],
}
"""The same for bad ones."""

WRONG_TYPES = {
    "bool": [1, "true"],
    "int": [2.0, "2", True],
    "double": [1, "1.0", True],
    "string": [1, 1.0, ["raw"]],
    "string array": [[1, 2], 1, True],
}

ROS_TYPES = {
    "bool": ParameterType.PARAMETER_BOOL,
    "int": ParameterType.PARAMETER_INTEGER,
    "double": ParameterType.PARAMETER_DOUBLE,
    "string": ParameterType.PARAMETER_STRING,
    "string array": ParameterType.PARAMETER_STRING_ARRAY,
}

ALL = pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)


def good(spec):
    """An allowed value other than the default, near to it where it is a number."""
    if spec.name in CHOSEN:
        return CHOSEN[spec.name]
    if spec.choices:
        return next(choice for choice in spec.choices if choice != spec.default)
    if spec.kind == "string array":
        return ["other"]
    if spec.kind == "bool":
        return not spec.default
    if spec.kind == "string":
        return "160x96" if spec.pattern == SIZE_PATTERN else "other"
    if spec.kind == "int":
        return spec.default + 1 if spec.default < spec.high else spec.default - 1
    return spec.default * 1.05 + 0.01 if spec.default < spec.high else spec.low


def bad(spec):
    """Values of the right type that are not allowed; none of a text that may be anything."""
    if spec.name in BAD:
        return BAD[spec.name]
    if spec.low is not None:
        beyond = [spec.low - 1, spec.high + 1]
        return [type(spec.default)(value) for value in beyond] + [float("nan")] * (spec.kind == "double")
    if spec.kind == "string array":
        return [[]]
    return ["nonsense"] if spec.choices or spec.pattern else []


@pytest.fixture(scope="module")
def described(client):
    """The descriptors by name, as rqt_reconfigure and Foxglove ask for them. First of all tests: rclpy writes the type of a refused value
    into the descriptor of a parameter that is typed dynamically."""
    answer = client.ask(DescribeParameters, "describe_parameters", DescribeParameters.Request(names=list(SPECS)))
    return {descriptor.name: descriptor for descriptor in answer.descriptors}


@ALL
def test_descriptors_carry_type_meaning_range_and_whether_it_can_be_set(described, spec):
    found = described[spec.name]
    assert found.type == ROS_TYPES[spec.kind]
    assert spec.text in found.description and f"takes effect at {spec.effect}" in found.description
    assert found.read_only == (spec.effect == "start")
    ranges = [*found.integer_range, *found.floating_point_range]
    assert [(r.from_value, r.to_value) for r in ranges] == ([] if spec.low is None else [(spec.low, spec.high)])
    assert bool(found.integer_range) == (spec.kind == "int" and spec.low is not None)
    assert all(choice in found.additional_constraints for choice in spec.choices)
    assert not spec.pattern or "WIDTHxHEIGHT" in found.additional_constraints


@ALL
def test_a_good_value_takes_effect_or_is_refused_with_the_reason(client, spec):
    before = client.get_parameter(spec.name)
    successful, reason = client.set_parameter(spec.name, good(spec))
    after = client.get_parameter(spec.name)
    if spec.effect == "run time":
        assert successful and after == good(spec), reason
        assert client.set_parameter(spec.name, before) == (True, "")
    else:
        assert not successful and after == before
        assert f"takes effect at {spec.effect}" in reason or (spec.effect == "start" and "read-only" in reason)


@ALL
def test_bad_values_and_those_of_another_type_are_refused_and_nothing_changes(client, spec):
    before = client.get_parameter(spec.name)
    for value in bad(spec) + WRONG_TYPES[spec.kind]:
        successful, reason = client.set_parameter(spec.name, value)
        assert not successful and reason, value
        assert client.get_parameter(spec.name) == before
        if spec.choices and value == "nonsense" and spec.effect != "start":
            assert all(word in reason for word in spec.choices)


def test_unknown_names_are_refused_with_the_nearest_one(client):
    assert client.set_parameter("max_agee", 1.0) == (False, "parameter max_agee is unknown; did you mean 'max_age'?")


def test_pairs_that_cannot_work_are_refused(client):
    assert client.set_parameter("depth.max", 5.0)[0]
    successful, reason = client.set_parameter("depth.min", 6.0)
    assert not successful and "depth.max" in reason
    assert client.set_parameter("depth.max", 0.0)[0]


def test_the_node_still_works_after_all_that(client):
    client.subscribe("labels")
    client.exchange(image(picture()))
    assert [name for name, (level, _, _) in client.diagnostics().items() if level and name != "frames"] == []
