"""config/mtdense.yaml, the RViz files and fastdds.xml against what the node declares and offers."""

from xml.etree import ElementTree

import pytest
import yaml
from project import ROOT

from mtdense_ros.parameters import SPECS, Parameters

CONFIG = ROOT / "config"

IMAGE_TOPICS = ("labels", "confidence", "labels_color", "depth", "normals", "normals_color", "foreground", "foreground_overlay")
CAMERAS, CAMERA_TOPICS = ("front", "left", "rear"), ("labels_color", "depth", "foreground_overlay")
# As in the plugin descriptions of rviz_common and rviz_default_plugins of ROS 2 Jazzy.
RVIZ_PANELS = {"rviz_common/Displays", "rviz_common/Views", "rviz_common/Selection", "rviz_common/Tool Properties", "rviz_common/Time"}
RVIZ_DISPLAYS = {"rviz_default_plugins/Image", "rviz_default_plugins/PointCloud2"}
RVIZ_TOOLS = {f"rviz_default_plugins/{name}" for name in ("Interact", "MoveCamera", "Select", "FocusCamera", "Measure")}
RVIZ_VIEWS = {f"rviz_default_plugins/{name}" for name in ("Orbit", "XYOrbit", "FPS", "TopDownOrtho", "ThirdPersonFollower", "FrameAligned")}


def flat(values: dict, prefix: str = "") -> dict:
    result = {}
    for key, value in values.items():
        result.update(flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value})
    return result


@pytest.fixture(scope="module")
def parameters() -> dict:
    return flat(yaml.safe_load((CONFIG / "mtdense.yaml").read_text())["/**"]["ros__parameters"])


@pytest.fixture(scope="module", params=["mtdense.rviz", "mtdense_cameras.rviz"])
def rviz(request) -> dict:
    return yaml.safe_load((CONFIG / request.param).read_text())


@pytest.fixture(scope="module")
def displays(rviz) -> list[dict]:
    return rviz["Visualization Manager"]["Displays"]


def test_yaml_holds_every_parameter_at_its_default_and_of_its_type(parameters):
    assert set(parameters) == set(SPECS)
    assert Parameters.from_names(parameters) == Parameters()
    for name, value in parameters.items():
        default = SPECS[name].default
        assert type(value) is (list if isinstance(default, tuple) else type(default)), f"{name}: {value!r}"


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_yaml_explains_each_parameter_as_its_declaration_does(spec):
    lines = [line.strip() for line in (CONFIG / "mtdense.yaml").read_text().splitlines()]
    (comment,) = [line for line in lines if line.startswith(f"# {spec.text}")]
    assert spec.unit in comment and spec.allowed in comment
    assert spec.effect == "run time" or comment.endswith(f"at {spec.effect}]")


def test_rviz_shows_every_image_and_cloud_of_one_camera_or_the_main_ones_of_three_exactly_once(rviz, displays):
    shown = [(d["Class"].rpartition("/")[2], d["Topic"]["Value"]) for d in displays]
    one = [("Image", f"/mtdense/{topic}") for topic in IMAGE_TOPICS] + [("PointCloud2", "/mtdense/points")]
    pictures = [("Image", f"/mtdense/{camera}/{topic}") for camera in CAMERAS for topic in CAMERA_TOPICS]
    clouds = [("PointCloud2", f"/mtdense/{camera}/points") for camera in CAMERAS]
    expected = {"camera_color_optical_frame": one, "base_link": pictures + clouds}
    assert sorted(shown) == sorted(expected[rviz["Visualization Manager"]["Global Options"]["Fixed Frame"]])


def test_rviz_topics_are_maps_with_the_quality_of_service_of_the_outputs(displays):
    for display in displays:
        topic = dict(display["Topic"])
        assert topic.pop("Value")
        assert topic == {
            "Depth": 5,
            "Durability Policy": "Volatile",
            "History Policy": "Keep Last",
            "Reliability Policy": "Reliable",
        }


def test_rviz_names_only_classes_that_exist(rviz, displays):
    manager = rviz["Visualization Manager"]
    assert {panel["Class"] for panel in rviz["Panels"]} <= RVIZ_PANELS
    assert {display["Class"] for display in displays} <= RVIZ_DISPLAYS
    assert {tool["Class"] for tool in manager["Tools"]} <= RVIZ_TOOLS
    assert manager["Views"]["Current"]["Class"] in RVIZ_VIEWS


def test_rviz_does_not_subscribe_to_what_it_cannot_draw(displays):
    for normals in (d for d in displays if d["Topic"]["Value"].endswith("/normals")):
        assert normals["Enabled"] is normals["Value"] is False


def test_fast_dds_profile_has_room_for_images_and_keeps_udp():
    root = ElementTree.parse(CONFIG / "fastdds.xml").getroot()
    ns = {"d": root.tag[1:].partition("}")[0]}
    transports = {t.findtext("d:transport_id", namespaces=ns): t for t in root.iterfind(".//d:transport_descriptor", ns)}
    kinds = {name: t.findtext("d:type", namespaces=ns) for name, t in transports.items()}
    shared = next(t for name, t in transports.items() if kinds[name] == "SHM")
    assert int(shared.findtext("d:segment_size", namespaces=ns)) == 64 * 2**20
    assert int(shared.findtext("d:maxMessageSize", namespaces=ns)) == 16 * 2**20
    participant = root.find("d:participant", ns)
    assert participant.get("is_default_profile") == "true"
    used = [e.text for e in participant.iterfind(".//d:userTransports/d:transport_id", ns)]
    assert sorted(kinds[name] for name in used) == ["SHM", "UDPv4"]
