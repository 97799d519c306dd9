"""The tables of docs/node.md against the code: parameters, topics, faults, services, encodings and launch arguments."""

import ast
import re

import pytest
from documents import table, text
from project import ROOT

from mtdense_ros.parameters import SPECS

NODE = text("docs/node.md")


def test_parameters_are_the_declared_ones_in_order():
    assert [row[0] for row in table(NODE, "parameter")] == list(SPECS)


@pytest.mark.parametrize("row", table(NODE, "parameter"), ids=lambda row: row[0])
def test_parameter_rows_say_what_the_declaration_says(row):
    spec = SPECS[row[0]]
    default = ", ".join(spec.default) if isinstance(spec.default, tuple) else str(spec.default)
    assert row[1] == spec.kind
    assert row[2] == (default.lower() if spec.kind == "bool" else default)
    assert row[3] == " ".join(filter(None, (spec.allowed.replace(" | ", ", "), spec.unit)))
    assert row[4:] == [spec.effect, spec.text]


@pytest.mark.ros
def test_published_topics_are_the_nodes():
    pytest.importorskip("rclpy", reason="rclpy is not installed: the documented topics are not compared with the node's")
    from mtdense_ros.ros.publishers import OUTPUTS

    rows = {row[0]: row[1].rpartition("/")[2] for row in table(NODE, "published")}
    vision = {"~/label_info": "LabelInfo", "~/changes/detections": "Detection3DArray"}
    apart = {"~/legend": "String", "/diagnostics": "DiagnosticArray", **vision}
    assert rows == {f"~/{o.topic}": o.message_type.__name__ for o in OUTPUTS} | apart


def test_faults_are_the_nodes():
    from mtdense_ros.runtime.faults import FAULTS

    assert [row[0] for row in table(NODE, "fault")] == list(FAULTS)


def test_services_are_the_nodes():
    source = (ROOT / "mtdense_ros" / "ros" / "services.py").read_text()
    jobs = {f"~/background/{name}" for name in re.findall(r'"(\w+)": BackgroundJobs\.', source)}
    assert {row[0] for row in table(NODE, "service")} == jobs | set(re.findall(r'"(~/\w+)"', source))


def test_every_encoding_is_named():
    from mtdense_ros.imaging.encodings import supported

    sentence = NODE[NODE.index("Encodings taken:") :]
    named = set(re.findall(r"\b[a-zA-Z0-9_]+\b", sentence[: sentence.index("; row padding")]))
    colour = {"rgb8", "bgr8", "rgba8", "bgra8", "rgb16", "bgr16", "8UC3", "yuv422", "uyvy", "yuv422_yuy2", "yuyv", "nv12"}
    contract = colour | {"mono8", "mono16", "8UC1"}
    assert contract <= named
    assert contract <= set(supported())


def test_launch_arguments_are_named():
    tree = ast.parse((ROOT / "launch" / "mtdense.launch.py").read_text())
    (value,) = [n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "ARGUMENTS"]
    paragraph = NODE[NODE.index("--show-args") :]
    missing = [key.value for key in value.keys if key.value not in paragraph]
    assert missing == []
