"""Tables in docs/ that a command prints, against that command."""


import pytest
from project import ROOT


def test_the_cost_of_the_networks(capsys, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import network_cost

    network_cost.main()
    assert capsys.readouterr().out in (ROOT / "docs" / "networks.md").read_text(), "run python benchmarks/network_cost.py"
