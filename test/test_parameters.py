"""Parameters without ROS: names, types, ranges and the messages of what is refused."""

import pytest

from mtdense_ros.errors import ConfigError
from mtdense_ros.parameters import SPECS, Parameters


def test_defaults_pass_their_own_checks():
    for name, value in Parameters().as_names().items():
        assert SPECS[name].check(value) == value


def test_every_parameter_says_what_it_is():
    for spec in SPECS.values():
        assert spec.text and spec.effect in ("run time", "configure", "start")
        assert (spec.low is None) == (spec.high is None)
        assert not isinstance(spec.default, float) or spec.unit or spec.name.endswith("threshold"), f"{spec.name} has no unit"


def test_dotted_names_change_the_value_and_nothing_else():
    changed = Parameters.from_names({"depth.max": 5.0, "every.labels": 3}).as_names()
    expected = {**Parameters().as_names(), "depth.max": 5.0, "every.labels": 3}
    assert changed == expected


def test_a_single_weights_string_is_a_list_of_one():
    assert Parameters.from_names({"weights": "a"}) == Parameters.from_names({"weights": ["a"]})


def test_cameras_are_one_without_a_name_or_several_with():
    assert Parameters().cameras == ("",)
    assert Parameters.from_names({"cameras": ["front", "rear_2", "Left"]}).cameras == ("front", "rear_2", "Left")


def test_sizes_are_read_as_width_by_height():
    parameters = Parameters.from_names({"size": "256x192", "warm_up": ""})
    assert parameters.size_hw == (192, 256)
    assert parameters.warm_up_hw is None


@pytest.mark.parametrize(
    "values, message",
    [
        ({"max_agee": 1.0}, "did you mean 'max_age'"),
        ({"depth.mx": 1.0}, "did you mean 'depth.max'"),
        ({"no_such_parameter": 1.0}, "no_such_parameter is unknown; config/mtdense.yaml lists all"),
        ({"max_age": 1}, "write 1.0"),
        ({"max_age": -1.0}, "0 to 3600 s"),
        ({"max_age": float("nan")}, "max_age: nan"),
        ({"every.depth": True}, "every.depth: True is no int"),
        ({"every.depth": 0}, "1 to 1000"),
        ({"device": "gpu"}, "auto | cpu | cuda"),
        ({"size": "big"}, "640x480"),
        ({"weights": []}, "weights: the list is empty"),
        ({"cameras": ["front", "rear", "front"]}, "cameras: 'front' comes twice"),
        ({"cameras": ["front", ""]}, "cameras: a name is empty"),
        ({"cameras": ["front camera"]}, "cameras: 'front camera' cannot begin a topic's name"),
        ({"cameras": ["2nd"]}, "use letters, digits and _, a letter first"),
        ({"cameras": ["front/left"]}, "'front/left' cannot"),
        ({"cameras": ["front__left"]}, "'front__left' cannot"),
        ({"cameras": [1]}, "is no string array"),
        ({"cameras": ["front", "rear"], "frame_id": "camera"}, "frame_id: is one frame for several cameras"),
        ({"depth.min": 6.0, "depth.max": 5.0}, "not below depth.max"),
        ({"depth.scale_mode": "camera height"}, "none | fixed | camera_height | range"),
    ],
)
def test_what_cannot_work_is_refused_with_the_remedy(values, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(").replace(")", r"\)").replace("|", r"\|")):
        Parameters.from_names(values)
