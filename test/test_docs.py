"""Tables in docs/ against what they are made from: a command's output, the cards of the weights."""

import json

import pytest
from documents import table, text
from project import ROOT


@pytest.mark.slow
def test_the_cost_of_the_networks(capsys, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import network_cost

    network_cost.main()
    assert capsys.readouterr().out in text("docs/networks.md"), "run python benchmarks/network_cost.py"


def test_safety_says_what_every_fault_does():
    from mtdense_ros.runtime.faults import FAULTS

    rows = table(text("docs/safety.md"), "fault")
    assert [row[0] for row in rows] == list(FAULTS)
    assert all(row[1].split()[0].rstrip(":;,") in ("stop", "part", "told") and row[2] for row in rows)


def test_weights_are_the_shipped_ones():
    cards = {path.stem: json.loads(path.read_text()) for path in (ROOT / "weights").glob("*.json")}
    rows = {row[0]: row for row in table(text("docs/networks.md"), "name")}
    assert set(rows) == set(cards)
    for name, card in cards.items():
        assert rows[name][1] == f"{card['arch']}, {card['parameters'] / 1e6:.1f} M parameters"
        assert rows[name][2] == ", ".join(card["outputs"])
