"""config/diagnostics.yaml against the names of the node's statuses: each belongs to exactly one group."""

import pytest
import yaml
from project import ROOT

from mtdense_ros.runtime.faults import FAULTS

NAMES = ("frames", *FAULTS)


@pytest.fixture(scope="module")
def analyzers():
    """The words that each analyzer looks for, by its path."""
    content = yaml.safe_load((ROOT / "config" / "diagnostics.yaml").read_text())
    group = content["analyzers"]["ros__parameters"]["perception"]
    assert group["type"] == "diagnostic_aggregator/AnalyzerGroup"
    assert {a["type"] for a in group["analyzers"].values()} == {"diagnostic_aggregator/GenericAnalyzer"}
    return {a["path"]: a["contains"] for a in group["analyzers"].values()}


@pytest.mark.parametrize("prefix", ["mtdense: ", "robot/mtdense: front: "], ids=["one camera", "a named camera"])
@pytest.mark.parametrize("name", NAMES)
def test_every_status_is_in_one_group(analyzers, prefix, name):
    groups = [path for path, words in analyzers.items() if any(word in prefix + name for word in words)]
    assert len(groups) == 1, f"'{prefix}{name}' is in {groups}; put it into one group of config/diagnostics.yaml"


def test_nothing_is_looked_for_that_there_is_not(analyzers):
    assert {word for words in analyzers.values() for word in words} == {f": {name}" for name in NAMES}
