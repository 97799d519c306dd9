"""Figures in documents: put between their marks, which the documents of this package have."""

import pytest
from project import ROOT

from benchmarks import closed_loop, navigation_cost
from benchmarks.common.marked_text import put
from mtdense_ros.errors import ConfigError


def test_only_what_stands_between_the_marks_changes():
    document = "before\n<!-- a -->\nold\n<!-- end -->\nbetween\n<!-- b -->\nold\n<!-- end -->\nafter"
    assert put(document, "a", "new \\1") == document.replace("-->\nold", "-->\nnew \\1", 1)
    assert put(document, "b", "new").endswith("between\n<!-- b -->\nnew\n<!-- end -->\nafter")


def test_missing_marks_are_named():
    with pytest.raises(ConfigError, match="has no lines '<!-- c -->' and '<!-- end -->'"):
        put("<!-- a -->", "c", "new")


@pytest.mark.parametrize("benchmark", [closed_loop, navigation_cost])
def test_the_navigation_page_has_the_figures(benchmark):
    page = (ROOT / "docs" / "navigation.md").read_text()
    figures = page.partition(f"<!-- {benchmark.MARK} -->")[2].partition("<!-- end -->")[0]
    assert figures.count("\n| ") >= 3


def test_the_steps_whose_cost_is_measured_do_something():
    for name, step in navigation_cost.steps().items():
        result = step()
        assert all(len(part) for part in (result if isinstance(result, tuple) else (result,))), name
    assert navigation_cost.table({"a": (2.0, 0.5)}).endswith("| a | 2.00 | 4 |")
