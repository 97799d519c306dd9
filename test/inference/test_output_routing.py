"""Exactly one network for each output: by order, by choice, and what is refused."""

import pytest

from mtdense_ros.errors import ConfigError
from mtdense_ros.inference.multi_predictor import route_outputs

NYUD = ("labels", "confidence", "depth")
MDEAS = ("depth", "foreground")
EVERYTHING = ("labels", "confidence", "depth", "normals", "foreground")


def test_one_network_makes_all_it_can():
    assert route_outputs({"a": EVERYTHING}, {}) == dict.fromkeys(EVERYTHING, "a")


def test_the_first_that_can_makes_an_output():
    assert route_outputs({"nyud": NYUD, "mdeas": MDEAS}, {}) == {
        "labels": "nyud", "confidence": "nyud", "depth": "nyud", "foreground": "mdeas",
    }  # fmt: skip
    assert route_outputs({"mdeas": MDEAS, "nyud": NYUD}, {})["depth"] == "mdeas"


def test_a_choice_comes_before_the_order():
    assert route_outputs({"nyud": NYUD, "mdeas": MDEAS}, {"depth": "mdeas", "labels": ""})["depth"] == "mdeas"
    chosen = route_outputs({"all": EVERYTHING, "nyud": NYUD}, {"labels": "nyud"})
    assert chosen == {"labels": "nyud", "confidence": "nyud", "depth": "all", "normals": "all", "foreground": "all"}


@pytest.mark.parametrize(
    ("networks", "choices", "message"),
    [
        ({"nyud": NYUD}, {"depth": "nyudd"}, r"outputs\.depth: 'nyudd' is none of the weights; did you mean 'nyud'\?"),
        ({"nyud": NYUD, "mdeas": MDEAS}, {"foreground": "nyud"}, r"'nyud' has no foreground, it has labels, confidence, depth; name mdeas"),
        ({"nyud": NYUD}, {"foreground": "nyud"}, "none of the weights has foreground: add some that have"),
        ({"nyud": NYUD}, {"normals": "nyud"}, r"outputs\.normals: has no network to choose; known: depth, foreground, labels"),
        ({"all": EVERYTHING, "nyud": NYUD}, {}, r"'nyud' would have nothing to do \(labels from all, conf.*, depth from all\)"),
        ({"nyud": NYUD, "mdeas": MDEAS, "all": EVERYTHING}, {"depth": "mdeas", "foreground": "all"}, None),
        ({"depth": ("depth",), "mdeas": ("depth",)}, {"depth": "mdeas"}, "'depth' would have nothing to do"),
    ],
)
def test_conflicts_and_gaps_say_which(networks, choices, message):
    if message is None:
        assert set(route_outputs(networks, choices).values()) == set(networks)
        return
    with pytest.raises(ConfigError, match=message):
        route_outputs(networks, choices)
