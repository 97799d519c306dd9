"""README.md's tables against the code: parameters, topics, services, encodings, launch arguments, weights and links."""

import ast
import json
import re
from pathlib import Path

import pytest
from project import ROOT

from mtdense_ros.parameters import SPECS

TEXT = (ROOT / "README.md").read_text()


def table(first_column: str) -> list[list[str]]:
    """The cells of the rows of the table whose header starts with `first_column`, without backquotes."""
    lines = TEXT.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_column} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    return rows


def test_parameters_are_the_declared_ones_in_order():
    assert [row[0] for row in table("parameter")] == list(SPECS)


@pytest.mark.parametrize("row", table("parameter"), ids=lambda row: row[0])
def test_parameter_rows_say_what_the_declaration_says(row):
    spec = SPECS[row[0]]
    default = ", ".join(spec.default) if isinstance(spec.default, tuple) else str(spec.default)
    assert row[1] == spec.kind
    assert row[2] == (default.lower() if spec.kind == "bool" else default)
    assert row[3] == " ".join(filter(None, (spec.allowed.replace(" | ", ", "), spec.unit)))
    assert row[4:] == [spec.effect, spec.text]


def test_published_topics_are_the_nodes():
    pytest.importorskip("rclpy", reason="rclpy is not installed: the README's topics are not compared with the node's")
    from mtdense_ros.ros.publishers import OUTPUTS

    rows = {row[0]: row[1].rpartition("/")[2] for row in table("published")}
    apart = {"~/legend": "String", "~/label_info": "LabelInfo", "/diagnostics": "DiagnosticArray"}
    assert rows == {f"~/{o.topic}": o.message_type.__name__ for o in OUTPUTS} | apart


def test_faults_are_the_nodes():
    from mtdense_ros.runtime.faults import FAULTS

    sentence = TEXT[TEXT.index("Faults on `/diagnostics`") : TEXT.index("Encodings taken:")]
    named = " ".join(sentence.split()).partition(": ")[2].rstrip(". ").split(", ")
    assert sorted(named) == sorted(FAULTS)


def test_services_are_the_nodes():
    source = (ROOT / "mtdense_ros" / "ros" / "services.py").read_text()
    jobs = {f"~/background/{name}" for name in re.findall(r'"(\w+)": Session\.', source)}
    assert {row[0] for row in table("service")} == jobs | set(re.findall(r'"(~/\w+)"', source))


def test_every_encoding_is_named():
    from mtdense_ros.imaging.encodings import supported

    sentence = TEXT[TEXT.index("Encodings taken:") :]
    named = set(re.findall(r"\b[a-zA-Z0-9_]+\b", sentence[: sentence.index("; row padding")]))
    colour = {"rgb8", "bgr8", "rgba8", "bgra8", "rgb16", "bgr16", "8UC3", "yuv422", "uyvy", "yuv422_yuy2", "yuyv", "nv12"}
    contract = colour | {"mono8", "mono16", "8UC1"}
    assert contract <= named
    assert contract <= set(supported())


def test_launch_arguments_are_named():
    tree = ast.parse((ROOT / "launch" / "mtdense.launch.py").read_text())
    (value,) = [n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "ARGUMENTS"]
    paragraph = TEXT[TEXT.index("--show-args") :]
    missing = [key.value for key in value.keys if key.value not in paragraph]
    assert missing == []


def test_weights_are_the_shipped_ones():
    cards = {path.stem: json.loads(path.read_text()) for path in (ROOT / "weights").glob("*.json")}
    rows = {row[0]: row for row in table("name")}
    assert set(rows) == set(cards)
    for name, card in cards.items():
        assert rows[name][1] == f"{card['arch']}, {card['parameters'] / 1e6:.1f} M parameters"
        assert rows[name][2] == ", ".join(card["outputs"])


def test_links_and_places_exist():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
    places = [Path(name) for row in table("place") for name in row[0].split(", ")]
    assert [str(p) for p in places if not ((ROOT / p).exists() or (ROOT / "mtdense_ros" / p).exists())] == []
