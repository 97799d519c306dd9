"""What the launch files start, seen by stand-ins for the node and RViz that record how they were called."""

import os
from pathlib import Path

import pytest
import yaml
from project import DATA, ROOT

pytest.importorskip("launch_ros", reason="launch_ros is not here; it comes with a ROS 2 installation")

import launch.logging
from launch import LaunchContext, LaunchDescription, LaunchService
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from mtdense_ros.utils.processes import MALLOC, OPENMP, PROFILE_VARIABLES

LAUNCH = ROOT / "launch"
ARGUMENTS = {
    "mtdense.launch.py": "namespace, params_file, weights, device, cameras, image, camera_info, image_transport, autostart, use_sim_time, "
    "use_respawn, log_level, rviz",
    "demo.launch.py": "bag, image, rviz",
}
RECORDER = """#!/bin/sh
printf '%s\\n' "$@" > "$RECORDS/$(basename "$0").arguments"
env > "$RECORDS/$(basename "$0").environment"
"""


class Started:
    """How one stand-in was called: words of its command line, its environment."""

    def __init__(self, record: Path) -> None:
        self.words = record.with_suffix(".arguments").read_text().splitlines()
        self.environment = dict(line.partition("=")[::2] for line in record.with_suffix(".environment").read_text().splitlines())

    def after(self, option: str) -> list[str]:
        return [self.words[i + 1] for i, word in enumerate(self.words) if word == option]


@pytest.fixture
def launched(tmp_path, monkeypatch):
    """Runs a launch file with arguments and environment variables; returns what it started by executable name."""
    for package, executable in (("mtdense_ros", "mtdense_node"), ("rviz2", "rviz2"), (None, "ros2")):
        folder = tmp_path / "lib" / package if package else tmp_path / "bin"
        folder.mkdir(parents=True)
        (folder / executable).write_text(RECORDER)
        (folder / executable).chmod(0o755)
        if package:
            marker = tmp_path / "share" / "ament_index" / "resource_index" / "packages" / package
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
    for name in (*PROFILE_VARIABLES, "GLIBC_TUNABLES", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AMENT_PREFIX_PATH", os.pathsep.join([str(tmp_path), os.environ.get("AMENT_PREFIX_PATH", "")]))
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]))
    monkeypatch.setenv("RECORDS", str(tmp_path))

    def run(
        file: str = "mtdense.launch.py", environment: dict[str, str] | None = None, ends_with: int = 0, **arguments: str
    ) -> dict[str, Started]:
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value)
        source = PythonLaunchDescriptionSource(str(LAUNCH / file))
        service = LaunchService(noninteractive=True)
        service.include_launch_description(LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments.items())]))
        assert service.run() == ends_with
        return {record.stem: Started(record) for record in tmp_path.glob("*.arguments")}

    return run


@pytest.fixture
def said():
    """What launch has logged since the test began."""
    path = Path(launch.logging.launch_config.log_dir) / "launch.log"
    before = len(path.read_text()) if path.is_file() else 0
    return lambda: path.read_text()[before:]


@pytest.fixture
def overrides(launched, tmp_path):
    """The text of the parameter files that come after params_file."""

    def run(**arguments: str) -> str:
        file = tmp_path / "params.yaml"
        file.write_text("/**:\n  ros__parameters:\n    device: auto\n")
        first, *rest = launched(params_file=str(file), **arguments)["mtdense_node"].after("--params-file")
        assert first == str(file)
        return "".join(Path(name).read_text() for name in rest)

    return run


def declared(file: str) -> dict[str, DeclareLaunchArgument]:
    entities = PythonLaunchDescriptionSource(str(LAUNCH / file)).get_launch_description(LaunchContext()).entities
    return {entity.name: entity for entity in entities if isinstance(entity, DeclareLaunchArgument)}


@pytest.mark.parametrize("file", ARGUMENTS)
def test_arguments_exist_and_have_texts(file):
    arguments = declared(file)
    assert set(ARGUMENTS[file].split(", ")) <= set(arguments)
    assert all(argument.description for argument in arguments.values())


def test_without_arguments_the_node_gets_the_parameter_file_and_nothing_else(launched):
    started = launched()
    assert set(started) == {"mtdense_node"}
    node = started["mtdense_node"]
    assert node.after("--params-file") == [str(LAUNCH.parent / "config" / "mtdense.yaml")]
    assert set(node.after("-r")) == {"__node:=mtdense", "__ns:=/"}
    assert node.after("--log-level") == ["info"]


@pytest.mark.parametrize(
    ("argument", "value", "expected"),
    [
        ("device", "cpu", "cpu"),
        ("weights", "123", ["123"]),
        ("weights", "my_nyud, mdeas_small", ["my_nyud", "mdeas_small"]),
        ("cameras", "front, rear", ["front", "rear"]),
        ("image_transport", "compressed", "compressed"),
        ("autostart", "false", False),
        ("use_sim_time", "true", True),
    ],
)
def test_a_given_argument_overrides_its_parameter_and_no_other(overrides, argument, value, expected):
    assert yaml.safe_load(overrides(**{argument: value})) == {"/mtdense": {"ros__parameters": {argument: expected}}}


def test_topics_namespace_and_log_level_reach_the_node(launched):
    node = launched(image="/front/image_raw", camera_info="/front/info", namespace="robot", log_level="debug")["mtdense_node"]
    assert set(node.after("-r")) == {"__node:=mtdense", "__ns:=/robot", "image:=/front/image_raw", "camera_info:=/front/info"}
    assert node.after("--log-level") == ["debug"]


def test_the_topics_of_several_cameras_are_made_from_one_argument(launched):
    arguments = {"image": "/{camera}/color/image_raw", "camera_info": "/info/{camera}"}
    node = launched(cameras="front,rear", **arguments)["mtdense_node"]
    assert set(node.after("-r")) == {
        "__node:=mtdense",
        "__ns:=/",
        "front/image:=/front/color/image_raw",
        "rear/image:=/rear/color/image_raw",
        "front/camera_info:=/info/front",
        "rear/camera_info:=/info/rear",
    }


def test_environment_is_set_where_the_user_left_it_unset(launched):
    environment = launched()["mtdense_node"].environment
    assert {environment[name] for name in PROFILE_VARIABLES} == {str(LAUNCH.parent / "config" / "fastdds.xml")}
    assert environment["GLIBC_TUNABLES"] == MALLOC
    assert OPENMP.items() <= environment.items()


@pytest.mark.parametrize("variable", PROFILE_VARIABLES)
def test_a_profile_of_the_user_stays_the_only_one(launched, variable):
    environment = launched(environment={variable: "/mine.xml"})["mtdense_node"].environment
    assert {name: environment.get(name) for name in PROFILE_VARIABLES} == dict.fromkeys(PROFILE_VARIABLES) | {variable: "/mine.xml"}


def test_waiting_policy_of_the_user_stays(launched):
    environment = launched(environment={"OMP_WAIT_POLICY": "ACTIVE"})["mtdense_node"].environment
    assert environment["OMP_WAIT_POLICY"] == "ACTIVE" and "GOMP_SPINCOUNT" not in environment


def test_malloc_settings_of_the_user_stay(launched):
    environment = launched(environment={"GLIBC_TUNABLES": "glibc.malloc.check=0"})["mtdense_node"].environment
    assert environment["GLIBC_TUNABLES"] == "glibc.malloc.check=0"


def test_rviz_follows_the_node_into_its_namespace(launched):
    rviz = launched(rviz="true", namespace="robot", fixed_frame="cam")["rviz2"]
    assert rviz.after("-d") == [str(LAUNCH.parent / "config" / "mtdense.rviz")]
    assert rviz.after("-f") == ["cam"]
    assert {"__ns:=/robot", "/mtdense/points:=mtdense/points", "/mtdense/depth:=mtdense/depth"} <= set(rviz.after("-r"))


def test_rviz_shows_the_cameras_by_their_names(launched):
    rviz = launched(rviz="true", cameras="front,back")["rviz2"]
    assert rviz.after("-d") == [str(LAUNCH.parent / "config" / "mtdense_cameras.rviz")]
    remapped = [rule for rule in rviz.after("-r") if not rule.startswith("__")]
    assert "/mtdense/left/points:=mtdense/back/points" in remapped and len(remapped) == 4
    of_namespace = launched(rviz="true", cameras="front,left,rear", namespace="robot")["rviz2"]
    assert "/mtdense/rear/depth:=mtdense/rear/depth" in of_namespace.after("-r")


def test_more_cameras_than_rviz_shows_are_said(launched, said):
    assert set(launched(rviz="true", cameras="a,b,c,d")) == {"mtdense_node", "rviz2"}
    assert "RViz shows the first 3 cameras" in said()


def test_without_rviz2_the_node_starts_and_the_apt_line_is_said(launched, tmp_path, said):
    (tmp_path / "share" / "ament_index" / "resource_index" / "packages" / "rviz2").unlink()
    assert set(launched(rviz="true")) == {"mtdense_node"}
    output = said()
    assert "rviz2 is not installed" in output and "sudo apt install ros-" in output


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("use_respawn", "maybe", ["use_respawn", "'true', 'false'"]),
        ("log_level", "loud", ["log_level", "'debug', 'info'"]),
        ("device", "tpu", ["device", "'cuda'"]),
        ("params_file", "/no/such.yaml", ["params_file", "/no/such.yaml"]),
        ("image", "/{camera}/image", ["/{camera}/image", "cameras:=front,rear"]),
    ],
)
def test_a_wrong_argument_is_named_before_anything_starts(launched, said, argument, value, words):
    assert launched(ends_with=1, **{argument: value}) == {}
    output = said()
    assert all(word in output for word in words), output


def test_one_topic_for_several_cameras_is_refused_before_anything_starts(launched, said):
    assert launched(ends_with=1, cameras="front,rear", image="/camera/image") == {}
    assert "'/camera/image' is one topic for several cameras; write {camera}" in said()


def test_demo_takes_the_time_of_a_bag(launched):
    started = launched("demo.launch.py", bag="/data/some_bag")
    assert "use_sim_time: true" in "".join(Path(name).read_text() for name in started["mtdense_node"].after("--params-file")[1:])


def test_demo_shows_a_bag_in_the_frame_of_its_images(launched):
    bag = DATA / "bags" / "office_static"
    if not bag.is_dir():
        pytest.skip(f"no recording {bag}; set MTDENSE_DATA to the folder of the evaluation data")
    assert launched("demo.launch.py", bag=str(bag))["rviz2"].after("-f") == ["camera"]


def test_demo_plays_a_given_bag_in_a_loop_beside_the_node_and_rviz(launched):
    started = launched("demo.launch.py", bag="/data/some_bag", image="/cam/image", device="cpu")
    assert set(started) == {"ros2", "mtdense_node", "rviz2"}
    assert started["ros2"].words == ["bag", "play", "/data/some_bag", "--loop", "--clock", "--rate", "1.0"]
    assert "image:=/cam/image" in started["mtdense_node"].after("-r")


def test_demo_without_a_bag_waits_for_a_camera(launched):
    started = launched("demo.launch.py", rviz="false")
    assert set(started) == {"mtdense_node"}
    assert "image:=/camera/color/image_raw" in started["mtdense_node"].after("-r")
