"""The example parameters for Nav2 against what the node publishes, and against each other."""

import pytest
import yaml
from project import ROOT

from mtdense_ros.imaging.label_spaces import load_label_space
from mtdense_ros.parameters import SPECS

ACCEPTED = {
    "topic", "data_type", "marking", "clearing", "min_obstacle_height", "max_obstacle_height", "obstacle_min_range", "obstacle_max_range",
    "raytrace_min_range", "raytrace_max_range", "observation_persistence",
}  # fmt: skip
"""Of a source of Nav2's obstacle layer."""


def layers(name):
    """The plugins of a costmap and their parameters."""
    parameters = yaml.safe_load((ROOT / "config" / name).read_text())["local_costmap"]["local_costmap"]["ros__parameters"]
    assert all(parameters[plugin]["plugin"] for plugin in parameters["plugins"])
    return parameters


def topic_types():
    pytest.importorskip("rclpy", reason="rclpy is not installed: the topics are not compared with the node's")
    from mtdense_ros.ros.publishers import OUTPUTS

    return {f"/mtdense/{output.topic}": output.message_type.__name__ for output in OUTPUTS}


@pytest.fixture(scope="module")
def sources():
    layer = layers("nav2_obstacle_layer.yaml")["obstacle_layer"]
    return {name: layer[name] for name in layer["observation_sources"].split()}


@pytest.mark.ros
def test_the_obstacle_layers_sources_are_the_nodes_clouds(sources):
    types = topic_types()
    for source in sources.values():
        assert set(source) <= ACCEPTED
        assert types[source["topic"]] == source["data_type"] == "PointCloud2"


def test_one_source_marks_and_the_other_clears(sources):
    assert {name: (s["marking"], s["clearing"]) for name, s in sources.items()} == {"obstacles": (True, False), "clearing": (False, True)}
    assert {name: s["topic"].rpartition("/")[2] for name, s in sources.items()} == {name: name for name in sources}


def test_ranges_and_heights_let_all_that_the_node_publishes_through(sources):
    reach, lowest, highest = (SPECS[f"obstacles.{name}"].default for name in ("range", "min_height", "max_height"))
    assert sources["obstacles"]["obstacle_max_range"] == reach < sources["clearing"]["raytrace_max_range"]
    for band in (*sources.values(), layers("nav2_obstacle_layer.yaml")["obstacle_layer"]):
        assert band["min_obstacle_height"] < -lowest and band["max_obstacle_height"] > highest
    assert all(type(v) is not int for s in sources.values() for v in s.values()), "ROS takes no integer for a double"


@pytest.mark.ros
def test_the_semantic_layers_topics_are_the_nodes_of_one_size():
    types, camera = topic_types(), layers("nav2_semantic_layer.yaml")["semantic_layer"]["camera"]
    assert types[camera["segmentation_topic"]] == types[camera["confidence_topic"]] == "Image"
    assert types[camera["pointcloud_topic"]] == "PointCloud2"
    assert all(camera[f"{name}_topic"].startswith("/mtdense/nav/") for name in ("segmentation", "confidence", "pointcloud"))
    assert camera["labels_topic"] == "/mtdense/label_info"


def test_the_semantic_layer_names_every_class_once_and_by_its_flags():
    camera = layers("nav2_semantic_layer.yaml")["semantic_layer"]["camera"]
    space = load_label_space("indoor")
    named = [name for kind in camera["class_types"] for name in camera[kind]["classes"]]
    assert sorted(named) == sorted(space.names)
    assert {c.name for c in space.classes if c.obstacle and not c.dynamic} == set(camera["static"]["classes"])
    assert {c.name for c in space.classes if c.dynamic} == set(camera["moving"]["classes"])
    assert all(camera[kind]["max_cost"] == (0 if kind == "free" else 254) for kind in camera["class_types"])
