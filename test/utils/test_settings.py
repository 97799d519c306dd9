"""Frozen dataclasses from mappings: what is converted, and what is refused with which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.utils.settings import build_settings


@dataclass(frozen=True)
class Part:
    size: float
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Whole:
    part: Part | None
    shares: Mapping[str, float] = field(default_factory=dict)
    pair: tuple[int, int] = (0, 0)
    anything: Any = None


def test_nested_values_get_the_declared_types():
    built = build_settings(Whole, {"part": {"size": 2, "names": ["a"]}, "shares": {"b": 1}, "pair": [3, 4], "anything": {"c": [5]}})
    assert built == Whole(Part(2.0, ("a",)), {"b": 1.0}, (3, 4), {"c": [5]})
    assert [type(value) for value in (built.part.size, built.shares["b"])] == [float, float]
    assert build_settings(Whole, {"part": None}).part is None
    assert build_settings(Whole, {"part": built.part}).part is built.part


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (3, "here: 'Whole' is 3; expected keys and values"),
        ({}, "here: 'part' is missing; add it"),
        ({"part": {"sise": 1}}, "here: unknown key 'part.sise'; did you mean 'size'? known: names, size"),
        ({"part": {"size": "2"}}, "here: 'part.size' is '2'; expected a number"),
        ({"part": {"size": True}}, "here: 'part.size' is True; expected a number"),
        ({"part": {"size": 1, "names": "ab"}}, "here: 'part.names' is 'ab'; expected a list"),
        ({"part": None, "pair": [1]}, "here: 'pair' is [1]; expected a list"),
        ({"part": None, "pair": [1, 2.0]}, "here: 'pair[1]' is 2.0; expected a whole number"),
        ({"part": None, "shares": {"b": None}}, "here: 'shares.b' is None; expected a number"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place(values, message):
    with pytest.raises(InputError) as caught:
        build_settings(Whole, values, "here", InputError)
    assert str(caught.value) == message


def test_an_annotation_that_is_not_known_is_refused():
    @dataclass(frozen=True)
    class Odd:
        value: set[int]

    with pytest.raises(InputError, match=r"'value' is declared as set\[int\], which build_settings does not know"):
        build_settings(Odd, {"value": {1}}, "here", InputError)
