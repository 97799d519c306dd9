"""Tables and figures, written out by hand."""

import math

import pytest

from mtdense_ros.utils.tables import markdown_table, number, plain_table

TITLES, ROWS = ("set", "frames", "method"), [("room", "12", "net"), ("x", "7", "a longer one")]


def test_markdown():
    assert markdown_table(TITLES, ROWS, left=(0, 2)).splitlines() == [
        "| set | frames | method |",
        "|---|---:|---|",
        "| room | 12 | net |",
        "| x | 7 | a longer one |",
    ]
    assert markdown_table(TITLES, ROWS, left=(0, 2), padded=True).splitlines() == [
        "| set  | frames | method       |",
        "|------|-------:|--------------|",
        "| room |     12 | net          |",
        "| x    |      7 | a longer one |",
    ]
    assert markdown_table(("a", "b"), ()) == "| a | b |\n|---|---:|\n"


def test_plain_text():
    assert plain_table([TITLES, *ROWS], right=(1,)).splitlines() == [
        "set   frames  method",
        "room      12  net",
        "x          7  a longer one",
    ]


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (1.26, {}, "1.3"), (7, {"decimals": 0, "unit": " ms"}, "7 ms"), (0.5, {"decimals": 2, "sign": "+"}, "+0.50"),
        (-0.5, {"sign": "+"}, "-0.5"), (None, {}, "-"), (math.nan, {"unit": " %"}, "-"), (math.inf, {}, "-"),
    ],
)  # fmt: skip
def test_figures(value, options, text):
    assert number(value, **options) == text
